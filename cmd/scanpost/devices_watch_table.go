package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"scanpost/scan/pass"
)

// mostRows is how many tags the table at the end has.
const mostRows = 50

// table is everything at a moment, as it is written at the end.
func (f *tagField) table(now time.Time) string {
	head, tags := f.rows(now)
	if len(tags) > mostRows+1 {
		tags = append(tags[:mostRows+1], fmt.Sprintf("and %d more", len(tags)-mostRows-1))
	}
	return "\n" + strings.Join(append(head, tags...), "\n") + "\n"
}

// rows are the tables of readers and portals, and that of the tags, whose first
// row is its head.
func (f *tagField) rows(now time.Time) (head, tags []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.hall.Tags(now)
	f.forget(known)
	head = append(f.readerRows(now), "")
	head = append(head, f.portalRows(now)...)
	return append(head, ""), f.tagRows(now, known)
}

// columns sets rows of cells under each other.
func columns(rows [][]string) []string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, c := range row {
			row[i] = plainCell(c)
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	t.Flush() // a Builder takes everything
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// plainCell keeps a text within one cell, with one column for each character:
// what a device says of itself may hold anything.
func plainCell(s string) string {
	if s == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if r >= ' ' && r < 0x7f || r == '°' || r == '…' {
			return r
		}
		return utf8.RuneError
	}, s)
}

// short keeps the beginning of a text.
func short(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

func rate(p *pace, now time.Time) string { return strconv.FormatFloat(p.perSecond(now), 'f', 0, 64) }

func (f *tagField) readerRows(now time.Time) []string {
	rows := [][]string{{"READER", "READS/S", "READS", "MODEL", "TEMPERATURE", "ANTENNAS", "TROUBLE"}}
	for _, r := range f.readers {
		is := strings.TrimSpace(r.is.Model + " " + r.is.Firmware)
		rows = append(rows, []string{r.Name, rate(&r.pace, now), fmt.Sprint(r.reads), short(is, 30), short(r.facts["temperature"], 20), r.antennaText(), r.troubleText()})
	}
	return columns(rows)
}

// antennaText is what the reader tells about its antennas: "1, 2 connected; 3
// gone".
func (r *readerView) antennaText() string {
	var parts, states []string
	those := map[string]string{} // numbers by state
	names := slices.SortedFunc(maps.Keys(r.facts), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) // antenna 2 before antenna 10
	})
	for _, name := range names {
		value := short(r.facts[name], 20)
		number, single := strings.CutPrefix(name, "antenna ")
		switch {
		case single && those[value] != "":
			those[value] += ", " + number
		case single:
			those[value] = number
			states = append(states, value)
		case name == "antennas": // of all of them
			if _, err := strconv.Atoi(value); err == nil {
				value += " ports"
			}
			parts = append(parts, value)
		}
	}
	for _, state := range states {
		parts = append(parts, those[state]+" "+state)
	}
	return strings.Join(parts, "; ")
}

// troubleText is why the reader is not there, and what was wrong with what it
// sent.
func (r *readerView) troubleText() string {
	var parts []string
	if !r.attached {
		parts = append(parts, cmp.Or(r.trouble, "not there yet"))
	}
	faults := r.Counts().Faults
	for _, reason := range slices.Sorted(maps.Keys(faults)) {
		parts = append(parts, fmt.Sprintf("%s %d", reason, faults[reason]))
	}
	return strings.Join(parts, ", ")
}

func (f *tagField) portalRows(now time.Time) []string {
	rows := [][]string{{"PORTAL", "ANTENNA", "READS/S", "TAGS", "PASSED", "PARKED", "THRESHOLD", "STRAYS"}}
	counters := f.hall.Counters()
	for i := range counters {
		c := &counters[i]
		p := f.portal(c.Portal)
		if p == nil {
			continue
		}
		rows = append(rows, []string{p.Name, "all", rate(&p.pace, now), fmt.Sprint(f.near(p.Name, 0, now)), fmt.Sprint(c.Passes), fmt.Sprint(c.Parked),
			fmt.Sprintf("%d dBm", p.limit()), p.gateText(straysText(c.Strays, pass.Strays{}))})
		for _, number := range slices.Sorted(maps.Keys(p.antennas)) {
			learned := ""
			if number <= len(c.Thresholds) && c.Thresholds[number-1] != 0 {
				learned = fmt.Sprintf("%d dBm, learned", c.Thresholds[number-1])
			}
			rows = append(rows, []string{" ", strconv.Itoa(number), rate(&p.antennas[number].pace, now), fmt.Sprint(f.near(p.Name, number, now)), " ", " ", cmp.Or(learned, " "), " "})
		}
	}
	return columns(rows)
}

// gateText is how the portal's gate is, if it has one, and its strays.
func (p *portalView) gateText(strays string) string {
	if !p.Gate {
		return strays
	}
	return strings.TrimSuffix("gate "+cmp.Or(p.gate, "not known")+"; "+strays, "; ")
}

// limit is what a strong read is, unless that is learned: as package pass has it
// where the configuration says nothing.
func (p *portalView) limit() int {
	usual := -65
	if p.SingleTarget {
		usual = -80
	}
	return cmp.Or(p.Threshold, usual)
}

// near is how many tags an antenna has heard in the last two seconds; antenna
// zero stands for all.
func (f *tagField) near(portal string, antenna int, now time.Time) (n int) {
	const lately = 2 * time.Second
	for place, t := range f.tags {
		switch {
		case place.portal != portal:
		case antenna == 0 && now.Sub(t.last.at) < lately:
			n++
		case slices.ContainsFunc(t.antennas, func(s strength) bool { return s.antenna == antenna && now.Sub(s.at) < lately }):
			n++
		}
	}
	return n
}

// stateOrder is the order of the table: what moves first.
var stateOrder = []string{"passing", "candidate", "passed", "parked", "background"}

// stateWords are those of the table for those of the hall.
var stateWords = map[string]string{
	"candidate": "candidate", "confirmed": "passing", "ended": "passing", "muted": "passed", "parked": "parked", "background": "background",
}

// tagRow is a tag of the table.
type tagRow struct {
	tagPlace
	*tagView
	order int
	state string
}

func (f *tagField) tagRows(now time.Time, known []pass.Tag) []string {
	var list []tagRow
	strongest := f.strongest()
	for i := range known {
		place := tagPlace{known[i].Portal, string(known[i].EPC)}
		word, there := stateWords[known[i].State]
		if t := f.tags[place]; t != nil && there {
			list = append(list, tagRow{place, t, slices.Index(stateOrder, word), f.stateText(word, place, t, strongest[place.epc])})
		}
	}
	slices.SortStableFunc(list, func(a, b tagRow) int {
		return cmp.Or(cmp.Compare(a.order, b.order), a.since.Compare(b.since), cmp.Compare(a.portal, b.portal), cmp.Compare(a.epc, b.epc))
	})
	if len(list) == 0 {
		return []string{"No tag is heard."}
	}
	rows := [][]string{{"TAG", "PORTAL", "STATE", "LAST", "BEST", "ANTENNA", "READS", "READS/S", "DIRECTION", "BEST OF EACH ANTENNA"}}
	for _, r := range list {
		antenna := ""
		if r.best.antenna > 0 {
			antenna = strconv.Itoa(r.best.antenna)
		}
		rows = append(rows, []string{short(r.name, 40), r.portal, r.state, r.last.text(false), r.best.text(false), antenna,
			fmt.Sprint(r.reads), rate(&r.pace, now), r.way, r.each()})
	}
	// What can not be, or is always the same, need not be said.
	if !slices.ContainsFunc(f.portals, func(p *portalView) bool { return p.Line != [2]int{} }) {
		without(rows, "DIRECTION")
	}
	if len(f.portals) == 1 {
		without(rows, "PORTAL")
	}
	return columns(rows)
}

// without takes a column out of a table.
func without(rows [][]string, title string) {
	at := slices.Index(rows[0], title)
	for i := range rows {
		rows[i] = slices.Delete(rows[i], at, at+1)
	}
}

// strongest is where each tag was heard best.
func (f *tagField) strongest() map[string]tagPlace {
	best := map[string]tagPlace{}
	for place, t := range f.tags {
		if before, is := best[place.epc]; t.best.known && !t.best.relative && (!is || t.best.rssi > f.tags[before].best.rssi) {
			best[place.epc] = place
		}
	}
	return best
}

// stateText adds to a state what keeps the tag from being a pass, or a scan.
func (f *tagField) stateText(word string, place tagPlace, t *tagView, strongest tagPlace) string {
	if p := f.portal(place.portal); word == "candidate" && p != nil && t.best.known && !t.best.relative && t.best.rssi < p.limit() {
		word += ", weak"
	}
	if best := f.tags[strongest]; best != nil && t.best.known && t.best.rssi < best.best.rssi {
		word += ", stronger at " + strongest.portal
	}
	if f.ignored(place.portal, t) {
		word += ", ignored"
	}
	if t.note != "" {
		word += ", " + t.note
	}
	return word
}

// each is the best that each antenna has heard, if there are several.
func (t *tagView) each() string {
	if len(t.antennas) < 2 {
		return ""
	}
	sorted := slices.SortedFunc(slices.Values(t.antennas), func(a, b strength) int { return cmp.Compare(a.antenna, b.antenna) })
	var parts []string
	for _, s := range sorted {
		parts = append(parts, fmt.Sprintf("%d: %s", s.antenna, s.text(false)))
	}
	return strings.Join(parts, "  ")
}
