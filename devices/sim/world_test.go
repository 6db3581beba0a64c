package sim

import (
	"reflect"
	"testing"
	"time"
)

// parcel goes along a lane from 4 m before the gantry to 4 m behind it.
func parcel(epc string, at time.Duration, y, speed float64) Item {
	return Item{EPC: []byte(epc), Body: true, Path: []Point{{at, -4, y}, {at + time.Duration(8/speed*float64(time.Second)), 4, y}}}
}

func all(s Scene) (told []Instant, truth []Crossing) {
	w := NewWorld(s)
	for {
		i, ok := w.Next()
		if !ok {
			return told, w.Crossings()
		}
		told = append(told, i)
	}
}

// A world is a function of its scene, in the order of time.
func TestWorldRepeats(t *testing.T) {
	s := Scene{Seed: 3, Gantries: []Gantry{{Name: "a"}, {Name: "b", Y: 1.5, Beam: true}}, Missed: .3,
		Items: []Item{parcel("x", 0, 0, 1), parcel("y", time.Second, 1.5, 2)}}
	told, truth := all(s)
	again, same := all(s)
	if !reflect.DeepEqual(told, again) || !reflect.DeepEqual(truth, same) {
		t.Error("the same scene went another way")
	}
	s.Seed = 4
	if other, _ := all(s); reflect.DeepEqual(told, other) {
		t.Error("another seed went the same way")
	}
	for i := 1; i < len(told); i++ {
		if told[i].At < told[i-1].At {
			t.Fatalf("%v comes after %v", told[i].At, told[i-1].At)
		}
	}
}

// A tag is heard best under the antenna, hardly 2 m beside it, and not 5 m away.
func TestWorldDistance(t *testing.T) {
	heard := func(x float64) (n, strongest int) {
		told, _ := all(Scene{Gantries: []Gantry{{Name: "a"}}, Items: []Item{{EPC: []byte("x"), Path: []Point{{X: x}, {At: 10 * time.Second, X: x}}}}})
		strongest = -200
		for _, i := range told {
			strongest = max(strongest, i.Tag.RSSI)
		}
		return len(told), strongest
	}
	under, best := heard(0)
	beside, weak := heard(2)
	far, _ := heard(5)
	if under < 500 || best < -45 || best > -33 || beside > under/2 || weak > -60 || far != 0 {
		t.Errorf("under %d reads up to %d dBm, beside %d up to %d, far %d", under, best, beside, weak, far)
	}
}

// A tag that has answered a single target in S2 is silent while it has power,
// at every reader of that session; in S1 it comes back within some seconds.
func TestWorldSessions(t *testing.T) {
	count := func(session int, single bool) map[int]int {
		n := map[int]int{}
		g := Gantry{Session: session, Single: single}
		g.Name = "a"
		h := g
		h.Name, h.X = "b", .5
		told, _ := all(Scene{Gantries: []Gantry{g, h}, Items: []Item{{EPC: []byte("x"), Path: []Point{{}, {At: time.Minute}}}}})
		for _, i := range told {
			n[i.Gantry]++
		}
		return n
	}
	if n := count(2, true); n[0]+n[1] != 1 {
		t.Errorf("S2, single target: %v reads", n)
	}
	if n := count(1, true); n[0]+n[1] < 12 || n[0]+n[1] > 120 {
		t.Errorf("S1, single target: %v reads in a minute", n)
	}
	if n := count(2, false); n[0] < 1000 || n[1] < 1000 {
		t.Errorf("S2, dual target: %v reads in a minute", n)
	}
}

// All tags together share what the reader can take.
func TestWorldRate(t *testing.T) {
	s := Scene{Gantries: []Gantry{{Name: "a", Rate: 200}}}
	for i := range 100 {
		s.Items = append(s.Items, Item{EPC: []byte{byte(i)}, Path: []Point{{}, {At: 10 * time.Second}}})
	}
	told, _ := all(s)
	each := map[byte]int{}
	for _, i := range told {
		each[i.Tag.EPC[0]]++
	}
	if len(told) > 2200 || len(told) < 1500 || len(each) != 100 {
		t.Errorf("%d reads of %d tags in ten seconds, want nearly 2000 of 100", len(told), len(each))
	}
}

// The truth is in the paths: who was under which gantry, when, and which way.
func TestWorldTruth(t *testing.T) {
	s := Scene{Gantries: []Gantry{{Name: "a", Beam: true}, {Name: "b", X: 20}}, Items: []Item{
		parcel("forth", 0, 0, 2),
		{EPC: []byte("back"), Path: []Point{{10 * time.Second, 4, 0}, {14 * time.Second, -4, 0}}},
		{EPC: []byte("in and out"), Path: []Point{{20 * time.Second, -4, 0}, {22 * time.Second, 0, 0}, {24 * time.Second, -4, 0}}},
		parcel("another lane", 30*time.Second, 3, 1),
	}}
	told, truth := all(s)
	want := []Crossing{
		{"a", []byte("forth"), 1400 * time.Millisecond, 2600 * time.Millisecond, 1, 0},
		{"a", []byte("back"), 11400 * time.Millisecond, 12600 * time.Millisecond, -1, 0},
		{"a", []byte("in and out"), 21400 * time.Millisecond, 22600 * time.Millisecond, 0, 0},
	}
	for i := range truth {
		if truth[i].Reads < 50 {
			t.Errorf("%s was read %d times", truth[i].EPC, truth[i].Reads)
		}
		truth[i].Reads = 0
		truth[i].Enter, truth[i].Exit = truth[i].Enter.Round(time.Millisecond), truth[i].Exit.Round(time.Millisecond)
	}
	if !reflect.DeepEqual(truth, want) {
		t.Errorf("truth %+v\nwant %+v", truth, want)
	}
	var beams []Instant
	for _, i := range told {
		if i.Tag.EPC == nil {
			i.At = i.At.Round(time.Millisecond)
			beams = append(beams, i)
		}
	}
	if want := []Instant{{At: 1900 * time.Millisecond, Open: true}, {At: 2100 * time.Millisecond}}; !reflect.DeepEqual(beams, want) {
		t.Errorf("beams %+v, want %+v", beams, want)
	}
}

// A simulated reader can ask the world itself.
func TestWorldTags(t *testing.T) {
	start := time.Unix(1000, 0)
	w := NewWorld(Scene{Gantries: []Gantry{{Name: "a", Antennas: []float64{-.5, .5}}}, Items: []Item{parcel("x", 0, 0, 1)}})
	tags := w.Tags(0, start)
	if heard := tags(start); len(heard) != 0 {
		t.Errorf("4 m away: %+v", heard)
	}
	heard := tags(start.Add(3500 * time.Millisecond))
	if len(heard) != 2 || heard[0].Antenna != 1 || heard[1].Antenna != 2 || heard[0].RSSI <= heard[1].RSSI-12 || string(heard[0].EPC) != "x" {
		t.Errorf("under the first antenna: %+v", heard)
	}
}
