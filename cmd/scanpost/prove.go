package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"scanpost/sync/event"
	"scanpost/sync/outbox"
	"scanpost/sync/proof"
)

func prove() *cobra.Command {
	var dir, url string
	cmd := &cobra.Command{
		Use:   "prove ID",
		Short: "Make the proof that an event is in a station's log",
		Long: `Writes a proof that anyone can check offline with scanpost verify: the event as
it was published, the path of hashes from it to the root of the log, and the
head that the station's key has signed. ID is the event's id, such as
01JDC4X0M6Q3V9T2-00000000000000001042 (the board's unit page and every message
show it), or its number alone.

The station's agent must not run, since its outbox serves one program at a time;
or it is asked itself, at the address of its screen (--url).`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("prove which event? scanpost prove ID, with its id or number")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if url != "" {
				return askForProof(url, args[0], cmd.OutOrStdout())
			}
			return withOutbox(dir, cmd.OutOrStdout(), func(o *outbox.Outbox, w io.Writer) error {
				seq, err := eventIn(args[0], o.Epoch())
				if err != nil {
					return err
				}
				return writeBundle(o, dir, seq, seq, w)
			})
		},
	}
	cmd.Flags().StringVar(&dir, "data", "/var/lib/scanpost", "the station's data `FOLDER`")
	cmd.Flags().StringVar(&url, "url", "", "ask the running agent, at the `ADDRESS` of its screen such as http://127.0.0.1:7070")
	return cmd
}

// eventIn is the number that an id or a number names in a log.
func eventIn(id, epoch string) (uint64, error) {
	if of, seq, ok := event.ParseID(id); ok {
		if of != epoch {
			return 0, fmt.Errorf("event %s is of an older log; this one is %s, and only the receivers have the heads of the other", id, epoch)
		}
		return seq, nil
	}
	var seq uint64
	if _, err := fmt.Sscanf(id, "%d", &seq); err != nil || fmt.Sprint(seq) != id || seq == 0 {
		return 0, usageError{fmt.Errorf("%.60q is neither the id of an event nor its number", id)}
	}
	return seq, nil
}

// writeBundle proves the events of a range.
func writeBundle(o *outbox.Outbox, dir string, from, to uint64, w io.Writer) error {
	s := o.Stats()
	signer, err := existingSigner(dir, s.Site, s.Station)
	if err != nil {
		return err
	}
	b, err := o.Bundle(signer, from, to)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(b)
}

// existingSigner reads the station's key; proving makes none.
func existingSigner(dir, site, station string) (*proof.Signer, error) {
	if _, err := os.Stat(filepath.Join(dir, "station.key")); err != nil {
		return nil, fmt.Errorf("there is no station.key in %s: without it nothing can be proven", dir)
	}
	return proof.LoadOrMakeSigner(dir, event.Topics{Site: site, Station: station}.Origin())
}

// askForProof asks a running agent.
func askForProof(url, id string, out io.Writer) error {
	if strings.ContainsAny(id, "/?#%") {
		return usageError{fmt.Errorf("%.60q is neither the id of an event nor its number", id)}
	}
	client := http.Client{Timeout: 30 * time.Second}
	resp, err := client.Get(strings.TrimSuffix(url, "/") + "/api/v1/proof/" + id)
	if err != nil {
		return fmt.Errorf("%w (is it the address of the station's screen?)", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %.300s", resp.Status, harmless(strings.TrimSpace(string(body))))
	}
	_, err = out.Write(body)
	return err
}

func verifyProof() *cobra.Command {
	var key string
	var show bool
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a proof of custody, offline",
		Long: `Checks a proof that scanpost prove or scanpost outbox export --proof has made: the
signature of the head, and of every event that its very bytes are in the signed
log. Nothing else is needed. Give the station's key as receivers know it with
--key (the board's station page shows it); without it, the key in the file is
shown for you to compare.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("verify which file? scanpost verify FILE, or - for stdin")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			in := cmd.InOrStdin()
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			data, err := io.ReadAll(io.LimitReader(in, 1<<30))
			if err != nil {
				return err
			}
			b, err := proof.ParseBundle(data)
			if err != nil {
				return err
			}
			head, err := b.Check(key)
			if err != nil {
				return err
			}
			return tellProof(cmd.OutOrStdout(), b, head, key != "", show)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "the station's verifier `KEY`, as receivers know it")
	cmd.Flags().BoolVar(&show, "events", false, "also write the proven events, one JSON line each")
	return cmd
}

// tellProof says what is proven, and by what.
func tellProof(w io.Writer, b *proof.Bundle, head event.Head, known, show bool) error {
	if show {
		for _, s := range b.Events {
			if _, err := fmt.Fprintf(w, "%s\n", s.Event); err != nil {
				return err
			}
		}
		return nil
	}
	fmt.Fprintf(w, "proven: %s of the log %s of %s/%s, as signed on %s over %d events\n",
		counted(len(b.Events), "event"), head.Epoch, head.Site, head.Station, head.At.UTC().Format(time.RFC3339), head.Seq)
	for _, s := range b.Events {
		e, err := event.Parse(s.Event)
		if err != nil {
			return err
		}
		text := "of a kind that this version does not know"
		if e.Entry != nil {
			text = entryText(e.Entry)
		}
		fmt.Fprintf(w, "%d  %s  %s\n", s.Seq, e.At.UTC().Format("2006-01-02 15:04:05.000"), text)
	}
	if !known {
		fmt.Fprintf(w, "key: %s\nCompare it with the key that the board shows for this station, or give that one with --key.\n", harmless(b.Key))
	}
	return nil
}
