package epc

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"scanpost/scan/identity/gs1"
)

// However a thing is written into a tag, it comes out as it was, and with the
// key of its bar code.
func TestRoundTrip(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range kinds {
		t.Run(kind, rapid.MakeCheck(func(t *rapid.T) { roundTrip(t, drawThing(t, kind), seen) }))
	}
	for _, s := range schemes {
		if s != nil && s.ai != "" && !seen[s.name] {
			t.Errorf("%s was never met", s.name)
		}
	}
}

func roundTrip(t *rapid.T, x thing, seen map[string]bool) {
	elements, _ := x.elements()
	all := x.encodings()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		epc := bytesOf(all[name])
		if len(epc) > Longest {
			continue // a long asset number and a host name; no tag has the room
		}
		scheme, variant, _ := strings.Cut(name, "/")
		seen[scheme] = true
		got := Decode(epc, pcOf(epc), Prefixes{x.prefix})
		want := Tag{Scheme: scheme, ElementString: elements, Key: x.unit(), DigitalLink: got.DigitalLink, Filter: got.Filter, FilterName: got.FilterName, PC: got.PC}
		if !strings.HasSuffix(scheme, "+") {
			want.TagURI = "urn:epc:tag:" + strings.Replace(x.pure(), x.kind+":", fmt.Sprintf("%s:%d.", scheme, x.filter), 1)
			want.PureIdentityURI = "urn:epc:id:" + x.pure()
			want.CompanyPrefix = x.prefix
		}
		if strings.HasPrefix(scheme, "dsgtin") {
			want.ElementString += "(17)311200"
		}
		if strings.Contains(variant, "more data") {
			want.MoreData, want.Warnings = true, []string{"more_data: more GS1 data follows the EPC and is not read"}
		}
		if text, ref := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); text != ref || *got.Filter != x.filter {
			t.Fatalf("%s %X:\n got %s\nwant %s", name, epc, text, ref)
		}
		host := "id.gs1.org"
		if _, h, ok := strings.Cut(variant, " "); ok && !got.MoreData {
			host = h
		}
		if link := linkOf(got.DigitalLink); !slices.Equal(link, x.link(host, scheme)) {
			t.Fatalf("%s: %q, want %q", name, link, x.link(host, scheme))
		}
		if key, code := Key(epc, 0, nil); key != x.unit() && code != ASCII {
			t.Fatalf("%s %X: key %q, %s; want %q", name, epc, key, code, x.unit())
		}
	}
}

// linkOf takes a link apart: host, AIs and values, and what follows.
func linkOf(s string) []string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" {
		return nil
	}
	parts := []string{u.Host}
	for _, p := range strings.Split(u.EscapedPath()[1:], "/") {
		p, _ = url.PathUnescape(p)
		parts = append(parts, p)
	}
	return append(parts, u.RawQuery, u.Fragment)
}

func (x thing) link(host, scheme string) []string {
	parts := []string{host}
	_, pairs := x.elements()
	for _, p := range pairs {
		parts = append(parts, p[0], p[1])
	}
	if strings.HasPrefix(scheme, "dsgtin") {
		return append(parts, "17=311200", "")
	}
	return append(parts, "", "")
}

// sane is what holds for any bytes from any tag.
func sane(t interface{ Fatalf(string, ...any) }, epc []byte, pc PC) {
	got := Decode(epc, pc, nil)
	key, code := Key(epc, pc, nil)
	if key != got.Key || len(key) > 200 || strings.Trim(string(epc), "\x00") == "" != (key == "") && !pc.ISO() && len(epc) <= Longest {
		t.Fatalf("%X: key %q, Decode says %q", epc, key, got.Key)
	}
	if got.Error != nil {
		raw := fmt.Sprintf("urn:epc:raw:%d.x%X", 8*len(epc), epc)
		if pc.ISO() {
			raw = fmt.Sprintf("urn:epc:raw:%d.x%02X.x%X", 8*len(epc), byte(pc), epc)
		}
		if code != got.Error.Code || got.Error.Message == "" || got.Scheme != "raw" ||
			len(epc) > 0 && len(epc) <= Longest && (got.RawURI != raw || key != "" && len(raw) <= 128 && key != "code:"+raw) {
			t.Fatalf("%X: %+v, %q, %s; want %s", epc, got, key, code, raw)
		}
		return
	}
	if code != "" || got.RawURI != "" || got.TagURI+got.ElementString == "" || pc.ISO() {
		t.Fatalf("%X: %+v, %s", epc, got, code)
	}
	var r bits
	var tg tag
	tg.read(&r, epc, pc, nil)
	if tg.ai != "" { // a bar code with this in it would be right, too
		if _, err := gs1.Parse(string(tg.appendScan(nil))); err != nil {
			t.Fatalf("%X: %s, %v", epc, got.ElementString, err)
		}
	}
	backAgain(t, epc, &tg)
}

// backAgain writes what was read from one of the schemes with partition, and
// compares the bits.
func backAgain(t interface{ Fatalf(string, ...any) }, epc []byte, tg *tag) {
	if tg.rows == nil {
		return
	}
	key := string(tg.key.bytes())
	x := thing{kind: tg.kind.name, filter: tg.filter, serial: string(tg.serial.bytes())}
	x.prefix = key[tg.lead : tg.lead+tg.company]
	x.ref = key[tg.lead+tg.company:]
	if tg.check > 0 {
		x.ref = key[tg.lead+tg.company : tg.check-1]
	}
	if tg.moved {
		x.ref = key[:1] + x.ref
	}
	if tg.kind == itip {
		x.pieces = key[14:]
	}
	want := x.encodings()[tg.scheme.name]
	text := ""
	for _, b := range epc {
		text += fmt.Sprintf("%08b", b)
	}
	if len(want) != tg.end || text[:tg.end] != want {
		t.Fatalf("%X: read as %+v, which is written\n     %s\nfrom %s", epc, x, want, text[:tg.end])
	}
}

// Whatever bytes come, there is no panic, and what is not a good EPC has its
// raw form. Bits of good ones are turned over, so that many are nearly good.
func TestAnyBytes(t *testing.T) {
	headers := []byte{0, 0xe2}
	for h, s := range schemes {
		if s != nil {
			headers = append(headers, byte(h))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		epc := rapid.SliceOfN(rapid.Byte(), 0, 70).Draw(t, "bytes")
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			if len(epc) > 0 {
				epc[0] = rapid.SampledFrom(headers).Draw(t, "header")
			}
		case 1:
			epc = unhex(nil, rapid.SampledFrom(vectors).Draw(t, "vector").hex)
			for range rapid.IntRange(0, 3).Draw(t, "turns") {
				at := rapid.IntRange(0, 8*len(epc)-1).Draw(t, "bit")
				epc[at/8] ^= 1 << (at % 8)
			}
			epc = epc[:rapid.IntRange(len(epc)/2, len(epc)).Draw(t, "length")]
		}
		sane(t, epc, PC(rapid.Uint16().Draw(t, "pc")))
		sane(t, epc, 0)
	})
}

// A list of company prefixes never changes what a tag is, but for texts.
func TestListKeepsKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := drawThing(t, rapid.SampledFrom(kinds).Draw(t, "kind"))
		all := x.encodings()
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(all))).Draw(t, "scheme")
		epc := bytesOf(all[name])
		if len(epc) > Longest || isText(epc) {
			return
		}
		other := rapid.StringMatching(`[0-9]{6,12}`).Draw(t, "other")
		for _, ours := range []Prefixes{nil, {}, {x.prefix}, {other, x.prefix}, {other}} {
			known := len(ours) == 0 || slices.ContainsFunc(ours, func(p string) bool { return strings.HasPrefix(x.prefix+x.ref, p) || p == x.prefix })
			if x.kind != "giai" && x.kind != "cpi" && !known && strings.HasPrefix(x.key()[1:], other) {
				continue // a longer prefix that reaches into what follows is known as well
			}
			if key, code := Key(epc, 0, ours); key != x.unit() || (code == "") != known || code != "" && code != Foreign {
				t.Fatalf("%s, %q: %s %q, want %s, known %t", name, ours, key, code, x.unit(), known)
			}
		}
	})
}

// Whatever bytes come with whatever PC, see sane.
func FuzzDecode(f *testing.F) {
	for _, id := range []string{"V2", "V4", "V5", "V15", "V24", "V27", "V48", "T1", "T2", "T4", "T6"} {
		v := vectors[slices.IndexFunc(vectors, func(v vector) bool { return v.id == id })]
		f.Add(unhex(f, v.hex), uint16(0))
	}
	f.Add([]byte("012345678901"), uint16(0x3000))
	f.Add([]byte{0xe2, 0x80}, uint16(0x31a2))
	f.Fuzz(func(t *testing.T, epc []byte, pc uint16) { sane(t, epc, PC(pc)) })
}

// The three schemes without a GS1 key come out as they were, too.
func TestOwnSchemes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		filter := rapid.IntRange(0, 15).Draw(t, "filter")
		cage := rapid.StringMatching(`[0-9A-HJ-NP-Z]{5,6}`).Draw(t, "CAGE")
		part := rapid.StringMatching(`[0-9A-Z/-]{0,32}`).Draw(t, "part")
		serial := rapid.StringMatching(`#[0-9A-Z/-]{1,29}|[0-9A-Z/-]{1,30}`).Draw(t, "serial")
		number := fmt.Sprint(rapid.Uint64Range(0, 1<<36-1).Draw(t, "number"))
		manager := fmt.Sprint(rapid.Uint64Range(0, 1<<28-1).Draw(t, "manager"))
		class := fmt.Sprint(rapid.Uint64Range(0, 1<<24-1).Draw(t, "class"))
		escape := strings.NewReplacer("/", "%2F", "#", "%23").Replace
		for _, c := range []struct{ bits, scheme, filter, rest string }{
			{"00110101" + numeral(manager, 28) + numeral(class, 24) + numeral(number, 36), "gid-96", "", manager + "." + class + "." + number},
			{"00101111" + fmt.Sprintf("%04b", filter) + binaries(fmt.Sprintf("%6s", cage), 8, ascii) + numeral(number, 36), "usdod-96", fmt.Sprint(filter, "."), cage + "." + number},
			{"00111011" + fmt.Sprintf("%06b", filter) + binaries(fmt.Sprintf("%6s", cage), 6, low6) + binaries(part+"@"+serial+"@", 6, low6), "adi-var", fmt.Sprint(filter, "."), cage + "." + escape(part) + "." + escape(serial)},
		} {
			epc := bytesOf(c.bits)
			got := Decode(epc, pcOf(epc), nil)
			kind, _, _ := strings.Cut(c.scheme, "-")
			pure, tag := "urn:epc:id:"+kind+":"+c.rest, "urn:epc:tag:"+c.scheme+":"+c.filter+c.rest
			if got.Error == nil && (got.Scheme != c.scheme || got.PureIdentityURI != pure || got.TagURI != tag || got.Warnings != nil || got.ElementString+got.DigitalLink != "") {
				t.Fatalf("%X: %+v, want %s", epc, got, tag)
			}
			key, code := Key(epc, 0, nil)
			if got.Error != nil && code != ASCII || got.Error == nil && (code != "" || len(pure) <= 128 && key != "code:"+pure) {
				t.Fatalf("%X: %q, %s, %v; want %s", epc, key, code, got.Error, pure)
			}
		}
	})
}
