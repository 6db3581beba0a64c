package gs1

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Every row of our table says what GS1's syntax dictionary says of that AI, and
// our list of predefined lengths is the dictionary's for all AIs, including
// those that the table does not have yet.
func TestDictionary(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range dictionary(t) {
		first, last, isRange := strings.Cut(row.ais, "-")
		if !isRange {
			last = first
		}
		from, _ := strconv.Atoi(first)
		to, _ := strconv.Atoi(last)
		for n := from; n <= to; n++ {
			code := fmt.Sprintf("%0*d", len(first), n)
			seen[code] = true
			if has := predefined(prefix(code)) > 0; has != row.predefined {
				t.Errorf("%s: predefined %t, the dictionary says %t", code, has, row.predefined)
			}
			ai, ok := table.ai[code]
			if !ok {
				continue
			}
			if got := shape(ai); got != row.parts || ai.Title != row.title || ai.Predefined != row.predefined {
				t.Errorf("%s: got %s %q, the dictionary says %s %q", code, got, ai.Title, row.parts, row.title)
			}
		}
	}
	for code := range table.ai {
		if !seen[code] {
			t.Errorf("%s is not in the dictionary", code)
		}
	}
}

type dictionaryRow struct {
	ais, parts, title string
	predefined        bool
}

// linters translates those of the dictionary that we check. The others (company
// prefixes, countries) come with the full table.
var linters = map[string]string{"csum": "cd10", "yymmd0": "date0"}

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
		fields := strings.Fields(spec)
		if len(fields) == 0 {
			continue
		}
		row := dictionaryRow{ais: fields[0], title: strings.TrimSpace(title)}
		var parts []string
		for _, field := range fields[1:] {
			switch {
			case strings.Contains(field, "=") || field == "dlpkey":
			case strings.ContainsAny(field, "*?"):
				row.predefined = strings.Contains(field, "*")
			default:
				parts = append(parts, translate(field))
			}
		}
		row.parts = strings.Join(parts, " ")
		rows = append(rows, row)
	}
	if len(rows) < 100 {
		t.Fatalf("%s: read %d rows only", file, len(rows))
	}
	return rows
}

// translate writes a component of the dictionary in our notation.
func translate(field string) string {
	names := strings.Split(field, ",")
	part, optional := strings.CutPrefix(strings.ToLower(names[0]), "[")
	part = strings.TrimSuffix(part, "]")
	for _, name := range names[1:] {
		if rule := linters[name]; rule != "" {
			part += "{" + rule + "}"
		}
	}
	if optional {
		return "[" + part + "]"
	}
	return part
}

// shape writes what the table says of an AI in the table's notation.
func shape(a *AI) string {
	var parts []string
	for _, p := range a.Parts {
		part := string(p.Set)
		if p.Min != p.Max {
			part += ".."
		}
		part += strconv.Itoa(p.Max)
		if p.Rule != "" {
			part += "{" + p.Rule + "}"
		}
		if p.Optional {
			part = "[" + part + "]"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}
