package main

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"scanpost/cmd/sheet"
	"scanpost/scan"
	"scanpost/scan/identity/command"
)

func commandSheet() *cobra.Command {
	var file, out string
	var only []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "command-sheet [SIGN...] [-o FILE]",
		Short: "Print the site's command cards, to be cut out: a page for a browser",
		Long: `Writes the command cards as one HTML file: open it in a browser and print it at
100 %, on A4 or Letter. There is a sign-on card for each operator's SIGN, a card
for each reason under [commands] in the configuration, and one of each other
command. The last page is the list of the cards' numbers, which is to be kept: a
lost card is revoked by its number.

Each run makes new cards with new numbers; the old ones go on working. To
replace one card, print it alone (--only undo, or --only sign-on JN) and revoke
the number of the lost one.

With --json it writes the codes and numbers for another label program.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, signs []string) error {
			cfg, err := loadConfig(file)
			if err != nil {
				return err
			}
			deck, err := newDeck(cfg, file)
			if err != nil {
				return err
			}
			asks, err := whichCards(signs, cfg.Exceptions, only)
			if err != nil {
				return err
			}
			var cards []card
			for _, ask := range asks {
				c, err := deck.card(ask, "")
				if err != nil {
					return err
				}
				cards = append(cards, c)
			}
			var text strings.Builder
			if asJSON {
				e := json.NewEncoder(&text)
				e.SetIndent("", "  ")
				err = e.Encode(cards)
			} else {
				err = writeCards(&text, cards, cfg.Station.Site, cfg.Station.CommandFile, time.Now())
			}
			if err != nil {
				return err
			}
			if out == "" {
				_, err = io.WriteString(cmd.OutOrStdout(), text.String())
				return err
			}
			if err := writeSecret(out, text.String()); err != nil {
				return err
			}
			says := "open it in a browser, and print it at 100 %; whoever has the file has the cards"
			if asJSON {
				says = "whoever has the file has the cards"
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "scanpost: %s holds %d command cards of %s: %s\n", out, len(cards), cfg.Station.Site, says)
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "station.toml", "the station's configuration `FILE`")
	cmd.Flags().StringVarP(&out, "out", "o", "", "write it to this `FILE`, which must not exist yet")
	cmd.Flags().StringSliceVar(&only, "only", nil, "print only these `CARDS`, such as undo,seen")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write numbers and codes for another label program")
	return cmd
}

// whichCards are the commands of a sheet, in the order in which they are looked
// for: people first.
func whichCards(signs, reasons, only []string) ([]scan.Command, error) {
	for _, do := range only {
		if !slices.ContainsFunc(command.Verbs, func(v command.Verb) bool { return v.Do == do }) {
			return nil, usageError{fmt.Errorf("there is no card %q; there are %s", do, strings.Join(cardNames(), ", "))}
		}
	}
	var all []scan.Command
	for _, v := range command.Verbs {
		if len(only) > 0 && !slices.Contains(only, v.Do) {
			continue
		}
		args := []string{""}
		switch v.Do {
		case "sign-on":
			args = signs
		case "exception":
			args = reasons
		}
		for i, arg := range args {
			if slices.Contains(args[:i], arg) {
				return nil, usageError{fmt.Errorf("%s is named twice; each sheet has one card for it", arg)}
			}
			all = append(all, scan.Command{Do: v.Do, Arg: arg})
		}
	}
	switch {
	case len(signs) > 0 && len(only) > 0 && !slices.Contains(only, "sign-on"):
		return nil, usageError{fmt.Errorf("--only leaves sign-on out, and so %s gets no card; add sign-on to it", strings.Join(signs, ", "))}
	case len(all) == 0:
		return nil, usageError{errors.New("that is no card at all: name a SIGN for sign-on, and the reasons as exceptions under [commands] in the configuration")}
	}
	return all, nil
}

// writeCards draws the cards and their list.
func writeCards(w io.Writer, cards []card, site, keyFile string, now time.Time) error {
	day := now.Format("2 January 2006")
	deck := sheet.Deck{
		Title: "Command cards of " + site, Day: day,
		Keep: []string{
			"Keep this page where the cards are not. A card acts for whoever scans it, and so does a photograph of it.",
			"Is a card lost? Write \"revoked\" and its number on a line of its own into the command key file (" + keyFile + ") of every station. It holds from the next scan of a card on; nothing needs to be started again.",
			"Print at 100 %. Bars that were made to fit the page are not read by every scanner.",
		},
	}
	for _, c := range cards {
		words := cardWords[c.Do]
		b := sheet.Badge{Title: words.title, Large: c.Arg, Line: words.does, Number: c.Number, Site: site, Day: day}
		if err := b.Draw(c.Code); err != nil {
			return fmt.Errorf("draw the card %s %s: %w", c.Do, c.Arg, err)
		}
		deck.Badges = append(deck.Badges, &b)
	}
	return deck.Write(w)
}

// writeSecret writes a new file that nobody else may read: who can print a
// card can use it.
func writeSecret(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is already there and stays as it is; name another file", name)
	}
	if err != nil {
		return fmt.Errorf("write the cards: %w", err)
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}

func randomNumber() uint16 {
	var b [2]byte
	rand.Read(b[:]) // never fails
	return binary.NativeEndian.Uint16(b[:])
}
