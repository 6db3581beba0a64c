package pass

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var t0 = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return t0.Add(time.Duration(seconds * float64(time.Second))) }

// floor is a hall that begins at t0, and what it told.
type floor struct {
	*Hall
	t    *testing.T
	told []string
}

func newFloor(t *testing.T, portals ...Portal) *floor {
	t.Helper()
	h, err := NewHall(portals)
	if err != nil {
		t.Fatal(err)
	}
	h.Sweep(t0.Add(-time.Hour)) // nothing is there from the beginning
	return &floor{Hall: h, t: t}
}

// read lets a tag be heard some times, 50 ms apart.
func (f *floor) read(portal, tag string, from float64, times, rssi int) {
	f.along(portal, tag, from, 1, slices.Repeat([]int{rssi}, times)...)
}

// along is reads of one antenna, 50 ms apart, each with its strength.
func (f *floor) along(portal, tag string, from float64, antenna int, rssi ...int) {
	for i, r := range rssi {
		f.Hear(&Read{Portal: portal, EPC: []byte(tag), Antenna: antenna, RSSI: r, HasRSSI: true}, at(from+0.05*float64(i)))
	}
	f.note()
}

func (f *floor) gate(open bool, seconds float64) {
	f.Gate("a", open, at(seconds))
	f.note()
}

// until lets time go by.
func (f *floor) until(seconds float64) {
	f.Sweep(at(seconds))
	f.note()
}

func (f *floor) note() {
	for _, e := range f.Events() {
		p := e.Pass
		words := []string{e.Kind.String(), p.Portal, string(p.EPC), fmt.Sprintf("%.2f-%.2f n=%d", p.First.Sub(t0).Seconds(), p.Last.Sub(t0).Seconds(), p.Reads)}
		if e.Kind != Complete {
			words = append(words, fmt.Sprintf("ant=%d %d", p.Antenna, p.RSSI))
		}
		words = append(words, p.Direction.String(), p.Reason)
		if p.Group != 0 {
			words = append(words, fmt.Sprintf("group=%.1f", time.UnixMilli(p.Group).Sub(t0).Seconds()))
		}
		f.told = append(f.told, strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " "))
	}
}

func (f *floor) want(want ...string) {
	f.t.Helper()
	if !slices.Equal(f.told, want) {
		f.t.Errorf("told\n  %s\nwant\n  %s", strings.Join(f.told, "\n  "), strings.Join(want, "\n  "))
	}
	f.told = nil
}

func (f *floor) strays(want Strays) {
	f.t.Helper()
	if got := f.Counters()[0].Strays; got != want {
		f.t.Errorf("strays %+v, want %+v", got, want)
	}
}

// What makes a pass, and when it is told.
func TestConfirm(t *testing.T) {
	for name, c := range map[string]struct {
		portal Portal
		do     func(f *floor)
		want   []string
		strays Strays
	}{
		"three reads of which one is strong": {do: func(f *floor) { f.along("a", "x", 1, 1, -70, -60, -68) }, want: []string{
			"confirmed a x 1.00-1.10 n=3 ant=1 -60", "passed a x 1.00-1.10 n=3 ant=1 -60"}},
		"two reads are none":       {do: func(f *floor) { f.read("a", "x", 1, 2, -40) }, strays: Strays{Few: 1}},
		"nine weak reads are none": {do: func(f *floor) { f.read("a", "x", 1, 9, -66) }, strays: Strays{Weak: 1}},
		"ten weak ones are": {do: func(f *floor) { f.read("a", "x", 1, 10, -66) }, want: []string{
			"confirmed a x 1.00-1.45 n=10 ant=1 -66", "passed a x 1.00-1.45 n=10 ant=1 -66"}},
		"a record that stands for three reads": {do: func(f *floor) {
			f.Hear(&Read{Portal: "a", EPC: []byte("x"), Antenna: 2, RSSI: -50, HasRSSI: true, Count: 3}, at(1))
		}, want: []string{"confirmed a x 1.00-1.00 n=3 ant=2 -50", "passed a x 1.00-1.00 n=3 ant=2 -50"}},
		"a strong read by its antenna's offset": {portal: Portal{Offsets: []int{-10}}, do: func(f *floor) { f.read("a", "x", 1, 9, -56) }, strays: Strays{Weak: 1}},
		"without strength three reads will do, and the antenna is that of most": {do: func(f *floor) {
			for i, antenna := range []int{1, 2, 2} {
				f.Hear(&Read{Portal: "a", EPC: []byte("x"), Antenna: antenna}, at(1+float64(i)/10))
			}
		}, want: []string{"confirmed a x 1.00-1.20 n=3 ant=2 0", "passed a x 1.00-1.20 n=3 ant=2 0"}},
		"a reader's own measure only ranks": {do: func(f *floor) {
			for i, rssi := range []int{30, 200, 90} {
				f.Hear(&Read{Portal: "a", EPC: []byte("x"), Antenna: i + 1, RSSI: rssi, HasRSSI: true, Relative: true}, at(1+float64(i)/10))
			}
		}, want: []string{"confirmed a x 1.00-1.20 n=3 ant=2 200", "passed a x 1.00-1.20 n=3 ant=2 200"}},
		"one read of a single target": {portal: Portal{SingleTarget: true}, do: func(f *floor) { f.read("a", "x", 1, 1, -71) }, want: []string{
			"confirmed a x 1.00-1.00 n=1 ant=1 -71", "passed a x 1.00-1.00 n=1 ant=1 -71"}},
		"five reads if so configured":    {portal: Portal{MinReads: 5}, do: func(f *floor) { f.read("a", "x", 1, 4, -40) }, strays: Strays{Few: 1}},
		"an empty EPC, and one too long": {do: func(f *floor) { f.read("a", "", 1, 3, -40); f.read("a", strings.Repeat("x", 63), 1, 3, -40) }, strays: Strays{Malformed: 6}},
		"a portal that is not there":     {do: func(f *floor) { f.read("z", "x", 1, 3, -40) }},
	} {
		t.Run(name, func(t *testing.T) {
			c.portal.Name = "a"
			f := newFloor(t, c.portal)
			c.do(f)
			f.until(20)
			f.want(c.want...)
			f.strays(c.strays)
		})
	}
}

// A pass ends when its tag has been silent for longer than chance explains.
func TestGap(t *testing.T) {
	type silence struct {
		portal Portal
		reads  func(f *floor)
		silent float64 // after the last read
		passed bool
	}
	every := func(seconds float64, n int) func(f *floor) {
		return func(f *floor) {
			for i := range n {
				f.read("a", "x", 10-seconds*float64(n-1-i), 1, -50)
			}
		}
	}
	for name, c := range map[string]silence{
		"600 ms after a tag that was heard all the time": {Portal{}, every(.05, 20), .6, true},
		"and not before":                         {Portal{}, every(.05, 20), .59, false},
		"4.6 times the mean time between reads":  {Portal{}, every(.3, 20), 1.45, true},
		"and not before that":                    {Portal{}, every(.3, 20), 1.3, false},
		"2 s at most":                            {Portal{}, every(1, 9), 2, true},
		"as long as configured":                  {Portal{Gap: 3 * time.Second}, every(.05, 20), 2.9, false},
		"three turns of the antennas":            {Portal{Cycle: 500 * time.Millisecond}, every(.05, 20), 1.45, false},
		"three turns, then it is over":           {Portal{Cycle: 500 * time.Millisecond}, every(.05, 20), 1.5, true},
		"a weak one may be still coming for 5 s": {Portal{}, func(f *floor) { f.read("a", "x", 9.5, 11, -70) }, 4.9, false},
		"three turns that were measured": {Portal{}, func(f *floor) {
			for turn := range 8 {
				f.along("a", "x", 10-.4*float64(7-turn)-.15, 1+turn%2, -50, -50, -50, -50)
			}
		}, 1.95, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.portal.Name = "a"
			f := newFloor(t, c.portal)
			c.reads(f)
			f.until(10 + c.silent)
			if passed := strings.HasPrefix(f.told[len(f.told)-1], "passed"); passed != c.passed {
				t.Errorf("told %q", f.told)
			}
		})
	}
}

// The more tags share the reader, the longer a candidate may be unheard, and
// the fewer weak reads make a pass.
func TestLoad(t *testing.T) {
	f := newFloor(t, Portal{Name: "a"})
	const tags = 250 // at 100 reads/s each is heard every 2.5 s
	for i := range 5 * tags {
		f.Hear(&Read{Portal: "a", EPC: []byte(fmt.Sprint("tag", i%tags)), Antenna: 1, RSSI: -70, HasRSSI: true}, at(float64(i)/100))
	}
	f.until(60)
	if c := f.Counters()[0]; c.Parked != 0 || c.Strays.Few != 0 || c.Strays.Background != tags {
		t.Errorf("%+v", c)
	}
}

// Of one tag, portal and stay one pass is told.
func TestRearm(t *testing.T) {
	f := newFloor(t, Portal{Name: "a"})
	f.read("a", "x", 1, 5, -50) // until 1.2
	f.until(4)
	f.read("a", "x", 5, 5, -50) // until 5.2: the same, pulled back
	f.until(10)
	f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50", "passed a x 1.00-1.20 n=5 ant=1 -50")
	f.until(10.2)
	f.read("a", "x", 10.3, 5, -50)
	f.until(12)
	f.want("confirmed a x 10.30-10.40 n=3 ant=1 -50", "passed a x 10.30-10.50 n=5 ant=1 -50")
}

// A tag that stays is told once, and passes again when it was away.
func TestParked(t *testing.T) {
	f := newFloor(t, Portal{Name: "a"})
	f.read("a", "x", 1, 2000, -50) // 100 s
	f.until(160)
	f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50", "parked a x 1.00-10.95 n=200 ant=1 -50 parked")
	f.read("a", "x", 160.5, 5, -40) // 59.5 s later
	f.until(220)
	f.want()
	f.read("a", "x", 221, 5, -50)
	f.until(223)
	f.want("confirmed a x 221.00-221.10 n=3 ant=1 -50", "passed a x 221.00-221.20 n=5 ant=1 -50")
}

// What passed and does not leave is parked without being told again.
func TestPassedAndStays(t *testing.T) {
	f := newFloor(t, Portal{Name: "a"})
	f.read("a", "x", 1, 5, -50)
	f.until(3)
	for s := 3.0; s < 40; s += 3 {
		f.read("a", "x", s, 5, -50)
	}
	f.until(60)
	f.read("a", "x", 61, 5, -50)
	f.until(70)
	f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50", "passed a x 1.00-1.20 n=5 ant=1 -50")
}

// What stands in the field from the reader's beginning is background: no pass,
// until it is heard 10 dB better than ever, or unmistakably after it was away.
func TestBackground(t *testing.T) {
	start := func(rssi int) *floor {
		f := newFloor(t, Portal{Name: "a"})
		f.Started("a", at(0))
		f.read("a", "x", 1, 600, rssi) // 30 s
		return f
	}
	t.Run("it is dropped", func(t *testing.T) {
		f := start(-55)
		f.until(50)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -55", "dropped a x 1.00-10.95 n=200 ant=1 -55 background")
		f.strays(Strays{Background: 1})
		if tags := f.Tags(at(50)); len(tags) != 1 || tags[0].State != "background" {
			t.Errorf("tags %+v", tags)
		}
	})
	t.Run("weak, though it came later", func(t *testing.T) {
		f := newFloor(t, Portal{Name: "a"})
		for i := range 60 {
			f.read("a", "x", 100+float64(i)*.5, 1, -70) // not from the beginning
		}
		f.until(140)
		f.want("confirmed a x 100.00-104.50 n=10 ant=1 -70", "dropped a x 100.00-109.50 n=20 ant=1 -70 background")
	})
	t.Run("10 dB better it passes", func(t *testing.T) {
		f := start(-55)
		f.told = nil
		f.along("a", "x", 31.5, 1, -50, -45, -44, -43, -44, -54)
		f.until(35)
		f.want("confirmed a x 31.60-31.70 n=3 ant=1 -43", "passed a x 31.60-31.75 n=4 ant=1 -43")
	})
	t.Run("shortly away, not quite 10 dB better", func(t *testing.T) {
		f := start(-55)
		f.told = nil
		f.read("a", "x", 60, 5, -45)
		f.until(70)
		f.want()
	})
	t.Run("a minute away, 10 dB better than the threshold", func(t *testing.T) {
		f := start(-50)
		f.told = nil
		f.along("a", "x", 120, 1, -56, -54, -54, -54)
		f.until(130)
		f.want("confirmed a x 120.05-120.15 n=3 ant=1 -54", "passed a x 120.05-120.15 n=3 ant=1 -54")
	})
	t.Run("a minute away, weak as it was", func(t *testing.T) {
		f := start(-66)
		f.told = nil
		f.read("a", "x", 120, 20, -60)
		f.until(130)
		f.want()
	})
	t.Run("a day later it is forgotten", func(t *testing.T) {
		f := start(-66)
		f.told = nil
		f.until(2 * 86400)
		f.read("a", "x", 2*86400+1, 5, -60)
		f.until(2*86400 + 10)
		f.want("confirmed a x 172801.00-172801.10 n=3 ant=1 -60", "passed a x 172801.00-172801.20 n=5 ant=1 -60")
	})
	t.Run("what leaves in time was a pass", func(t *testing.T) {
		f := newFloor(t, Portal{Name: "a"})
		f.Started("a", at(0))
		f.read("a", "x", .1, 5, -50)
		f.until(5)
		f.want("confirmed a x 0.10-0.20 n=3 ant=1 -50", "passed a x 0.10-0.30 n=5 ant=1 -50")
	})
}

// The direction is that of the antennas' mean times, and is not guessed.
func TestDirection(t *testing.T) {
	for name, c := range map[string]struct {
		first, second []int // strengths of antenna 3, and from 0.3 s later of antenna 7
		want          string
	}{
		"forward":                     {[]int{-60, -50, -45, -50, -60}, []int{-60, -50, -45, -50, -60}, "forward"},
		"one antenna heard it once":   {[]int{-60, -50, -45, -50, -60}, []int{-45}, ""},
		"one antenna hardly heard it": {[]int{-50, -45, -50, -55}, []int{-60, -58, -60, -62}, ""},
		"the first one's best is its last, the other's its first": {[]int{-60, -50, -45, -44}, []int{-44, -45, -50, -60}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, way := range []string{"forward", "backward"} {
				line := [2]int{3, 7}
				if way == "backward" {
					line = [2]int{7, 3}
				}
				f := newFloor(t, Portal{Name: "a", Line: line})
				f.along("a", "x", 1, 3, c.first...)
				f.along("a", "x", 1.3, 7, c.second...)
				f.until(5)
				want := c.want
				if want != "" {
					want = way
				}
				last := f.told[len(f.told)-1]
				got := ""
				for _, w := range []string{"forward", "backward"} {
					if strings.HasSuffix(last, w) {
						got = w
					}
				}
				if got != want {
					t.Errorf("%s: %q, want %q", way, last, want)
				}
			}
		})
	}
	t.Run("hardly apart in time", func(t *testing.T) {
		f := newFloor(t, Portal{Name: "a", Line: [2]int{1, 2}})
		for i, rssi := range []int{-60, -50, -45, -50, -60, -65} {
			f.along("a", "x", 1+.2*float64(i), 1, rssi)
			f.along("a", "x", 1.1+.2*float64(i), 2, rssi)
		}
		f.until(5)
		f.want("confirmed a x 1.00-1.20 n=3 ant=1 -50", "passed a x 1.00-2.10 n=12 ant=1 -45")
	})
}
