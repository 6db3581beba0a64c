package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"scanpost/scan"
	"scanpost/scan/identity/command"
)

func commands() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "command",
		Short: "Print the code for a command card: sign-on, sign-off, undo, seen",
		Long: `Prints the text of a command card. Make it a Code 128 or QR code with any
label program; a card works at every station that has the same key
(command_key_file in [station]).`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError{errors.New("which card? scanpost command sign-on SIGN, sign-off, undo or seen")}
		},
	}
	cmd.PersistentFlags().StringVarP(&file, "config", "c", "station.toml", "the station's configuration `FILE`")
	for _, c := range []struct{ use, short string }{
		{"sign-on SIGN", "Sign an operator on; the sign is 1 to 12 of A-Z, 0-9 and -"},
		{"sign-off", "Sign off whoever is signed on at the device"},
		{"undo", "Take the last scan of the device back"},
		{"seen", "Say that a warning was seen"},
	} {
		sub := &cobra.Command{Use: c.use, Short: c.short, Args: takes()}
		if sub.Name() == "sign-on" {
			sub.Args = takes("SIGN")
		}
		sub.RunE = func(cmd *cobra.Command, args []string) error {
			cfg, err := loadConfig(file)
			if err != nil {
				return err
			}
			if cfg.Station.CommandKey == nil {
				return usageError{fmt.Errorf("%s names no command_key_file in [station], so there is no key to make a card with; make one, for example with openssl rand -hex 16", file)}
			}
			ask := scan.Command{Do: sub.Name()}
			if len(args) > 0 {
				ask.Arg = args[0]
			}
			text, err := command.Make(cfg.Station.CommandKey, ask)
			if err != nil {
				return usageError{err}
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
			return err
		}
		cmd.AddCommand(sub)
	}
	return cmd
}
