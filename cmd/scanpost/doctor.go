package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"scanpost/cmd/config"
	"scanpost/devices/strict"
)

func doctor() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong on this machine, and the one next step for each",
		Long: `Looks at everything that run will need and changes nothing. It may be used
while the agent runs. The exit status is 1 if something is wrong.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !examine(cmd.Context(), file, cmd.OutOrStdout()) {
				return errSilent
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "station.toml", "the station's configuration `FILE`")
	return cmd
}

// A finding is one line of the doctor's report.
type finding struct {
	what string // what was looked at
	bad  bool
	says string
	next string // the one next step, if it is bad
}

func fine(what, says string, args ...any) finding {
	return finding{what: what, says: fmt.Sprintf(says, args...)}
}

func ill(what, next, says string, args ...any) finding {
	return finding{what: what, bad: true, says: fmt.Sprintf(says, args...), next: next}
}

// examine writes a line for each thing as soon as it is known, since some
// (a broker that does not answer) take seconds.
func examine(ctx context.Context, file string, out io.Writer) (healthy bool) {
	healthy = true
	report := func(list ...finding) {
		for _, f := range list {
			mark := "ok"
			if f.bad {
				mark, healthy = "✗", false
			}
			fmt.Fprintf(out, "%-3s %-16s %s\n", mark, f.what, harmless(f.says))
			if f.next != "" {
				fmt.Fprintf(out, "%-20s next: %s\n", "", harmless(f.next))
			}
		}
	}

	cfg, err := config.Load(file)
	if mistakes, ok := err.(strict.Mistakes); ok {
		for _, m := range mistakes {
			report(ill("configuration", "mend this line", "%v", m))
		}
		return false
	}
	if err != nil {
		report(ill("configuration", "scanpost init --out "+file, "%v", err))
		return false
	}
	report(fine("configuration", "%s: %s", file, roleOf(cfg)))
	for _, h := range cfg.Hints {
		report(fine("look at this", "%s", h))
	}
	data, running := checkData(cfg.Station.Data)
	report(data...)
	report(checkClock())
	report(checkDevices(ctx, cfg, running)...)
	report(checkCertificates(cfg)...)
	report(checkBroker(ctx, cfg, running)...)
	report(checkListen(cfg, running)...)
	return healthy
}

// roleOf says what the configuration makes of this machine.
func roleOf(cfg *config.Config) string {
	role := ""
	add := func(there bool, what string) {
		if there && role != "" {
			role += ", "
		}
		if there {
			role += what
		}
	}
	add(len(cfg.Devices) == 1, "station "+cfg.Station.Name+" with one device")
	add(len(cfg.Devices) > 1, fmt.Sprintf("station %s with %d devices", cfg.Station.Name, len(cfg.Devices)))
	add(cfg.Broker != nil, "broker")
	add(cfg.Board != nil, "board")
	return role
}
