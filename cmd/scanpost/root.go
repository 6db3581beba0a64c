package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"scanpost/cmd/config"
)

// app is what the subcommands share.
type app struct {
	started bool            // a subcommand took over: its arguments were right
	goodbye context.Context // cancelled when the person at the keyboard has no more patience
}

// errSilent says that everything was already said, on standard output.
var errSilent = errors.New("something is wrong")

// usageError is a mistake in how the program was called.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "scanpost",
		Short: "Records every checkpoint scan, and finds the scans that should have happened and did not",
		Long: `Scanpost runs on the small computer of a packing station. It reads barcode
scanners and RFID readers, keeps every scan on disk, sends the scans through an
MQTT broker, and finds those that should have happened and did not, while the
parcel is still in the building.

Start with: scanpost demo
Then:       scanpost devices, scanpost init --out station.toml, scanpost doctor -c station.toml`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRun:  func(*cobra.Command, []string) { a.started = true },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              knownCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Version:           versionText(),
	}
	root.SetVersionTemplate("scanpost {{.Version}}\n")
	root.SetHelpCommand(helpCommand(root))
	root.AddCommand(
		a.run(), a.demo(), initCommand(), devicesCommand(), doctor(),
		identify(), decode(), record(), replay(), check(),
		outboxes(), prove(), verifyProof(), acl(), trust(), commands(), commandSheet(),
		&cobra.Command{
			Use: "version", Short: "Print the version", Args: takes(),
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "scanpost", versionText())
				return err
			},
		},
	)
	return root
}

// helpCommand is cobra's, but for asking about what is not there.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err == nil && len(rest) > 0 {
				err = knownCommand(cmd, rest)
			}
			if err != nil {
				return usageError{err}
			}
			return cmd.Help()
		},
	}
}

// knownCommand refuses what is no subcommand, in one sentence.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasParent() { // "outbox stat" is the command that is looked for
		args = []string{strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ") + " " + args[0], args[0]}
	}
	cmd.SuggestionsMinimumDistance = 1 // one letter
	if near := cmd.SuggestionsFor(args[len(args)-1]); len(near) > 0 {
		return fmt.Errorf("there is no command %q; did you mean %s?", args[0], strings.Join(near, " or "))
	}
	return fmt.Errorf("there is no command %q", args[0])
}

// takes checks the arguments of a command by their names in the usage line.
func takes(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("%s is missing", names[len(args)])
		case len(args) > len(names):
			return fmt.Errorf("%q is one argument too many", args[len(names)])
		}
		return nil
	}
}

// loadConfig loads the station's configuration; what is wrong with it is the
// caller's to mend, also if it is not there.
func loadConfig(file string) (*config.Config, error) {
	if file == "" {
		return nil, usageError{errors.New("which configuration? add -c station.toml (scanpost init prints one to start from)")}
	}
	cfg, err := config.Load(file)
	if err != nil {
		return nil, usageError{err}
	}
	return cfg, nil
}

// isUsage reports whether an error is the caller's: in the command line, which
// cobra found before any subcommand began, or in the configuration.
func (a *app) isUsage(err error) bool {
	var usage usageError
	return !a.started || errors.As(err, &usage) || config.IsMistake(err)
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
