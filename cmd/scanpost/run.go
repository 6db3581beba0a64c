package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"scanpost/cmd/machine"
)

func (a *app) run() *cobra.Command {
	var file string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "run -c FILE",
		Short: "Run this machine's role: station, board, broker, or all of them",
		Long: `Runs what the sections of the configuration say, until it is told to stop.
Ctrl-C or SIGTERM stops cleanly: what can be sent is sent, the rest waits on
disk. A second one does not wait for the sending.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(file)
			if err != nil {
				return err
			}
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
			for _, h := range cfg.Hints {
				log.Warn("look at the configuration", "reason", h)
			}
			err = machine.Run(cmd.Context(), cfg, machine.Options{
				Log: log, Version: versionText(), Goodbye: a.goodbye,
				Ready: func(machine.Info) {},
			})
			if errors.Is(err, context.Canceled) && cmd.Context().Err() != nil {
				return nil // told to stop, and stopped
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "the station's configuration `FILE` (scanpost init prints one)")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "log everything")
	return cmd
}
