package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/outbox"
)

func outboxes() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "Look into a station's outbox: stats, list, verify, export",
		Long: `Looks into the outbox of a station whose agent does not run. The file belongs to
one process at a time; while the agent runs, the board's station page shows the
same numbers, and everything that is exported here is published.`,
		Args: knownCommand,
		RunE: func(*cobra.Command, []string) error {
			return usageError{errors.New("what of the outbox? scanpost outbox stats, list, verify or export, with --data DIR")}
		},
	}
	cmd.PersistentFlags().StringVar(&dir, "data", "/var/lib/scanpost", "the station's data `FOLDER`")
	var from uint64
	var most int
	bounds := func(sub *cobra.Command) *cobra.Command {
		sub.Flags().Uint64Var(&from, "from", 1, "the first `NUMBER`")
		sub.Flags().IntVar(&most, "max", 0, "at most this `NUMBER`; 0 is all")
		return sub
	}
	look := func(use, short string, with func(*outbox.Outbox, io.Writer) error) *cobra.Command {
		return &cobra.Command{
			Use: use, Short: short, Args: takes(),
			RunE: func(cmd *cobra.Command, _ []string) error { return withOutbox(dir, cmd.OutOrStdout(), with) },
		}
	}
	cmd.AddCommand(
		look("stats", "How full it is, and who has confirmed what", outboxStats),
		look("verify", "Check every event's bytes against the hashes that heads are signed for", outboxVerify),
		bounds(look("list", "One line for each event", func(o *outbox.Outbox, w io.Writer) error { return outboxList(o, w, from, atMost(most)) })),
		exported(bounds, func() string { return dir }, func() (uint64, int) { return from, most }),
	)
	return cmd
}

// exported is outbox export.
func exported(bounds func(*cobra.Command) *cobra.Command, dir func() string, which func() (uint64, int)) *cobra.Command {
	proven := false
	cmd := bounds(&cobra.Command{
		Use: "export", Short: "The events as they are published, one JSON line each, or with their proof", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOutbox(dir(), cmd.OutOrStdout(), func(o *outbox.Outbox, w io.Writer) error {
				from, most := which()
				if !proven {
					return exportLines(o, w, from, atMost(most))
				}
				s := o.Stats()
				from = max(from, s.First)
				to := s.Last
				if most > 0 {
					to = min(to, from+uint64(most)-1)
				}
				return writeBundle(o, dir(), from, to, w)
			})
		},
	})
	cmd.Flags().BoolVar(&proven, "proof", false, "one proof of all of them, for scanpost verify")
	return cmd
}

// exportLines writes what was rescued of older logs, then this one.
func exportLines(o *outbox.Outbox, w io.Writer, from uint64, most int) error {
	line := func(_ uint64, b []byte) error {
		most--
		_, err := fmt.Fprintf(w, "%s\n", b)
		return err
	}
	if from <= 1 {
		for _, p := range o.Pasts() {
			if err := p.Read(1, most, line); err != nil {
				return err
			}
		}
	}
	return o.Read(from, most, line)
}

func atMost(n int) int {
	if n <= 0 {
		return math.MaxInt
	}
	return n
}

// withOutbox opens an existing outbox; looking must not make one.
func withOutbox(dir string, out io.Writer, with func(*outbox.Outbox, io.Writer) error) error {
	if _, err := os.Stat(filepath.Join(dir, "outbox.db")); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("there is no outbox in %s; name the folder that is data in station.toml", dir)
		}
		return err
	}
	o, err := outbox.Open(dir, outbox.Options{})
	if errors.Is(err, outbox.ErrInUse) {
		return fmt.Errorf("%w; while it runs, the board's station page shows the same numbers", err)
	}
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	return errors.Join(with(o, w), w.Flush(), o.Close())
}

func outboxStats(o *outbox.Outbox, w io.Writer) error {
	s := o.Stats()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", what, fmt.Sprintf(format, args...)) }
	row("station", "%s/%s", s.Site, s.Station)
	row("epoch", "%s", s.Epoch)
	if s.Last >= s.First {
		row("events", "%d to %d (%d)", s.First, s.Last, s.Last-s.First+1)
	} else {
		row("events", "none held; the next is %d", s.Last+1)
	}
	if !s.LastAt.IsZero() {
		row("newest", "%s", s.LastAt.UTC().Format(time.RFC3339))
	}
	row("published", "%d (%d waiting)", s.Published, s.Last-s.Published)
	for _, who := range slices.Sorted(maps.Keys(s.Confirmed)) {
		row("confirmed by "+harmless(who), "%d (%d to come)", s.Confirmed[who], s.Last-s.Confirmed[who])
	}
	if !s.OldestUnconfirmed.IsZero() {
		row("oldest unconfirmed", "%s", s.OldestUnconfirmed.UTC().Format(time.RFC3339))
	}
	for _, p := range o.Pasts() {
		h := p.Stats()
		row("older log", "%s, rescued of numbers %d to %d (%d sent)", p.Epoch(), h.First, h.Last, h.Published)
	}
	for _, q := range o.Quarantined() {
		row("kept aside", "%s, %s: %s", event.ID(scan.Number{Epoch: q.Epoch, Seq: q.Seq}), bytesText(uint64(len(q.Event))), harmless(q.Reason))
	}
	row("file", "%s, %s of it unused", bytesText(uint64(s.Size)), bytesText(uint64(s.Unused)))
	return t.Flush()
}

func outboxVerify(o *outbox.Outbox, w io.Writer) error {
	var last outbox.Progress
	if err := o.Verify(func(p outbox.Progress) { last = p }); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d events, all as they were written\n", last.Total)
	return err
}

// outboxList shows events to a person; what a damaged or newer one says is
// left to export.
func outboxList(o *outbox.Outbox, w io.Writer, from uint64, most int) error {
	return o.Read(from, most, func(seq uint64, b []byte) error {
		e, err := event.Parse(b)
		if err != nil || e.Entry == nil {
			_, err := fmt.Fprintf(w, "%d  (of a kind that this version does not know)\n", seq)
			return err
		}
		_, err = fmt.Fprintf(w, "%d  %s  %s\n", seq, e.At.UTC().Format("2006-01-02 15:04:05.000"), entryText(e.Entry))
		return err
	})
}
