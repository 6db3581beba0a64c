package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"scanpost/sync/event"
	"scanpost/sync/ledger"
)

func trust() *cobra.Command {
	var dir string
	var anew bool
	cmd := &cobra.Command{
		Use:   "trust STATION",
		Short: "Show which key a station is believed with here, or believe its new one",
		Long: `Every machine believes a station by the first key that it met, and nothing that
is signed by another one. After a station was set up anew (its disk replaced, its
key lost) it names a new key: the board's page of the station asks a person and
takes it up. Other stations, which warn operators by what they hear from it, are
told here: --anew forgets the old key, and the next one that is met counts. The
agent must not run meanwhile.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !event.ValidName(args[0]) {
				return usageError{errors.New("trust which station? scanpost trust NAME")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := os.Stat(filepath.Join(dir, "ledger.db")); err != nil {
				return fmt.Errorf("there is no ledger in %s; name the folder that is data in station.toml (the board's is its folder board)", dir)
			}
			l, err := ledger.Open(dir, slog.New(slog.NewTextHandler(io.Discard, nil)))
			if err != nil {
				return err
			}
			return errors.Join(trustIn(l, args[0], anew, cmd.OutOrStdout()), l.Close())
		},
	}
	cmd.Flags().StringVar(&dir, "data", "/var/lib/scanpost", "the machine's data `FOLDER`")
	cmd.Flags().BoolVar(&anew, "anew", false, "forget the key: the next one that is met counts")
	return cmd
}

func trustIn(l *ledger.Ledger, station string, anew bool, w io.Writer) error {
	key, err := l.PinKey(station, "")
	switch {
	case err != nil:
		return err
	case key == "":
		_, err = fmt.Fprintf(w, "%s has not been met here: the first key that it names counts\n", station)
		return err
	case !anew:
		_, err = fmt.Fprintf(w, "%s is believed by %s\n", station, harmless(key))
		return err
	}
	if err := l.Unpin(station); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s was believed by %s, and that is forgotten: the next key that it names counts\n", station, harmless(key))
	return err
}
