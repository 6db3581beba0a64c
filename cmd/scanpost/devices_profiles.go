package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"scanpost/devices/profile"
)

func devicesProfiles() *cobra.Command {
	return &cobra.Command{
		Use:   "profiles [WORD...]",
		Short: "List the known profiles, or those that all the words are about",
		Long: `Lists the profiles that come with Scanpost. With words, only those that have
them all: in the name, the model, the mode or the decoder; serial or hid; or a
USB id such as 05e0:1701.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			known, err := profile.All()
			if err != nil {
				return err
			}
			known = slices.DeleteFunc(known, func(p *profile.Profile) bool { return !isAbout(p, args) })
			if len(known) == 0 {
				return usageError{fmt.Errorf("no profile is about %s; scanpost devices profiles lists them all", strconv.Quote(strings.Join(args, " ")))}
			}
			return showProfiles(cmd.OutOrStdout(), known)
		},
	}
}

func isAbout(p *profile.Profile, words []string) bool {
	about := strings.ToLower(strings.Join(append([]string{p.Name, p.Model, p.Mode, p.Decoder, p.Port.Type}, p.Port.USB...), " "))
	for _, w := range words {
		w = strings.ToLower(w)
		if !strings.Contains(about, w) && !hasID(p, w) {
			return false
		}
	}
	return true
}

// hasID reports whether a profile is for a USB id, also by a pattern.
func hasID(p *profile.Profile, id string) bool {
	var vendor, product uint16
	if n, err := fmt.Sscanf(id, "%04x:%04x", &vendor, &product); n != 2 || err != nil {
		return false
	}
	return p.Fits(p.Port.Type, vendor, product)
}

func showProfiles(w io.Writer, known []*profile.Profile) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PROFILE\tMODEL\tMODE\tWIRE\tSAVED IS TOLD BY\tUSB IDS")
	for _, p := range known {
		ids := strings.Join(p.Port.USB, " ")
		if len(p.Port.USB) > 4 {
			ids = fmt.Sprintf("%s and %d more", strings.Join(p.Port.USB[:3], " "), len(p.Port.USB)-3)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", p.Name, p.Model, p.Mode, p.Port.Type, beepShort(p), ids)
	}
	return t.Flush()
}

func devicesShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show PROFILE",
		Short: "Say everything that a profile knows",
		Args:  takes("PROFILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := loadProfile(args[0])
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), describe(p))
			return err
		},
	}
}

// describe is a profile for people, in sentences where there are some.
func describe(p *profile.Profile) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, mode %s\n\n", p.Name, p.Model, p.Mode)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(name, text string, args ...any) {
		text = wrap(flow(fmt.Sprintf(text, args...)), "\t")
		if text != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, text)
		}
	}
	line("wire", "%s", wireText(p))
	line("USB ids", "%s", strings.Join(p.Port.USB, " "))
	line("decoder", "%s%s", p.Decoder, optionText(p.Options))
	line("the beep", "%s", profile.Means[p.Feedback.Means])
	line("good signal", "% X", p.Feedback.Good)
	line("bad signal", "% X", p.Feedback.Bad)
	line("it tells", "%s", tells(p.Facts))
	line("silence", "a code ends after %s of it", p.Quiet)
	line("sources", "%s", trustText(p))
	for _, m := range marksOf(p) {
		line("", "%s: %s", m, profile.Marks[m])
	}
	t.Flush() // a Builder takes everything
	section(&b, "At the bench", []string{flow(p.Remark)})
	section(&b, "Sent at each plug-in, in this order", commandLines(p))
	section(&b, "Settings that are read back", settingLines(p))
	section(&b, "Set-up, as its sheet prints it", stepLines(p))
	section(&b, "Nobody has seen on a device yet", p.Unconfirmed)
	fmt.Fprintf(&b, "\nIt proves itself by %s.\n", counted(len(p.Examples), "example"))
	return b.String()
}

func section(b *strings.Builder, title string, lines []string) {
	mark := "- "
	if len(lines) == 1 {
		mark = ""
	}
	for i, text := range lines {
		if i == 0 {
			fmt.Fprintf(b, "\n%s:\n", title)
		}
		fmt.Fprintf(b, "  %s%s\n", mark, wrap(flow(text), "  "+strings.Repeat(" ", len(mark))))
	}
}

func optionText(options map[string]any) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(options)) {
		all = append(all, key+" = "+optionValue(options[key]))
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, ", ") + ")"
}

// optionValue is a value about as the file has it.
func optionValue(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, optionValue(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return fmt.Sprint(v)
}

func tells(f profile.Facts) string {
	var all []string
	for _, fact := range []struct{ what, name string }{{"model", f.Model}, {"serial number", f.Serial}, {"firmware", f.Firmware}} {
		if fact.name != "" {
			all = append(all, fact.what+" as "+fact.name)
		}
	}
	return strings.Join(all, ", ")
}

func commandLines(p *profile.Profile) []string {
	var lines []string
	for _, c := range p.Commands {
		text := fmt.Sprintf("%s: % X", c.Say, c.Bytes)
		if c.Answer {
			text += fmt.Sprintf(", answered within %s", c.Wait)
		}
		lines = append(lines, text)
	}
	return lines
}

func settingLines(p *profile.Profile) []string {
	var lines []string
	for _, s := range p.Settings {
		text := fmt.Sprintf("%s (%s) has to be %q", s.Say, s.Name, s.Want)
		switch {
		case s.Repair:
			text += "; if not, it is set right until the power goes"
		default:
			text += "; if not, it is told"
		}
		lines = append(lines, text)
	}
	return lines
}

func stepLines(p *profile.Profile) []string {
	var lines []string
	for _, s := range p.Sheet.Steps {
		switch {
		case s.Code == "":
			lines = append(lines, s.Do+": "+s.Page)
		case tried(s.Trust):
			lines = append(lines, s.Do+": a code is drawn")
		default:
			lines = append(lines, s.Do+": a code is drawn, "+untried)
		}
	}
	return lines
}
