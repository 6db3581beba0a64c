package epc

import (
	mathbits "math/bits"

	"scanpost/scan/identity/gs1"
)

// readPlus reads the schemes of TDS 2. They hold the key as it is printed and
// know nothing of company prefixes:
//
//	header  more data?  filter  [date]  key                  [serial]  [host name]
//	8       1           3       20      4 for each digit ...
func (t *tag) readPlus(r *bits) flaw {
	t.aidc = r.take(1) == 1
	t.filter = int(r.take(3))
	if t.dated {
		if f := t.readDate(r); f.code != "" {
			return f
		}
	}
	if f := t.printedKey(r); f.code != "" {
		return f
	}
	switch t.scheme.serial {
	case coded:
		return r.coded(&t.serial, t.longest, t.set)
	case counted:
		n := int(r.take(4))
		bad := flaw{code: BadSerial, want: uint64(t.longest)}
		if n == 0 || n > t.longest || !r.decimals(&t.serial, n) {
			return bad
		}
	}
	return flaw{}
}

// dateAIs are what the date of a DSGTIN can be, by its first four bits.
var dateAIs = [16]string{"11", "13", "15", "16", "17", "7006", "7007"}

func (t *tag) readDate(r *bits) flaw {
	t.dateAI = dateAIs[r.take(4)]
	year, month, day := r.take(7), r.take(4), r.take(5)
	if t.dateAI == "" || !gs1.IsDate(int(year), int(month), int(day)) {
		return flaw{code: BadDate, got: year*10000 + month*100 + day}
	}
	t.date.pad(year*10000+month*100+day, 6)
	return flaw{}
}

func (t *tag) printedKey(r *bits) flaw {
	if t.ref == ended {
		return t.endedKey(r)
	}
	for range t.digits {
		d := r.take(4)
		if d > 9 {
			return flaw{code: BadDigit, got: d}
		}
		t.key.add('0' + byte(d))
	}
	last := t.check - 1
	if want := gs1.CheckDigit(t.key.b[:last]); want != t.key.b[last] {
		return flaw{BadCheckDigit, uint64(t.key.b[last]), uint64(want)}
	}
	switch t.kind {
	case grai:
		if t.key.b[0] != '0' {
			return flaw{code: BadDigit, got: uint64(t.key.b[0] - '0')}
		}
	case itip:
		digits := t.key.b[14:18]
		piece, total := uint64(digits[0]-'0')*10+uint64(digits[1]-'0'), uint64(digits[2]-'0')*10+uint64(digits[3]-'0')
		if piece == 0 || piece > total {
			return flaw{BadPieces, piece, total}
		}
	}
	return flaw{}
}

// endedKey reads a key that begins with digits, as many as there are: F ends
// it, E begins characters.
func (t *tag) endedKey(r *bits) flaw {
	const leastPrefix = 4
	for {
		d := r.take(4)
		switch {
		case r.short:
			return flaw{}
		case d <= 9 && t.key.n < longestAsset:
			t.key.add('0' + byte(d))
			continue
		case d <= 9:
			return flaw{code: BadReference, want: longestAsset}
		case d < 0xe:
			return flaw{code: BadDigit, got: d}
		case t.key.n < leastPrefix:
			return flaw{code: BadCompany}
		case d == 0xe:
			return r.coded(&t.key, longestAsset-t.key.n, t.set)
		}
		return flaw{}
	}
}

const (
	base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	code40Letters = "\x00ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"
	hexUpper      = "0123456789ABCDEF"
	hexLower      = "0123456789abcdef"
)

// coded reads characters in one of the six ways that TDS 2 has for them. A
// writer need not choose the shortest, so none is wrong for what it holds.
//
//	encoding  length  characters
//	3         5       as the encoding says
func (r *bits) coded(w *word, most int, set byte) flaw {
	encoding, n := r.take(3), int(r.take(5))
	bad := flaw{code: BadSerial, want: uint64(most)}
	if n == 0 || n > most {
		return bad
	}
	width, letters := 0, ""
	switch encoding {
	case 0:
		if !r.decimals(w, n) {
			return bad
		}
		return flaw{}
	case 1:
		width, letters = 4, hexUpper
	case 2:
		width, letters = 4, hexLower
	case 3:
		width, letters = 6, base64Letters
	case 4:
		width = 7
	case 5:
		return r.triples(w, n, set)
	default:
		return flaw{code: BadEncoding, got: encoding}
	}
	for range n {
		c := byte(r.take(width))
		if letters != "" {
			c = letters[c]
		}
		if !gs1.In(set, c) {
			return flaw{code: BadCharacter, got: uint64(c)}
		}
		w.add(c)
	}
	return flaw{}
}

// triples reads URN code 40: three characters in 16 bits, the last ones filled up.
func (r *bits) triples(w *word, n int, set byte) flaw {
	for read := 0; read < n; {
		v := r.take(16) - 1
		if v >= 40*40*40 { // also if there was a zero
			return flaw{code: BadCharacter, got: v + 1}
		}
		for _, i := range [...]uint64{v / 1600, v / 40 % 40, v % 40} {
			c := code40Letters[i]
			switch {
			case read >= n && c == 0:
			case read >= n, !gs1.In(set, c):
				return flaw{code: BadCharacter, got: uint64(c)}
			default:
				w.add(c)
				read++
			}
		}
	}
	return flaw{}
}

// decimalBits are the bits that a number of so many digits takes.
var decimalBits = [...]int{0, 4, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40, 44, 47, 50, 54, 57, 60, 64, 67}

// decimals reads a number of so many digits, zeros in front included. It can
// have more digits than 64 bits can hold, and is then taken in two halves.
func (r *bits) decimals(w *word, n int) bool {
	if n >= len(decimalBits) {
		return false
	}
	const half = 10
	width := decimalBits[n]
	high := r.take(max(width-64, 0))
	low := r.take(min(width, 64))
	if n <= half {
		if low >= ten[n] {
			return false
		}
		w.pad(low, n)
		return true
	}
	front, back := mathbits.Div64(high, low, ten[half])
	if front >= ten[n-half] {
		return false
	}
	w.pad(front, n-half)
	w.pad(back, half)
	return true
}
