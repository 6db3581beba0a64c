package epc

// readOwn reads the three schemes that hold no key of GS1.
func (t *tag) readOwn(r *bits) flaw {
	switch t.kind {
	case gid:
		t.filter = -1
		t.key.number(r.take(28))
		t.middle.number(r.take(24))
		t.serial.number(r.take(36))
		return flaw{}
	case usdod:
		t.filter = int(r.take(4))
		if f := t.readCAGE(r, 8); f.code != "" {
			return f
		}
		t.serial.number(r.take(36))
		return flaw{}
	}
	t.filter = int(r.take(6))
	if f := t.readCAGE(r, 6); f.code != "" {
		return f
	}
	bad := flaw{code: BadReference, want: 32}
	if f := r.sixes(&t.middle, 0, 32, bad); f.code != "" {
		return f
	}
	bad = flaw{code: BadSerial, want: 30}
	if f := r.sixes(&t.serial, 1, 30, bad); f.code != "" {
		return f
	}
	for _, w := range [...][]byte{t.middle.bytes(), t.serial.b[1:max(t.serial.n, 1)]} {
		for _, c := range w {
			if c == '#' { // it marks a serial that is unique by itself, and stands nowhere else
				return flaw{code: BadCharacter, got: uint64(c)}
			}
		}
	}
	return flaw{}
}

// readCAGE reads who made or owns a thing, for the US Department of Defense and
// for airlines: five or six characters, a space before five.
func (t *tag) readCAGE(r *bits, width int) flaw {
	for i := range 6 {
		c := byte(r.take(width))
		if width == 6 && c < 0x20 {
			c |= 0x40
		}
		switch {
		case c == ' ' && i == 0:
			continue
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z' && c != 'I' && c != 'O':
			t.key.add(c)
		default:
			return flaw{code: BadCharacter, got: uint64(c)}
		}
	}
	return flaw{}
}
