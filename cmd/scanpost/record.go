package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"scanpost/devices"
	"scanpost/devices/port"
	"scanpost/devices/profile"
	"scanpost/scan"
)

func record() *cobra.Command {
	var name, address string
	cmd := &cobra.Command{
		Use:   "record --profile P --port ADDRESS OUT",
		Short: "Capture a device's bytes with their times, until Ctrl-C",
		Long: `Writes everything that passes over a device's wire to the file OUT, as text
that scanpost replay plays and a person can read and mail, and shows the
sightings as they come. Nothing is recorded as a scan: a scanner's good signal
means no more here than that its bytes are in the file.`,
		Args: takes("the file OUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := loadProfile(name)
			if err != nil {
				return err
			}
			if address == "" {
				return usageError{errors.New("which port? add --port, as scanpost devices tells")}
			}
			if _, err := port.ParseAddress(address); err != nil {
				return usageError{err}
			}
			return recordTo(cmd.Context(), args[0], p, address, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	profileFlag(cmd, &name)
	cmd.Flags().StringVar(&address, "port", "", "the `ADDRESS` of the device, as in station.toml (scanpost devices tells)")
	return cmd
}

func recordTo(ctx context.Context, name string, p *profile.Profile, address string, out, errs io.Writer) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is already there and stays as it is; name another file", name)
	}
	if err != nil {
		return fmt.Errorf("make the trace: %w", err)
	}
	d := &devices.Device{
		Name: "recorded", Address: address, Profile: p, Record: f,
		Log: slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Scan: func(s scan.Sighting) scan.Told {
			fmt.Fprintln(out, sightingText(s))
			return scan.Told{Outcome: scan.Saved}
		},
		State: func(attached bool, port, _ string) {
			if attached {
				fmt.Fprintf(errs, "scanpost: %s is open; Ctrl-C ends the recording\n", port)
			}
		},
	}
	err = errors.Join(d.Run(ctx), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	counts := d.Counts()
	fmt.Fprintf(errs, "scanpost: %s holds %d bytes, %d sightings\n", name, counts.Read, counts.Sightings)
	faultsOf(counts).print(errs)
	return nil
}

// sightingText is a sighting for a person at a terminal. What was read is
// quoted: it is hostile until then.
func sightingText(s scan.Sighting) string {
	parts := []string{s.At.Local().Format(time.TimeOnly), strconv.Quote(s.Code)}
	for _, more := range []string{s.AIM, lineOf(s.Code, s.AIM, s.Symbology, s.NoRead, s.Note).Symbology, s.Note} {
		if more != "" {
			parts = append(parts, harmless(more))
		}
	}
	if s.NoRead {
		parts = append(parts, "(the reader could not read it)")
	}
	return strings.Join(parts, "  ")
}
