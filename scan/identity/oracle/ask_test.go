//go:build oracle

package oracle

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// ask puts questions to an oracle, all in one run of Node, and returns its
// answers in the same order. The oracle is the file name.cjs beside this one.
func ask[Q, A any](t *testing.T, name string, questions []Q) []A {
	t.Helper()
	if os.Getenv("ORACLE_MODULES") == "" {
		t.Skip("no oracle is installed: run make oracle")
	}
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	enc.SetEscapeHTML(false)
	for _, q := range questions {
		if err := enc.Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	var errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "node", "ask.cjs", name)
	cmd.Stdin, cmd.Stderr = &in, &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node ask.cjs %s: %v\n%s", name, err, errs.String())
	}
	answers := make([]A, 0, len(questions))
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var a A
		if err := d.Decode(&a); err != nil {
			t.Fatalf("answer %d of %s: %v", len(answers)+1, name, err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%s answered %d of %d questions\n%s", name, len(answers), len(questions), errs.String())
	}
	return answers
}
