package epc

import (
	"encoding/binary"
	"strconv"
)

// Longest is the most bytes of EPC that a tag can send: its length has five
// bits and counts words.
const Longest = 31 * 2

// bits reads an EPC from the front. It reads a copy with zeros behind it, so
// that eight bytes can be taken anywhere, and lives where its user does: on the
// stack.
type bits struct {
	b     [Longest + 10]byte
	at, n int  // in bits
	short bool // more was asked for than there is; everything since was zero
}

func (r *bits) load(epc []byte) { r.n = 8 * copy(r.b[:Longest], epc) }

// take reads the next bits, at most 64.
func (r *bits) take(n int) uint64 {
	if r.at+n > r.n {
		r.short = true
		return 0
	}
	first, skip := r.at>>3, r.at&7
	v := binary.BigEndian.Uint64(r.b[first:]) << skip
	if skip+n > 64 {
		v |= uint64(r.b[first+8]) >> (8 - skip)
	}
	r.at += n
	return v >> (64 - n)
}

// zeroFrom reports whether all bits from a place on are zero.
func (r *bits) zeroFrom(at int) bool {
	first := at >> 3
	if first >= len(r.b) {
		return true
	}
	if r.b[first]<<(at&7) != 0 {
		return false
	}
	for _, b := range r.b[first+1:] {
		if b != 0 {
			return false
		}
	}
	return true
}

// word is a short text that needs no memory of its own.
type word struct {
	b [40]byte
	n int
}

func (w *word) bytes() []byte { return w.b[:w.n] }

func (w *word) add(c byte) {
	w.b[w.n] = c
	w.n++
}

// pad adds a number with zeros in front; it has no more digits than width.
func (w *word) pad(v uint64, width int) {
	w.n += width
	for i := w.n - 1; i >= w.n-width; i-- {
		w.b[i] = '0' + byte(v%10)
		v /= 10
	}
}

// number adds a number without zeros in front.
func (w *word) number(v uint64) { w.n = len(strconv.AppendUint(w.b[:w.n], v, 10)) }

// ten are the powers of ten: a number of n digits is less than ten[n].
var ten = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()
