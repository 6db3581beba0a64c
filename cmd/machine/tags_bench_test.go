package machine

import (
	"encoding/binary"
	"runtime"
	"slices"
	"testing"
	"time"

	"scanpost/cmd/config"
	"scanpost/devices"
	"scanpost/devices/wire"
)

// storm is a reader's field as bytes on its wire: 200 parcels at a time, each
// heard some 25 times while it comes and goes, and replaced by the next one.
type storm struct {
	frame func(dst []byte, epc []byte, antenna, rssi int) []byte
	n     int
	buf   []byte
}

const inField, timesHeard = 200, 25

// next are the bytes of so many reads more.
func (s *storm) next(reads int) []byte {
	s.buf = s.buf[:0]
	epc := [12]byte{0x31, 0x14, 0x25, 0x7B, 0xF4}
	for range reads {
		slot := s.n % inField
		life := (s.n + slot*timesHeard) / (inField * timesHeard)
		heard := (s.n + slot*timesHeard) / inField % timesHeard
		binary.BigEndian.PutUint32(epc[5:], uint32(life*inField+slot))
		rssi := -70 + 2*min(heard, timesHeard-heard)
		s.buf = s.frame(s.buf, epc[:], 1+s.n/7%2, rssi)
		s.n++
	}
	return s.buf
}

// crc16 is the checksum that a tag sends over its PC and EPC.
func crc16(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return ^crc
}

// whole is a tag's PC, EPC and checksum.
func whole(epc []byte) []byte {
	b := append([]byte{0x30, 0x00}, epc...)
	return binary.BigEndian.AppendUint16(b, crc16(b))
}

func mercuryFrame(dst, epc []byte, antenna, rssi int) []byte {
	from := len(dst)
	dst = append(dst, 0xFF, 0, 0x22, 0, 0, 0x10, 0, 0x1B, 0x01, 0xFF, 0x01,
		1, byte(int8(rssi)), byte(antenna<<4|antenna), 0x0E, 0x16, 0x40, 0, 0, 1, 0x27, 0, 0, 5, 0, 0, 0x0F, 0, 0x80)
	dst = append(dst, whole(epc)...)
	dst[from+1] = byte(len(dst) - from - 5)
	crc := uint16(0xFFFF)
	for _, c := range dst[from+1:] {
		for bit := 7; bit >= 0; bit-- {
			top := crc&0x8000 != 0
			crc = crc<<1 | uint16(c>>bit&1)
			if top {
				crc ^= 0x1021
			}
		}
	}
	return binary.BigEndian.AppendUint16(dst, crc)
}

func bbFrame(dst, epc []byte, antenna, rssi int) []byte {
	from := len(dst)
	dst = append(dst, 0xBB, 0x02, 0x22, 0, 0x11, byte(int8(rssi)))
	dst = append(dst, whole(epc)...)
	sum := byte(0)
	for _, c := range dst[from+1:] {
		sum += c
	}
	return append(dst, sum, 0x7E)
}

func llrpFrame(dst, epc []byte, antenna, rssi int) []byte {
	tag := append([]byte{0x8D}, epc...)
	tag = append(tag, 0x81, 0, byte(antenna), 0x86, byte(int8(rssi)), 0x82, 0, 6, 0x0A, 0x24, 0x18, 0x1E, 0x40, 0, 0x84, 0, 6, 0x0A, 0x24, 0x18, 0x1F, 0x78, 0x80,
		0x88, 0, 1, 0x8C, 0x30, 0, 0x8B)
	tag = binary.BigEndian.AppendUint16(tag, crc16(whole(epc)[:14]))
	dst = append(dst, 0x04, 0x3D, 0, 0, 0, byte(14+len(tag)), 0, 0, 0, 1)
	return append(append(dst, 0, 0xF0, 0, byte(4+len(tag))), tag...)
}

var storms = map[string]struct {
	profile, options string
	frame            func(dst, epc []byte, antenna, rssi int) []byte
}{
	"Mercury": {"thingmagic-nano-serial", `{ region = "eu3" }`, mercuryFrame},
	"BB":      {"m100-serial", `{ region = "eu" }`, bbFrame},
	"LLRP":    {"generic-llrp", `{}`, llrpFrame},
}

// hall is a station's passes behind a decoder, without its disk.
type hall struct {
	t       *tags
	decoder wire.Decoder
	heard   func([]wire.Read, time.Time)
	out     wire.Output
	now     time.Time
	reads   int
	passed  int
}

func newHall(tb testing.TB, kind string) *hall {
	tb.Helper()
	s := storms[kind]
	port := map[bool]string{true: "tcp:127.0.0.1:1", false: "serial:/dev/ttyS1"}[kind == "LLRP"]
	cfg, err := config.Parse("station.toml", []byte("[station]\nsite = \"ham1\"\nname = \"dock-01\"\ncheckpoint = \"label\"\ndata = \"/nowhere\"\n[[device]]\nname = \"portal\"\nprofile = \""+
		s.profile+"\"\nport = \""+port+"\"\noptions = "+s.options+"\nantennas = { 2 = \"load\" }\n"))
	if err != nil {
		tb.Fatal(err)
	}
	h := &hall{now: time.Now()}
	m := &machine{cfg: cfg}
	cfg.Station.Data = tb.TempDir()
	if h.t, err = m.openTags(&station{}); err != nil {
		tb.Fatal(err)
	}
	d := &cfg.Devices[0]
	if h.decoder, err = devices.NewDecoder(d.Profile.Decoder, d.Profile.Options); err != nil {
		tb.Fatal(err)
	}
	h.heard = h.t.heard(d)
	return h
}

// hear takes bytes of the wire, as a connection does.
func (h *hall) hear(b []byte, took time.Duration) {
	h.now = h.now.Add(took)
	h.out.Reset()
	h.decoder.Decode(b, &h.out)
	h.reads += len(h.out.Reads)
	h.heard(h.out.Reads, h.now)
	for range h.t.events {
		h.passed++
	}
	h.t.events = h.t.events[:0]
}

// A thousand reads a second, ten in a piece.
const piece, pieceTakes = 10, 10 * time.Millisecond

// Reads through decoder and passes, one core. The bytes are made beforehand.
func BenchmarkTags(b *testing.B) {
	for _, kind := range []string{"Mercury", "BB", "LLRP"} {
		b.Run(kind, func(b *testing.B) {
			h := newHall(b, kind)
			s := storm{frame: storms[kind].frame}
			const pieces = 20_000
			wires := make([][]byte, pieces)
			for i := range wires {
				wires[i] = slices.Clone(s.next(piece))
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			i := 0
			for b.Loop() {
				h.hear(wires[i%pieces], pieceTakes)
				i++
			}
			runtime.ReadMemStats(&after)
			if h.reads != i*piece {
				b.Fatalf("%d reads of %d", h.reads, i*piece)
			}
			b.ReportMetric(float64(h.reads)/b.Elapsed().Seconds(), "reads/s")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(h.reads), "allocs/read")
			b.ReportMetric(1000*float64(h.passed)/float64(h.reads), "events/1000reads")
		})
	}
}

// From the wire to the passes a read costs less than one allocation, whatever
// the reader speaks, and in ten minutes of a storm nothing piles up.
func TestTagStorm(t *testing.T) {
	for kind := range storms {
		t.Run(kind, func(t *testing.T) {
			h := newHall(t, kind)
			s := storm{frame: storms[kind].frame}
			var early, late runtime.MemStats
			heap := func(into *runtime.MemStats) uint64 {
				runtime.GC()
				runtime.ReadMemStats(into)
				return into.HeapAlloc
			}
			const pieces = int(10 * time.Minute / pieceTakes)
			for i := range pieces {
				if i == pieces/5 {
					heap(&early)
				}
				h.hear(s.next(piece), pieceTakes)
			}
			heap(&late)
			if h.reads != pieces*piece {
				t.Errorf("%d reads of %d were heard", h.reads, pieces*piece)
			}
			var wires [][]byte
			for range 1000 {
				wires = append(wires, slices.Clone(s.next(piece)))
			}
			each := testing.AllocsPerRun(len(wires)-1, func() {
				h.hear(wires[0], pieceTakes)
				wires = wires[1:]
			})
			if each > piece {
				t.Errorf("%v allocations for %d reads", each, piece)
			}
			if late.HeapAlloc > early.HeapAlloc+512<<10 {
				t.Errorf("the heap grew from %d to %d bytes", early.HeapAlloc, late.HeapAlloc)
			}
			t.Logf("%d reads, %d events, %v allocations for %d reads; heap %d and %d bytes", h.reads, h.passed, each, piece, early.HeapAlloc, late.HeapAlloc)
			runtime.KeepAlive(h)
		})
	}
}
