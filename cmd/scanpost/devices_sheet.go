package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"scanpost/cmd/sheet"
	"scanpost/devices/port"
	"scanpost/devices/profile"
	"scanpost/devices/verify"
)

func devicesSheet() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "sheet PROFILE [-o FILE]",
		Short: "Print the set-up sheet: what to scan to get a new scanner into the mode",
		Long: `Writes the set-up sheet of a profile as one HTML file: open it in a browser and
print it at 100 %. The codes are scanned in their order, the verification code
last. A code that only the maker may draw is named with the page of the manual.`,
		Args: takes("PROFILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := loadProfile(args[0])
			if err != nil {
				return err
			}
			page, err := setupSheet(p, args[0])
			if err != nil {
				return err
			}
			var html strings.Builder
			if err := page.Write(&html); err != nil {
				return err
			}
			if file == "" {
				_, err = io.WriteString(cmd.OutOrStdout(), html.String())
				return err
			}
			if err := writeNew(file, html.String()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "scanpost: %s is the set-up sheet of %s: open it in a browser, and print it at 100 %%\n", file, p.Name)
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "out", "o", "", "write it to this `FILE`, which must not exist yet")
	return cmd
}

// setupSheet puts together what gets a factory-fresh scanner into a profile's
// mode, and how to see that it is. Name is what the profile is called by: its
// own name, or its file.
func setupSheet(p *profile.Profile, name string) (*sheet.Page, error) {
	page := &sheet.Page{
		Title: "Set up " + p.Model + ", mode " + p.Mode,
		Under: "Do the steps in this order. Scan each code once, and wait for the scanner's sound before the next. A step without a code here has it in the maker's manual.",
		Foot:  "Scanpost set-up sheet, profile " + p.Name, Wide: true,
		Facts: []sheet.Fact{
			{Name: "Profile", Text: p.Name}, {Name: "Wire", Text: capital(wireText(p))}, {Name: "At the bench", Text: flow(p.Remark)},
			{Name: "What its beep means", Text: capital(profile.Means[p.Feedback.Means]) + "."},
		},
	}
	if mark := p.Trust["sheet"]; mark != "" {
		text := markText(mark)
		if !tried(mark) {
			text += "; " + untried
		}
		page.Facts = append(page.Facts, sheet.Fact{Name: "Source of the steps", Text: capital(text) + "."})
	}
	for i, step := range p.Sheet.Steps {
		card, err := stepCard(i+1, step)
		if err != nil {
			return nil, fmt.Errorf("step %d of the sheet of %s: %w", i+1, p.Name, err)
		}
		page.Cards = append(page.Cards, card)
	}
	if len(page.Cards) == 0 {
		page.Under = "Nobody has written down the steps of this model. Do what stands under \"At the bench\" with the maker's manual, then scan the code below."
	}
	last, err := verifyCard(p, name, len(page.Cards)+1)
	if err != nil {
		return nil, fmt.Errorf("the verification code of %s: %w", p.Name, err)
	}
	page.Cards = append(page.Cards, last)
	page.After = sheetEnd(p, name)
	return page, nil
}

func stepCard(number int, s profile.Step) (*sheet.Card, error) {
	card := &sheet.Card{Number: number, Title: flow(s.Do)}
	if s.Code == "" {
		card.Lines = []string{"In the maker's manual: " + flow(s.Page) + "."}
		return card, nil
	}
	card.Lines = []string{"Source of this code: " + markText(s.Trust) + "."}
	if !tried(s.Trust) {
		card.Lines[0] = "Source of this code: " + markText(s.Trust) + "; " + untried + "."
		if s.Page != "" {
			card.Lines = append(card.Lines, "If the scanner does not take it, scan the one in the maker's manual: "+flow(s.Page)+".")
		}
	}
	var err error
	card.Code, err = sheet.Draw(s.Carrier, s.Code)
	return card, err
}

func verifyCard(p *profile.Profile, name string, number int) (*sheet.Card, error) {
	code, err := sheet.Draw(sheet.Code128, verify.Of(p).Text)
	return &sheet.Card{
		Number: number, Title: "Verify the set-up", Code: code,
		Lines: []string{"This code changes nothing. It shows whether line settings, keyboard layout, letters, AIM identifier and GS are right. Scan it when this command asks for it:"},
		Block: "scanpost devices try " + name + " " + portOf(p),
	}, err
}

// portOf is what to write as port, as far as the profile tells.
func portOf(p *profile.Profile) string {
	scheme := string(port.USB)
	if p.Port.Type == "hid" {
		scheme = string(port.HID)
	}
	if len(p.Port.USB) == 1 && !strings.Contains(p.Port.USB[0], "?") {
		return scheme + ":" + p.Port.USB[0]
	}
	return "PORT"
}

func sheetEnd(p *profile.Profile, name string) []sheet.Part {
	address := portOf(p)
	write := sheet.Part{Title: "Then write into station.toml", Block: block(freeName(p, map[string]bool{}), name, address)}
	if address == "PORT" {
		write.Text = []string{"What stands for PORT, scanpost devices tells once the scanner is plugged in."}
	}
	parts := []sheet.Part{write}
	if len(p.Unconfirmed) > 0 {
		doubts := sheet.Part{Title: "Nobody has seen on a device yet"}
		for _, u := range p.Unconfirmed {
			doubts.Lines = append(doubts.Lines, capital(flow(u)))
		}
		parts = append(parts, doubts)
	}
	legend := sheet.Part{Title: "Marks in brackets"}
	for _, m := range marksOf(p) {
		legend.Lines = append(legend.Lines, m+": "+profile.Marks[m])
	}
	if len(legend.Lines) > 0 {
		parts = append(parts, legend)
	}
	return parts
}
