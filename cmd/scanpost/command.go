package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"scanpost/cmd/config"
	"scanpost/scan"
	"scanpost/scan/identity/command"
)

func commands() *cobra.Command {
	var file, number string
	cmd := &cobra.Command{
		Use:   "command",
		Short: "Print the code for one command card: sign-on, undo, hold and so on",
		Long: `Prints the text of a command card, and on the error output the card's number,
by which it can be revoked. Make it a Code 128 or QR code with any label program;
scanpost command-sheet draws the cards itself. A card works at every station that
has the same key (command_key_file in [station]).`,
		Args: knownCommand,
		RunE: func(*cobra.Command, []string) error {
			return usageError{errors.New("which card? scanpost command " + strings.Join(cardNames(), ", "))}
		},
	}
	cmd.PersistentFlags().StringVarP(&file, "config", "c", "station.toml", "the station's configuration `FILE`")
	cmd.PersistentFlags().StringVar(&number, "card", "", "the card's `NUMBER`, four letters, to print one again; a new one if it is left out")
	for _, v := range command.Verbs {
		sub := &cobra.Command{Use: v.Do, Short: cardWords[v.Do].does, Args: takes()}
		if v.Arg != "" {
			name := argName(v)
			sub.Use, sub.Args = v.Do+" "+name, takes(name)
			sub.Long = fmt.Sprintf("%s\n%s is the %s: 1 to %d of A-Z, 0-9 and -", sub.Short, name, v.Arg, command.MaxArg)
		}
		sub.RunE = func(cmd *cobra.Command, args []string) error {
			cfg, err := loadConfig(file)
			if err != nil {
				return err
			}
			deck, err := newDeck(cfg, file)
			if err != nil {
				return err
			}
			c, err := deck.card(scan.Command{Do: v.Do, Arg: strings.Join(args, "")}, number)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "scanpost: this is card %s\n", c.Number)
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.Code)
			return err
		}
		cmd.AddCommand(sub)
	}
	return cmd
}

// argName is what a command's argument is called in the usage: SIGN, REASON.
func argName(v command.Verb) string {
	return strings.ToUpper(v.Arg[strings.LastIndexByte(v.Arg, ' ')+1:])
}

func cardNames() []string {
	var names []string
	for _, v := range command.Verbs {
		name := v.Do
		if v.Arg != "" {
			name += " " + argName(v)
		}
		names = append(names, name)
	}
	return names
}

// cardWords are what stands on a card in large letters, and what it does.
var cardWords = map[string]struct{ title, does string }{
	"sign-on":      {"Sign on", "Scan this when you begin at a bench."},
	"sign-off":     {"Sign off", "Scan this when you leave the bench."},
	"undo":         {"Undo", "Takes back the last scan of this scanner."},
	"seen":         {"Seen", "Ends a stop or a warning on the screen, once it is read."},
	"hold":         {"Hold", "The parcel scanned last stays here until it is released."},
	"release":      {"Release", "The parcel scanned last may go on."},
	"exception":    {"Exception", "Something is amiss with the parcel scanned last."},
	"training":     {"Training", "From here on it is practice: nothing counts."},
	"training-end": {"End training", "From here on every scan counts again."},
	"pack":         {"Pack", "Then scan the tote or pallet, and then what goes into it."},
	"close":        {"Close", "The tote or pallet is full: nothing more goes in."},
	"unpack":       {"Unpack", "Then scan the tote or pallet: everything is taken out."},
	"unlink":       {"Unlink", "Then scan a label: it belongs to no other from here on."},
}

// card is a command card that was made.
type card struct {
	Number string `json:"card"`
	Do     string `json:"do"`
	Arg    string `json:"arg,omitempty"`
	Code   string `json:"code"`
}

// deck makes cards, each with a number of its own.
type deck struct {
	site   command.Site
	random func() uint16
	taken  []string
}

func newDeck(cfg *config.Config, file string) (*deck, error) {
	if len(cfg.Station.Commands.Keys) == 0 {
		return nil, usageError{fmt.Errorf("%s names no command_key_file in [station], so there is no key to make a card with; make one, for example with openssl rand -hex 16", file)}
	}
	return &deck{site: cfg.Station.Commands, random: randomNumber}, nil
}

// card makes a card. Without a number it gets one that no card of the deck has,
// and that is not revoked.
func (d *deck) card(c scan.Command, number string) (card, error) {
	if number == "" {
		number = command.Number(d.random())
		for slices.Contains(d.taken, number) || slices.Contains(d.site.Revoked, number) {
			number = command.Number(d.random())
		}
	}
	number = strings.ToUpper(number)
	code, err := d.site.Make(c, number)
	if err != nil {
		return card{}, usageError{err}
	}
	d.taken = append(d.taken, number)
	return card{Number: number, Do: c.Do, Arg: c.Arg, Code: code}, nil
}
