package main

import (
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"scanpost/cmd/demo"
)

func (a *app) demo() *cobra.Command {
	var o demo.Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a whole warehouse in one process, with faults whose truth is known",
		Long: `Runs a broker, four stations with simulated scanners on real pseudo terminals,
one of them with a reader of radio tags as well, and a board on
http://127.0.0.1:8080. It breaks things on purpose, knows what it broke, and
reports what the board found of it.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Out = cmd.OutOrStdout()
			// What is broken on purpose is told in the report, not warned of.
			o.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelError}))
			o.Version = versionText()
			return demo.Run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.DurationVar(&o.Duration, "duration", 0, "stop after this long and report; 0 runs until Ctrl-C")
	flags.Float64Var(&o.Speed, "speed", 1, "how much faster than a real floor the parcels move")
	flags.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()%1e6), "the same `NUMBER` breaks the same things; by default another one each time")
	flags.Lookup("seed").DefValue = "0"
	flags.BoolVar(&o.Check, "check", false, "fail if something that was broken was not found, or something was found that was not broken")
	flags.StringVar(&o.Board, "board", "127.0.0.1:8080", "the board's `HOST:PORT`")
	flags.BoolVar(&o.JSON, "json", false, "report as JSON")
	return cmd
}
