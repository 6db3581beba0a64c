package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"scanpost/cmd/config"
	"scanpost/devices/port"
	"scanpost/devices/profile"
)

//go:generate go test -run ^TestGenerated -count=1 . -update

func devicesCommand() *cobra.Command {
	var file string
	var toml bool
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "Show what is plugged in, which profile fits and why, and what to write as [[device]]",
		Long: `Lists the serial ports and HID devices of this machine. For each it names the
profiles that fit, best first, and why; what is not in the configuration yet
comes with the lines to add. Nothing is opened, so it disturbs nobody.

A scanner that is in another mode than its best one is named with the sheet to
print; scan that, and look again.`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := port.List()
			if err != nil {
				return err
			}
			known, err := profile.All()
			if err != nil {
				return err
			}
			l := listing{found: found, known: known, notes: surroundings()}
			cfg, err := config.Load(file)
			switch asked := cmd.Flags().Changed("config"); {
			case err == nil:
				l.cfg = cfg
			case asked:
				return usageError{err}
			case !errors.Is(err, fs.ErrNotExist):
				l.notes = append(l.notes, fmt.Sprintf("The devices of %s are not known, since it can not be read; scanpost doctor -c %s says why.", file, file))
			}
			if toml {
				return l.blocks(cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			return l.show(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "station.toml", "the station's configuration `FILE`, if there is one: its devices are known already")
	cmd.Flags().BoolVar(&toml, "toml", false, "print only the [[device]] blocks to add, as for >> station.toml")
	cmd.AddCommand(devicesProfiles(), devicesShow(), devicesSheet(), devicesWatch(), devicesTry(), devicesUdev())
	return cmd
}

// surroundings says what keeps devices from being seen at all.
func surroundings() []string {
	var notes []string
	if !port.HIDSupported() {
		notes = append(notes, "This build can not read HID devices: it was built without cgo. Install the release for this machine, or build with CGO_ENABLED=1 (make build does).")
	}
	if _, err := os.Stat("/dev/bus/usb"); err != nil {
		notes = append(notes, "This machine shows no USB bus (no /dev/bus/usb). In a container, hand /dev in with its devices; else look at the firmware's settings.")
	}
	return notes
}

// listing is what scanpost devices knows when it begins to write.
type listing struct {
	found []port.Found
	known []*profile.Profile
	cfg   *config.Config // nil: there is none
	notes []string
}

// most is how many profiles are shown for one device.
const most = 3

func (l *listing) show(w io.Writer) error {
	if len(l.found) == 0 {
		fmt.Fprintln(w, "Nothing is plugged in that could be a scanner: no serial port and no HID device.")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(l.found) > 0 {
		fmt.Fprintln(t, "PORT\tDEVICE\tMODE\tPROFILE\tWHY")
	}
	for _, f := range l.found {
		l.row(t, f)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var below strings.Builder
	for _, f := range l.found {
		l.remarks(&below, f)
	}
	if blocks := l.toAdd(); len(blocks) > 0 {
		fmt.Fprintf(&below, "\nNot in %s yet. To use %s, add:\n\n%s", l.configName(), map[bool]string{true: "it", false: "them"}[len(blocks) == 1], strings.Join(blocks, "\n"))
	}
	for _, n := range l.notes {
		below.WriteString("\n" + n + "\n")
	}
	_, err := io.WriteString(w, below.String())
	return err
}

// row is the table's part of one device.
func (l *listing) row(w io.Writer, f port.Found) {
	fits := fitting(f, l.known)
	start := fmt.Sprintf("%s\t%s\t%s", harmless(f.Address), nameOf(f), modeText(f))
	if d, configured := l.deviceOf(f); configured {
		fmt.Fprintf(w, "%s\t%s\tit is %q in %s\n", start, harmless(d.Profile.Name), d.Name, harmless(l.cfg.File))
		return
	}
	if len(fits) == 0 {
		mark, why := unfit(f)
		fmt.Fprintf(w, "%s\t%s\t%s\n", start, mark, why)
		return
	}
	for i, p := range fits[:min(most, len(fits))] {
		if i > 0 {
			start = "\t\t"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", start, p.Name, harmless(p.why))
	}
	if more := len(fits) - most; more > 0 {
		fmt.Fprintf(w, "\t\t\t\tand %d more: scanpost devices profiles %s\n", more, f.ID())
	}
}

// remarks is what there is to know and to do about one device.
func (l *listing) remarks(w io.Writer, f port.Found) {
	var text strings.Builder
	fits := fitting(f, l.known)
	if f.Access != nil {
		_, why, found := strings.Cut(f.Access.Error(), ": ")
		if !found {
			why = f.Access.Error()
		}
		fmt.Fprintf(&text, "  It can not be opened: %s.\n  The rules for all known makers at once: scanpost devices udev\n", harmless(why))
	}
	d, configured := l.deviceOf(f)
	if b, is := better(f, fits, l.known); is && !(configured && d.Profile.Name == b.Name) {
		sentence := fmt.Sprintf("It is in %s mode. The mode %q is better: %s. Print the sheet and scan it:", modeText(f), b.Mode, whyBetter(f, b))
		fmt.Fprintf(&text, "  %s\n    scanpost devices sheet %s -o %s.html\n", wrap(sentence, "  "), b.Name, b.Name)
	}
	if !configured && len(fits) > 1 && alike(fits[0], fits[1]) {
		sentence := fmt.Sprintf("Which of these models and modes it is does not show. The sheet of the one that you choose sets it: scanpost devices sheet %s", fits[0].Name)
		fmt.Fprintf(&text, "  %s\n", wrap(sentence, "  "))
	}
	if !configured && len(fits) > 0 && len(fits[0].Unconfirmed) > 0 {
		fmt.Fprintf(&text, "  Nobody has seen on a device yet, of %s:\n", fits[0].Name)
		for _, u := range fits[0].Unconfirmed {
			fmt.Fprintf(&text, "    - %s\n", wrap(flow(u), "      "))
		}
	}
	if text.Len() > 0 {
		fmt.Fprintf(w, "\n%s, %s\n%s", harmless(f.Address), nameOf(f), text.String())
	}
}

// alike reports whether nothing that shows tells two profiles apart.
func alike(a, b fit) bool {
	return a.named == b.named && a.loose == b.loose && isGeneric(a.Profile) == isGeneric(b.Profile)
}

func whyBetter(f port.Found, b *profile.Profile) string {
	keyboard := ""
	if f.Usage == "keyboard" {
		keyboard = ", it keeps GS, and nothing is typed where it should not be"
	}
	switch b.Feedback.Means {
	case "acknowledge":
		return "its own beep then says that the scan is saved" + keyboard
	case "signal":
		return "it can then beep again when the scan is saved" + keyboard
	}
	return strings.TrimPrefix(keyboard, ", ")
}

// nameOf is what a device calls itself. It can call itself anything.
func nameOf(f port.Found) string {
	name := strings.TrimSpace(f.Product)
	if maker := strings.TrimSpace(f.Manufacturer); name == "" || !strings.Contains(name, firstWord(maker)) {
		name = strings.TrimSpace(maker + " " + name)
	}
	if name == "" {
		name = f.Node
	}
	if f.Serial != "" {
		name += " (serial number " + f.Serial + ")"
	}
	return strings.ReplaceAll(harmless(name), "\n", " ")
}
