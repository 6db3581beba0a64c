package sim

import (
	"fmt"
	"time"
)

// LFSetup is what a 125 kHz reader is.
type LFSetup struct {
	Tags Tags // cards, whose EPC is their five bytes
	ID12 bool // CR LF before the end, as an ID-12 does; else as an RDM6300
}

// LFState is what it has done.
type LFState struct{ Told int }

// LF is a 125 kHz reader on a pseudo terminal: it hears nothing, and tells the
// card in its field 18 times a second.
type LF struct {
	*talker[LFState]
	wire *lfWire
}

// NewLF plugs a reader in under the name link. Its cable is its power.
func NewLF(link string, setup LFSetup) (*LF, error) {
	w := &lfWire{setup: setup}
	t, err := newTalker(link, w)
	return &LF{t, w}, err
}

// Damage lets the check of the next cards be wrong.
func (l *LF) Damage(n int) {
	_ = l.do(func(time.Time) ([][]byte, error) { l.wire.damage = n; return nil, nil }) // it sends nothing, so nothing fails
}

const lfEvery = 55 * time.Millisecond

type lfWire struct {
	setup  LFSetup
	is     LFState
	next   time.Time
	damage int
}

func (w *lfWire) hear([]byte, time.Time) [][]byte { return nil }
func (w *lfWire) due() time.Time                  { return w.next }
func (w *lfWire) powerOn(now time.Time)           { w.next = now.Add(lfEvery) }
func (w *lfWire) state() LFState                  { return w.is }
func (w *lfWire) hurry() time.Duration            { return 20 * time.Millisecond }

func (w *lfWire) tick(now time.Time) (say [][]byte) {
	if now.Before(w.next) {
		return nil
	}
	w.next = now.Add(lfEvery)
	if w.setup.Tags == nil {
		return nil
	}
	for _, card := range w.setup.Tags(now) {
		check := byte(0)
		for _, b := range card.EPC {
			check ^= b
		}
		if w.damage > 0 {
			w.damage--
			check++
		}
		text := fmt.Sprintf("\x02%X%02X", card.EPC, check)
		if w.setup.ID12 {
			text += "\r\n"
		}
		say = append(say, []byte(text+"\x03"))
		w.is.Told++
	}
	return say
}
