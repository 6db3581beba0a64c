package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"scanpost/devices/sim"
)

// standing are the tags before the antennas of a simulated reader.
type standing struct {
	mu   sync.Mutex
	tags []sim.Tag
}

func (f *standing) put(tags ...sim.Tag) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tags = tags
}

// tagOf reads EPC:ANTENNA:RSSI.
func tagOf(text string) (sim.Tag, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return sim.Tag{}, fmt.Errorf("%q is not EPC:ANTENNA:RSSI", text)
	}
	epc, err := hex.DecodeString(parts[0])
	if err != nil {
		return sim.Tag{}, err
	}
	antenna, err := strconv.Atoi(parts[1])
	if err != nil {
		return sim.Tag{}, err
	}
	rssi, err := strconv.Atoi(parts[2])
	return sim.Tag{EPC: epc, Antenna: antenna, RSSI: rssi}, err
}

// simulateReader is the script command "reader DO LINK ...": a simulated
// ThingMagic Nano with two antennas on a pseudo terminal.
//
//	reader plug LINK
//	reader field LINK [EPC:ANTENNA:RSSI]...   what stands in its field from now on
//	reader told LINK N      waits until it has told so many tags more
//	reader corrupt LINK N   flips a bit in each of its next N frames
func simulateReader(ts *testscript.TestScript, _ bool, args []string) {
	type plugIn struct {
		*sim.Mercury
		field *standing
	}
	link := ts.MkAbs(args[1])
	if args[0] == "plug" {
		p := plugIn{field: &standing{}}
		var err error
		p.Mercury, err = sim.NewMercury(link, sim.MercuryOptions{Tags: p.field.now})
		ts.Check(err)
		plugged.Store(link, p)
		ts.Defer(func() {
			plugged.Delete(link)
			p.Close()
		})
		return
	}
	found, there := plugged.Load(link)
	if !there {
		ts.Fatalf("no reader is plugged in at %s", args[1])
	}
	p := found.(plugIn)
	number := func() int {
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		return n
	}
	switch args[0] {
	case "field":
		var tags []sim.Tag
		for _, text := range args[2:] {
			tag, err := tagOf(text)
			ts.Check(err)
			tags = append(tags, tag)
		}
		p.field.put(tags...)
	case "told":
		enough := p.State().Told + number()
		soon(ts, "the tags", func() bool { return p.State().Told >= enough })
	case "corrupt":
		ts.Check(p.Corrupt(number()))
	default:
		ts.Fatalf("a reader does not %s", args[0])
	}
}

func (f *standing) now(time.Time) []sim.Tag {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tags
}
