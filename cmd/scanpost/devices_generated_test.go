package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/profile"
	"scanpost/devices/verify"
)

var update = flag.Bool("update", false, "write the files that are made from the profiles anew")

const howToUpdate = "go test ./cmd/scanpost -run TestGenerated -update"

// What is made from the profiles is what they say today: the catalogue, the
// table of guarantees in the guide, and the udev rules.
func TestGenerated(t *testing.T) {
	all, err := profile.All()
	if err != nil {
		t.Fatal(err)
	}
	for file, made := range map[string]func(old string) string{
		"../../firmware-configs/README.md": func(string) string { return catalogue(all) },
		"../../docs/devices.md":            func(old string) string { return between(t, old, guarantees(all)) },
		"../../deploy/99-scanpost.rules":   func(string) string { return udevRules(all, "scanpost") },
	} {
		old, err := os.ReadFile(file)
		if err != nil && !*update {
			t.Fatal(err)
		}
		want := made(string(old))
		if want == string(old) {
			continue
		}
		if !*update {
			t.Errorf("%s is not what the profiles say; look at the difference after: %s\n%s", strings.TrimPrefix(file, "../../"), howToUpdate, firstDifference(string(old), want))
			continue
		}
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The guide names no profile that there is not.
func TestGuideNamesProfiles(t *testing.T) {
	guide, err := os.ReadFile("../../docs/devices.md")
	if err != nil {
		t.Fatal(err)
	}
	mentioned := regexp.MustCompile(`(?:devices sheet|devices show|devices try|--profile) ([a-z][a-z0-9-]+)(?:[^a-z0-9.-]|$)`).FindAllStringSubmatch(string(guide), -1)
	if len(mentioned) == 0 {
		t.Fatal("the guide names no profile at all")
	}
	for _, m := range mentioned {
		if _, err := profile.Load(m[1]); err != nil {
			t.Errorf("docs/devices.md says %q: %v", m[0], err)
		}
	}
}

// Every profile that comes with Scanpost has a sheet: its steps in their
// order, each with its code or the page that it is on, and the verification
// last.
func TestSheets(t *testing.T) {
	all, err := profile.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		page, err := setupSheet(p, p.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		var got, want []string
		for _, card := range page.Cards {
			line := fmt.Sprintf("%d %s", card.Number, card.Title)
			if card.Code != nil {
				line += " " + card.Code.Carrier + " " + card.Code.Text
			} else {
				line += " " + card.Lines[0]
			}
			got = append(got, line)
		}
		for i, s := range p.Sheet.Steps {
			line := fmt.Sprintf("%d %s", i+1, flow(s.Do))
			if s.Code != "" {
				line += " " + s.Carrier + " " + s.Code
			} else {
				line += " In the maker's manual: " + flow(s.Page) + "."
			}
			want = append(want, line)
		}
		want = append(want, fmt.Sprintf("%d Verify the set-up code-128 %s", len(p.Sheet.Steps)+1, verify.Of(p).Text))
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", p.Name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func firstDifference(old, now string) string {
	a, b := strings.Split(old, "\n"), strings.Split(now, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d is   %s\nbut should be %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, and should have %d", len(a), len(b))
}

// between replaces what stands between the marks.
func between(t *testing.T, text, with string) string {
	t.Helper()
	const begin, end = "<!-- Code generated from the profiles; DO NOT EDIT. -->\n", "<!-- End of what is generated. -->\n"
	before, rest, found := strings.Cut(text, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("the marks %q and %q are missing", begin, end)
	}
	return before + begin + with + end + after
}

// byMaker sorts profiles under their makers, the generic ones last.
func byMaker(all []*profile.Profile) (makers []string, of map[string][]*profile.Profile) {
	of = map[string][]*profile.Profile{}
	for _, p := range all {
		of[makerOf(p)] = append(of[makerOf(p)], p)
	}
	makers = slices.SortedFunc(maps.Keys(of), func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	if i := slices.Index(makers, "Generic"); i >= 0 {
		makers = append(slices.Delete(makers, i, i+1), "Generic")
	}
	return makers, of
}

const catalogueHead = `<!-- Code generated from the profiles; DO NOT EDIT. -->
# The profiles

One file for each scanner model and mode: %d, for %d models of %d makers. ` + "`scanpost devices` names the one that fits what is plugged in," + `
` + "`scanpost devices show PROFILE` says everything that it knows, and `scanpost devices sheet PROFILE` prints what to scan." + ` How to write
one of your own is in [docs/devices.md](../docs/devices.md).

*Saved is told by*: how the operator learns that the scan is on disk.

| | |
| --- | --- |
| its own beep: saved | %s |
| signals good (and bad) | %s |
| the screen says | %s |

*Sources* name the parts of a profile after a mark for where they are from:

| mark | from |
| --- | --- |
%s
*Open* counts the facts that nobody has seen on a device yet; they stand below each table.
`

// catalogue is firmware-configs/README.md.
func catalogue(all []*profile.Profile) string {
	makers, of := byMaker(all)
	models := map[string]bool{}
	for _, p := range all {
		models[p.Model] = true
	}
	legend := ""
	for _, mark := range slices.Sorted(maps.Keys(profile.Marks)) {
		legend += fmt.Sprintf("| %s | %s |\n", mark, profile.Marks[mark])
	}
	var b strings.Builder
	named := len(makers)
	if len(of["Generic"]) > 0 {
		named--
	}
	fmt.Fprintf(&b, catalogueHead, len(all), len(models), named, profile.Means["acknowledge"], profile.Means["signal"], profile.Means["none"], legend)
	for _, maker := range makers {
		title := maker
		if maker == "Generic" {
			title = "Any other"
		}
		fmt.Fprintf(&b, "\n## %s\n\n| profile | model | mode | wire | USB ids | decoder | saved is told by | sources | open |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n", title)
		for _, p := range of[maker] {
			fmt.Fprintf(&b, "| [`%s`](%s.toml) | %s | %s | %s | %s | `%s` | %s | %s | %d |\n", p.Name, p.Name, cell(p.Model), cell(p.Mode), p.Port.Type,
				ids(p), p.Decoder, beepShort(p), sources(p), len(p.Unconfirmed))
		}
		for _, p := range of[maker] {
			for i, doubt := range p.Unconfirmed {
				if i == 0 {
					fmt.Fprintf(&b, "\nOpen of `%s`:\n\n", p.Name)
				}
				fmt.Fprintf(&b, "- %s\n", markdown(flow(doubt)))
			}
		}
	}
	return b.String()
}

func ids(p *profile.Profile) string {
	if len(p.Port.USB) == 0 {
		return ""
	}
	return "`" + strings.Join(p.Port.USB, "` `") + "`"
}

// sources lists the parts by their marks: "D line, framing; S feedback".
func sources(p *profile.Profile) string {
	byMark := map[string][]string{}
	for _, part := range profile.Parts {
		if mark := p.Trust[part]; mark != "" {
			byMark[mark] = append(byMark[mark], part)
		}
	}
	var all []string
	for _, mark := range slices.Sorted(maps.Keys(byMark)) {
		all = append(all, mark+" "+strings.Join(byMark[mark], ", "))
	}
	return strings.Join(all, "; ")
}

// cell is a text in a table.
func cell(s string) string { return strings.ReplaceAll(markdown(s), "|", `\|`) }

// markdown keeps a text from being read as markup.
func markdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`").Replace(s)
}

// guarantees is the table of docs/devices.md: for each model, the modes by
// what the beep means in them.
func guarantees(all []*profile.Profile) string {
	var b strings.Builder
	b.WriteString("| scanner | its own beep: saved | signals once more: saved | only the screen says: saved |\n| --- | --- | --- | --- |\n")
	makers, of := byMaker(all)
	for _, maker := range makers {
		var models []string
		modes := map[string]map[string][]string{}
		for _, p := range of[maker] {
			if modes[p.Model] == nil {
				models = append(models, p.Model)
				modes[p.Model] = map[string][]string{}
			}
			modes[p.Model][p.Feedback.Means] = append(modes[p.Model][p.Feedback.Means], cell(p.Mode))
		}
		slices.Sort(models)
		for _, m := range models {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(m), strings.Join(modes[m]["acknowledge"], ", "), strings.Join(modes[m]["signal"], ", "), strings.Join(modes[m]["none"], ", "))
		}
	}
	return b.String()
}
