package gs1

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Our table is GS1's syntax dictionary, AI by AI: the same AIs, and of each the
// same parts with the same rules, what it needs and excludes, its place in a
// Digital Link, and its title.
func TestDictionary(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range dictionary(t) {
		for _, code := range row.ais {
			seen[code] = true
			want := row.text
			if rule, ours := deviations[code]; ours {
				want = strings.Replace(want, rule[0], rule[1], 1)
			}
			ai := find(code)
			if ai == nil {
				t.Errorf("%s is not in our table; the dictionary says %s", code, want)
				continue
			}
			if got := describe(ai); got != want {
				t.Errorf("%s: got\n%s, the dictionary says\n%s", code, got, want)
			}
		}
	}
	for _, ai := range All() {
		if !seen[ai.Code] {
			t.Errorf("%s is not in the dictionary", ai.Code)
		}
	}
}

// deviations are where we differ on purpose: 9999 in place of a time of day
// turns no parcel away.
var deviations = map[string][2]string{
	"4324": {"{hhmm}", "{hhmm99}"},
	"4325": {"{hhmm}", "{hhmm99}"},
}

type dictionaryRow struct {
	ais  []string
	text string // as [describe] writes it
}

// linters translates the dictionary's names of rules.
var linters = map[string]string{
	"csum": "cd10", "csumalpha": "cdpair", "gcppos1": "gcp1", "gcppos2": "gcp2",
	"yymmd0": "date0", "yymmdd": "date", "yyyymmdd": "date8", "hhmi": "hhmm", "hh": "hh", "mi": "mm", "ss": "ss",
	"iso3166": "country", "iso3166999": "country999", "iso3166alpha2": "country2", "iso4217": "currency", "iso5218": "sex",
	"iban": "iban", "latitude": "latitude", "longitude": "longitude", "pcenc": "percent", "pieceoftotal": "pieces",
	"posinseqslash": "sequence", "couponcode": "coupon", "couponposoffer": "offer", "yesno": "yesno", "winding": "winding",
	"hyphen": "minus", "zero": "zero", "nonzero": "nonzero", "nozeroprefix": "nozero", "hasnondigit": "nondigit",
	"importeridx": "importer", "mediatype": "media", "packagetype": "package",
}

func dictionary(t *testing.T) (rows []dictionaryRow) {
	data := os.Getenv("SCANPOST_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	file := filepath.Join(data, "gs1", "gs1-syntax-dictionary.txt")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("the AI table is not compared with GS1's dictionary: %v (set SCANPOST_DATA to the folder that holds gs1/)", err)
	}
	for line := range strings.Lines(string(text)) {
		spec, title, _ := strings.Cut(line, "#")
		if fields := strings.Fields(spec); len(fields) > 0 {
			rows = append(rows, translate(t, fields, strings.TrimSpace(title)))
		}
	}
	if len(rows) < 200 {
		t.Fatalf("%s: read %d rows only", file, len(rows))
	}
	return rows
}

// translate writes a row of the dictionary in our notation.
func translate(t *testing.T, fields []string, title string) dictionaryRow {
	var row dictionaryRow
	var parts, clauses []string
	separator, attribute := "GS", false
	for _, field := range fields[1:] {
		key, value, _ := strings.Cut(field, "=")
		switch {
		case key == "req":
			clauses = append(clauses, "needs "+strings.ReplaceAll(value, ",", " or "))
		case key == "ex":
			clauses = append(clauses, "not with "+strings.ReplaceAll(value, ",", " "))
		case key == "dlpkey":
			clauses = append(clauses, strings.TrimSpace("key "+strings.ReplaceAll(value, "|", " or ")))
		case strings.Trim(field, "*?") == "":
			attribute = strings.Contains(field, "?")
			if strings.Contains(field, "*") {
				separator = "--"
			}
		default:
			parts = append(parts, translatePart(t, field))
		}
	}
	if !attribute {
		clauses = append(clauses, "not in query")
	}
	slices.Sort(clauses)
	row.text = separator + " " + strings.Join(parts, " ") + " ; " + strings.Join(clauses, " ; ") + " # " + title
	first, last, isRange := strings.Cut(fields[0], "-")
	if !isRange {
		last = first
	}
	from, _ := strconv.Atoi(first)
	to, _ := strconv.Atoi(last)
	for n := from; n <= to; n++ {
		row.ais = append(row.ais, fmt.Sprintf("%0*d", len(first), n))
	}
	return row
}

func translatePart(t *testing.T, field string) string {
	names := strings.Split(field, ",")
	part, optional := strings.CutPrefix(strings.ToLower(names[0]), "[")
	part = strings.TrimSuffix(part, "]")
	var ours []string
	for _, name := range names[1:] {
		if linters[name] == "" {
			t.Errorf("the dictionary's rule %s is not among ours", name)
		}
		ours = append(ours, linters[name])
	}
	return notation(part, ours, optional)
}

func notation(part string, names []string, optional bool) string {
	if names != nil {
		part += "{" + strings.Join(names, ",") + "}"
	}
	if optional {
		part = "[" + part + "]"
	}
	return part
}

// describe writes what our table says of an AI, its clauses sorted.
func describe(a *AI) string {
	separator := "GS"
	if a.Predefined {
		separator = "--"
	}
	var parts, clauses []string
	for _, p := range a.Parts {
		part := string(p.Set)
		if p.Min != p.Max {
			part += ".."
		}
		parts = append(parts, notation(part+strconv.Itoa(p.Max), p.Rules, p.Optional))
	}
	if a.Needs != nil {
		var groups []string
		for _, group := range a.Needs {
			groups = append(groups, strings.Join(group, "+"))
		}
		clauses = append(clauses, "needs "+strings.Join(groups, " or "))
	}
	if a.Excludes != nil {
		clauses = append(clauses, "not with "+strings.Join(a.Excludes, " "))
	}
	if a.Key {
		var lists []string
		for _, list := range a.Qualifiers {
			lists = append(lists, strings.Join(list, ","))
		}
		clauses = append(clauses, strings.TrimSpace("key "+strings.Join(lists, " or ")))
	}
	if !a.Attribute {
		clauses = append(clauses, "not in query")
	}
	slices.Sort(clauses)
	return separator + " " + strings.Join(parts, " ") + " ; " + strings.Join(clauses, " ; ") + " # " + a.Title
}

// The list of predefined lengths is the whole one, with the AIs that GS1 has
// not given out yet: a scanner must not wait for a separator there.
func TestPredefined(t *testing.T) {
	want := map[int]int{0: 20, 1: 16, 2: 16, 3: 16, 4: 18, 20: 4, 41: 16}
	for prefix := 11; prefix <= 19; prefix++ {
		want[prefix] = 8
	}
	for prefix := 31; prefix <= 36; prefix++ {
		want[prefix] = 10
	}
	for prefix := range 100 {
		if got := predefined(prefix); got != want[prefix] {
			t.Errorf("%02d: %d, want %d", prefix, got, want[prefix])
		}
	}
}
