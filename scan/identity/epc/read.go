package epc

import "scanpost/scan/identity/gs1"

// tag is what was read of an EPC.
type tag struct {
	*scheme
	filter  int
	aidc    bool // more GS1 data follows the EPC
	company int  // digits of the company prefix; 0 if the scheme does not say
	key     word // as after its AI, but without a serial that belongs to it
	middle  word // second of three fields, where there is no GS1 key
	serial  word
	dateAI  string
	date    word
	end     int // first bit after the EPC, or of its host name
}

// read reads an EPC. A tag whose flaw has a code holds nothing but its scheme,
// if it has one.
func (t *tag) read(r *bits, epc []byte, pc PC, ours Prefixes) flaw {
	switch {
	case len(epc) == 0:
		return flaw{code: Empty}
	case len(epc) > Longest:
		return flaw{code: TooLong}
	case pc.ISO():
		return flaw{code: ISO, got: uint64(pc.Low())}
	}
	t.scheme = schemes[epc[0]]
	if t.scheme == nil {
		switch epc[0] {
		case 0x00:
			return flaw{code: Unprogrammed}
		case 0xe2:
			return flaw{code: TID}
		}
		return flaw{code: UnknownHeader, got: uint64(epc[0])}
	}
	r.load(epc)
	r.at = 8
	if t.bits > r.n {
		return flaw{BadLength, uint64(r.n), uint64(t.bits)}
	}
	f := t.fields(r)
	t.end = r.at
	switch {
	case r.short: // what was missing was read as zero: every other flaw comes from that
		return flaw{BadLength, uint64(r.n), 0}
	case f.code != "":
		return f
	case !t.plus() && !r.zeroFrom((t.end+15)&^15):
		return flaw{BadLength, uint64(r.n), uint64(t.end)}
	case isText(epc) && !ours.know(t):
		return flaw{code: ASCII}
	}
	return flaw{}
}

func (t *tag) fields(r *bits) flaw {
	switch {
	case t.plus():
		return t.readPlus(r)
	case t.ref == own:
		return t.readOwn(r)
	}
	return t.readClassic(r)
}

// readClassic reads the schemes with a partition: how many digits of the key
// are the company prefix.
//
//	header  filter  partition  company prefix  reference  [piece, total]  serial
//	8       3       3          20 … 40         the rest of a sum          the rest
func (t *tag) readClassic(r *bits) flaw {
	t.filter = int(r.take(3))
	p := r.take(3)
	if p == 7 {
		return flaw{code: BadPartition}
	}
	t.company = 12 - int(p)
	company := r.take(int(companyBits[p]))
	if company >= ten[t.company] {
		return flaw{BadCompany, company, uint64(t.company)}
	}
	if f := t.reference(r, t.rows[p], company); f.code != "" {
		return f
	}
	if t.check > 0 {
		t.key.add(gs1.CheckDigit(t.key.bytes()))
	}
	if t.kind == itip {
		piece, total := r.take(7), r.take(7)
		if piece == 0 || piece > total || total > 99 {
			return flaw{BadPieces, piece, total}
		}
		t.key.pad(piece, 2)
		t.key.pad(total, 2)
	}
	return t.classicSerial(r)
}

// reference reads what follows the company prefix, and puts the two in the
// order they have in the key.
func (t *tag) reference(r *bits, row row, company uint64) flaw {
	most := int(row.digits)
	bad := flaw{code: BadReference, want: uint64(most)}
	var ref uint64
	if t.ref == padded || t.ref == number {
		if ref = r.take(int(row.bits)); ref >= ten[most] {
			return flaw{BadReference, ref, uint64(most)}
		}
	}
	switch {
	case t.moved:
		most--
		t.key.add('0' + byte(ref/ten[most]))
		ref %= ten[most]
	case t.lead == 1:
		t.key.add('0')
	}
	t.key.pad(company, t.company)
	switch t.ref {
	case padded:
		t.key.pad(ref, most)
	case number:
		t.key.number(ref)
	case seven:
		return r.sevens(&t.key, int(row.bits), most, bad)
	case six:
		return r.sixes(&t.key, 1, most, bad)
	}
	return flaw{}
}

func (t *tag) classicSerial(r *bits) flaw {
	w, bad := &t.serial, flaw{code: BadSerial, want: uint64(t.longest)}
	switch t.scheme.serial {
	case zeros:
		if r.take(t.size) != 0 {
			return flaw{code: BadReserved, want: uint64(t.size)}
		}
	case number:
		w.number(r.take(t.size))
	case marked:
		w.number(r.take(t.size))
		if w.n < 2 || w.b[0] != '1' {
			return bad
		}
		w.n = copy(w.b[:], w.b[1:w.n])
	case seven:
		return r.sevens(w, 7*t.size, t.size, bad)
	}
	if w.n > t.longest {
		return bad
	}
	return flaw{}
}

// sevens reads 7-bit characters from a field of so many bits: at least one, at
// most so many, and zeros after the last.
func (r *bits) sevens(w *word, field, most int, bad flaw) flaw {
	start, over := w.n, false
	for range most {
		switch c := byte(r.take(7)); {
		case c == 0:
			over = true
		case over, !gs1.In('x', c):
			return flaw{code: BadCharacter, got: uint64(c)}
		default:
			w.add(c)
		}
	}
	if r.take(field-7*most) != 0 || w.n == start {
		return bad
	}
	return flaw{}
}

// sixes reads 6-bit characters up to one that is zero.
func (r *bits) sixes(w *word, least, most int, bad flaw) flaw {
	for start := w.n; ; {
		c := byte(r.take(6))
		if c == 0 {
			if w.n-start < least {
				return bad
			}
			return flaw{}
		}
		if c < 0x20 {
			c |= 0x40 // the letters; digits and signs are as in ASCII
		}
		if !gs1.In('y', c) {
			return flaw{code: BadCharacter, got: uint64(c)}
		}
		if w.n-start == most {
			return bad
		}
		w.add(c)
	}
}
