package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"scanpost/scan/identity"
)

// The first signal ends the work; only the second one ends the goodbye.
func TestLeave(t *testing.T) {
	signals := make(chan os.Signal)
	work, goodbye, done := leave(signals)
	defer done()
	if work.Err() != nil || goodbye.Err() != nil {
		t.Fatal("ended before any signal")
	}
	signals <- syscall.SIGTERM
	<-work.Done()
	if goodbye.Err() != nil {
		t.Error("the first signal has cut the goodbye short")
	}
	signals <- os.Interrupt
	<-goodbye.Done()
}

// When the work ends by itself nothing is left behind.
func TestLeaveWithoutSignal(t *testing.T) {
	work, goodbye, done := leave(make(chan os.Signal))
	done()
	for _, ctx := range []context.Context{work, goodbye} {
		if ctx.Err() == nil {
			t.Error("a context is still alive")
		}
	}
}

// Every line has its answer beside it, also empty ones, ones that are too
// long, and a last one without its end.
func TestIdentifyAnswersEveryLine(t *testing.T) {
	pad := strings.Repeat(" ", longestLine-len(`{"raw":"A-1"}`))
	in := strings.Join([]string{
		`{"raw":"A-1"}`, ``, `{"raw":"A-1"}` + pad, `{"raw":"A-1"}` + pad + " ", `{"raw":"A-2"}`, `nonsense`, `{"raw":"A-3"}`,
	}, "\n")
	want := []string{"code:A-1", "bad_input", "code:A-1", "too_long", "code:A-2", "bad_input", "code:A-3"}
	var out bytes.Buffer
	if err := identifyLines(identity.Identifier{}, strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		var r identity.Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Error != nil {
			got = append(got, r.Error.Code)
		} else {
			got = append(got, r.Unit)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// However the lines arrive, the answers are the same; and the number of
// answers is the number of lines.
func FuzzIdentifyLines(f *testing.F) {
	f.Add([]byte("{\"raw\":\"]C100106141410000001238\"}\n\n{\"raw\":\"\\u001d\"}\r\nx"))
	f.Add([]byte{0xff, '\n', 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		var whole, chopped bytes.Buffer
		if err := identifyLines(identity.Identifier{}, bytes.NewReader(in), &whole); err != nil {
			t.Fatal(err)
		}
		if err := identifyLines(identity.Identifier{}, iotest.OneByteReader(bytes.NewReader(in)), &chopped); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(whole.Bytes(), chopped.Bytes()) {
			t.Errorf("in one piece %q, byte by byte %q", whole.String(), chopped.String())
		}
		lines := bytes.Count(in, []byte("\n"))
		if len(in) > 0 && in[len(in)-1] != '\n' {
			lines++
		}
		if got := bytes.Count(whole.Bytes(), []byte("\n")); got != lines {
			t.Errorf("%d answers to %d lines of %q", got, lines, in)
		}
	})
}

// What was read never reaches a terminal as it is: JSON stays JSON, and holds
// no character that a terminal would obey or that turns text round.
func TestHostileCodes(t *testing.T) {
	for _, code := range []string{"\x1b[2J", "\u009b31m", "\u202eabc", "a\u2028b", "\U000e0001x", "\x7f", "<b>&", "\xff\x1b", "Ä€\U0001f4e6"} {
		var out bytes.Buffer
		if err := printJSON(&out, lineOf(code, "]C0", "", false, "")); err != nil {
			t.Fatal(err)
		}
		if text := strings.TrimSuffix(out.String(), "\n"); text != harmless(text) || strings.Contains(text, "\n") {
			t.Errorf("%q reaches the terminal as %q", code, text)
		}
		var back sightingLine
		if err := json.Unmarshal(out.Bytes(), &back); err != nil {
			t.Fatalf("%q: %v", out.String(), err)
		}
		got := string(back.Bytes)
		if back.Code != nil {
			got = *back.Code
		}
		if got != code {
			t.Errorf("%q came back as %q", code, got)
		}
	}
}
