package pass_test

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"scanpost/devices/sim"
	"scanpost/scan/pass"
)

// A tag that is known costs no memory, however often it is heard.
func TestHearAllocatesNothing(t *testing.T) {
	hall, _ := pass.NewHall([]pass.Portal{{Name: "a", Line: [2]int{1, 2}, Dwell: time.Hour}, {Name: "b"}})
	r := pass.Read{Portal: "a", EPC: make([]byte, 12), Antenna: 1, RSSI: -50, HasRSSI: true}
	now := start
	hear := func() {
		for i := range byte(100) {
			r.EPC[11] = i
			r.Antenna = 1 + int(i%2)
			now = now.Add(time.Millisecond)
			hall.Hear(&r, now)
			hall.Sweep(now)
		}
	}
	for range 4 {
		hear()
	}
	hall.Events()
	if n := testing.AllocsPerRun(100, hear); n != 0 {
		t.Errorf("%v allocations in 100 reads of 100 tags", n)
	}
}

// After ten minutes of a busy dock a hall holds no more than after two.
func TestMemoryIsFlat(t *testing.T) {
	made := newTraffic(7)
	for i, name := range []string{"a", "b"} {
		g := two(name)
		g.Y, g.Power, g.Rate = 3*float64(i), 10, 1000
		made.gantry(g, line)
	}
	for range 100 { // parked all the time
		x, y := made.between(-2, 2), made.between(4, 5)
		made.item(made.epc(), false, sim.Point{X: x, Y: y}, sim.Point{At: 11 * time.Minute, X: x, Y: y})
	}
	for made.now < 10*time.Minute {
		made.pallet(30, way(made.after(2, 4), 0, 3*float64(made.random.IntN(2)), made.either()*made.between(.8, 2)))
	}
	hall, err := pass.NewHall(made.portals)
	if err != nil {
		t.Fatal(err)
	}
	world := sim.NewWorld(made.Scene)
	hall.Sweep(start)
	var early, late held
	passes := 0
	for now, move := range replay(world, made.portals, start) {
		move(hall, now)
		hall.Sweep(now)
		for _, e := range hall.Events() {
			if e.Kind == pass.Passed {
				passes++
			}
		}
		switch at := now.Sub(start); {
		case early.heap == 0 && at >= 2*time.Minute:
			early = weigh(hall)
		case late.heap == 0 && at >= 10*time.Minute:
			late = weigh(hall)
		}
	}
	t.Logf("%d reads, %d passes; after two minutes %+v, after ten %+v", reads(hall), passes, early, late)
	if late.heap > early.heap+256<<10 {
		t.Errorf("the heap grew from %d to %d bytes", early.heap, late.heap)
	}
	if late.tags > 2*early.tags {
		t.Errorf("%d tags are kept, %d were after two minutes", late.tags, early.tags)
	}
	hall.Sweep(start.Add(72 * time.Hour))
	if tags := hall.Tags(start); len(tags) != 0 {
		t.Errorf("three days later %d tags are still kept", len(tags))
	}
	runtime.KeepAlive(world)
}

// held is what a hall holds.
type held struct {
	heap uint64
	tags int
}

func weigh(h *pass.Hall) held {
	tags := len(h.Tags(start))
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return held{m.HeapAlloc, tags}
}

// Reads of 400 tags in the field, 2000 a second, of which a hundredth leaves
// and is replaced all the time; Sweep every 50 ms.
func BenchmarkHear(b *testing.B) {
	hall, _ := pass.NewHall([]pass.Portal{{Name: "a", Line: [2]int{1, 2}}, {Name: "b"}, {Name: "c"}, {Name: "d"}})
	const tags = 400
	r := pass.Read{Portal: "a", EPC: make([]byte, 12), HasPC: true, PC: 0x3000, HasRSSI: true}
	now := start
	passes := 0
	i := 0
	for b.Loop() {
		now = now.Add(500 * time.Microsecond)
		tag := i % tags
		life := (i + tag*16) / (tags * 16) // heard 16 times, then another comes
		binary.BigEndian.PutUint32(r.EPC[4:], uint32(tag))
		binary.BigEndian.PutUint32(r.EPC[8:], uint32(life))
		r.Antenna, r.RSSI = 1+i/7%2, -45-i%25
		hall.Hear(&r, now)
		if i%100 == 0 {
			hall.Sweep(now)
			passes += len(hall.Events())
		}
		i++
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "reads/s")
	b.ReportMetric(1000*float64(passes)/float64(i), "events/1000reads")
}
