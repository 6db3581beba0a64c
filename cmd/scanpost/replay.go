package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/trace"
	"scanpost/scan"
)

func replay() *cobra.Command {
	var name string
	var fast bool
	cmd := &cobra.Command{
		Use:   "replay [--profile P] FILE",
		Short: "Play a recorded trace through the same path as a device",
		Long: `Plays what scanpost record captured, with its original pauses or with none, and
prints each sighting as a line of JSON. Without --profile the one is used that
the trace was recorded with.`,
		Args: takes("the trace FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" {
				var err error
				if name, err = recordedWith(args[0]); err != nil {
					return err
				}
			}
			p, err := loadProfile(name)
			if err != nil {
				return err
			}
			address := "replay:" + args[0]
			if fast {
				address += "?fast"
			}
			return play(cmd.Context(), p, address, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVarP(&name, "profile", "p", "", "a profile's `NAME`, or the path of one ending in .toml")
	cmd.Flags().BoolVar(&fast, "fast", false, "leave the pauses out")
	return cmd
}

func recordedWith(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("read the trace: %w", err)
	}
	defer f.Close()
	t, err := trace.Read(f)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if t.Profile == "" {
		return "", usageError{fmt.Errorf("%s does not say which profile it was recorded with; name one with --profile", name)}
	}
	return t.Profile, nil
}

func play(ctx context.Context, p *profile.Profile, address string, out, errs io.Writer) error {
	var failed error
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	d := &devices.Device{
		Name: "replayed", Address: address, Profile: p,
		Log: slog.New(slog.DiscardHandler), // faults are counted at the end
		Scan: func(s scan.Sighting) scan.Told {
			failed = printJSON(out, lineOf(s.Code, s.AIM, s.Symbology, s.NoRead, s.Note))
			if failed != nil {
				stop()
			}
			return scan.Told{Outcome: scan.Saved}
		},
	}
	err := d.Run(ctx)
	faultsOf(d.Counts()).print(errs)
	if failed != nil {
		return failed
	}
	return err
}
