package main

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"scanpost/devices/sim"
)

// plugged are the simulated scanners of the scripts, by the link each stands
// under.
var plugged sync.Map

// simulate is the script command "scanner DO LINK ...": a simulated scanner on
// a pseudo terminal that sends one code per line, with AIM identifier and CR.
//
//	scanner plug LINK
//	scanner scan LINK AIM CODE   CODE with Go's escapes
//	scanner send LINK TEXT       bytes as they are
//	scanner hears LINK TEXT      waits until it was told TEXT
//	scanner unplug LINK
//	scanner replug LINK
func simulate(ts *testscript.TestScript, _ bool, args []string) {
	link := ts.MkAbs(args[1])
	if args[0] == "plug" {
		s, err := sim.NewScanner(link, sim.Framing{Suffix: "\r", AIM: true})
		ts.Check(err)
		plugged.Store(link, s)
		ts.Defer(func() {
			plugged.Delete(link)
			s.Close()
		})
		return
	}
	found, there := plugged.Load(link)
	if !there {
		ts.Fatalf("no scanner is plugged in at %s", args[1])
	}
	s := found.(*sim.Scanner)
	text := func(i int) string {
		text, err := strconv.Unquote(`"` + args[i] + `"`)
		ts.Check(err)
		return text
	}
	switch args[0] {
	case "scan":
		ts.Check(s.Scan(args[2], text(3)))
	case "send":
		ts.Check(s.Garbage([]byte(text(2))))
	case "hears":
		want := text(2)
		soon(ts, args[2], func() bool { return strings.Contains(string(s.Heard()), want) })
	case "unplug":
		ts.Check(s.Unplug())
	case "replug":
		ts.Check(s.Replug())
	default:
		ts.Fatalf("a scanner does not %s", args[0])
	}
}

// awaitText is the script command "awaits FILE REGEXP": until something in the
// background has written it.
func awaitText(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile("(?m)" + args[1])
	soon(ts, args[1], func() bool {
		b, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && want.Match(b)
	})
}

func soon(ts *testscript.TestScript, what string, is func() bool) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	patience := time.After(20 * time.Second)
	for !is() {
		select {
		case <-look.C:
		case <-patience:
			ts.Fatalf("%s has not come", what)
		}
	}
}
