package port

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	posDescriptor      = "\x05\x8c\x09\x02\xa1\x01"
	keyboardDescriptor = "\x05\x01\x09\x06\xa1\x01"
	vendorDescriptor   = "\x06\x00\xff\x09\x01\xa1\x01"
	mouseDescriptor    = "\x05\x01\x09\x02\xa1\x01"
	handHeldDescriptor = "\x06\x45\xff\x0a\x00\x4b\xa1\x01"
	tableTopDescriptor = "\x0b\x00\x4a\x46\xff\xa1\x01" // page and usage in one item

	freed = "freed " // no driver has the interface, so its descriptor is not to be seen
)

// A keyboard is opened only by those who want a keyboard; the operator's own
// keeps typing, and so does the mouse that shares a scanner's numbers.
func TestKeyboardsAreLeftAlone(t *testing.T) {
	for descriptor, opens := range map[string]string{
		keyboardDescriptor: "keyboard", freed + keyboardDescriptor: "keyboard", mouseDescriptor: "nobody", posDescriptor: "pos,", handHeldDescriptor: "oem-hand-held,",
		tableTopDescriptor: "oem-table-top,", vendorDescriptor: "pos,oem-hand-held,oem-table-top,snapi,", freed + posDescriptor: "pos,oem-hand-held,oem-table-top,snapi,",
	} {
		for _, usage := range []string{"", "pos", "keyboard", "oem-hand-held", "oem-table-top", "snapi"} {
			tr := newTree(t)
			tr.plugHID("1-2", "05e0:1200", "", 4, descriptor)
			p, err := tr.open(t.Context(), parse(t, "hid:05e0:1200"), Settings{Usage: usage})
			if err == nil {
				p.Close()
			}
			if may := slices.Contains(strings.Split(opens, ","), usage); may != (err == nil) || may != (len(tr.usb.opened) == 1) {
				t.Errorf("descriptor %q for usage %q: opened %q, %v", descriptor, usage, tr.usb.opened, err)
			}
		}
	}
}

// What a keyboard scanner types after a stop must not reach the console: the
// kernel's driver comes back with Close, so a keyboard that works stays open
// until the program ends. One that has failed is given back, to be found again.
func TestKeyboardStaysShielded(t *testing.T) {
	for usage, descriptor := range map[string]string{"keyboard": keyboardDescriptor, "pos": posDescriptor} {
		for _, pulled := range []bool{false, true} {
			tr := newTree(t)
			tr.plugHID("1-2", "05e0:1200", "", 4, descriptor)
			tr.usb.pulled = pulled
			p, err := tr.open(t.Context(), parse(t, "hid:05e0:1200"), Settings{Usage: usage})
			tr.must(err)
			if pulled {
				if _, err := p.Read(make([]byte, ReportSize)); !errors.Is(err, ErrUnplugged) {
					t.Fatal(err)
				}
			}
			p.Close()
			if _, err := p.Read(make([]byte, ReportSize)); !errors.Is(err, ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
			if want := pulled || usage != "keyboard"; tr.usb.closed != want {
				t.Errorf("%s, pulled %v: given back %v, want %v", usage, pulled, tr.usb.closed, want)
			}
		}
	}
}

// Only the interface that was asked for is ever opened, the point of sale one
// of a composite device.
func TestOpenHID(t *testing.T) {
	tr := newTree(t)
	tr.plugHID("1-1", "0627:0001", "", 3, mouseDescriptor)
	tr.plugHID("1-2", "0c2e:0b61", "A1", 4, keyboardDescriptor, posDescriptor)
	tr.plugHID("1-3", "05e0:1300", "", 5, "")
	for _, s := range []string{"hid:0c2e:0b61", "hid:0c2e:0b61/A1@1-2", "hid:05e0:1300"} {
		p, err := tr.open(t.Context(), parse(t, s), Settings{})
		tr.must(err)
		if _, err := tr.open(t.Context(), parse(t, s), Settings{}); !errors.Is(err, ErrBusy) {
			t.Errorf("%s a second time: %v", s, err)
		}
		p.Close()
	}
	want := []string{"1-2:1.1", "1-2:1.1", "1-3:1.0"}
	if !slices.Equal(tr.usb.opened, want) {
		t.Errorf("opened %q, want %q", tr.usb.opened, want)
	}
}

// Of a composite device the keyboard is read, not the interface for its
// maker's tools, and also after we were killed: then the kernel's driver has
// not taken the keyboard back, and its descriptor is not to be seen.
func TestHIDComposite(t *testing.T) {
	for fact, c := range map[string]struct {
		usage       string
		descriptors []string
	}{
		"keyboard second":                         {"keyboard", []string{vendorDescriptor, keyboardDescriptor}},
		"keyboard freed by a kill":                {"keyboard", []string{vendorDescriptor, freed + keyboardDescriptor}},
		"point of sale freed by a kill":           {"pos", []string{keyboardDescriptor, freed + posDescriptor}},
		"point of sale beside a keyboard":         {"pos", []string{keyboardDescriptor, posDescriptor}},
		"keyboard beside a point of sale":         {"keyboard", []string{posDescriptor, keyboardDescriptor}},
		"hand-held, whatever the vendor's page":   {"oem-hand-held", []string{vendorDescriptor, handHeldDescriptor}},
		"what nobody knows, but never a keyboard": {"", []string{keyboardDescriptor, vendorDescriptor}},
	} {
		tr := newTree(t)
		tr.plugHID("1-2", "0c2e:0b61", "A1", 4, c.descriptors...)
		p, err := tr.open(t.Context(), parse(t, "hid:0c2e:0b61"), Settings{Usage: c.usage})
		if err != nil {
			t.Errorf("%s: %v", fact, err)
			continue
		}
		p.Close()
		if want := []string{"1-2:1.1"}; !slices.Equal(tr.usb.opened, want) {
			t.Errorf("%s: opened %q, want %q", fact, tr.usb.opened, want)
		}
	}
}

// hanging is a device that is mute: to give it back takes the kernel ten
// seconds. Whoever reads it is free before.
type hanging struct{ silent }

func (hanging) ReadTimeout(_ []byte, ms int) (int, error) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return 0, nil
}

func (hanging) Close() error {
	time.Sleep(10 * time.Second)
	return nil
}

func TestHIDMute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHID(hanging{}, nil)
		begin := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := p.Read(make([]byte, ReportSize)); !errors.Is(err, ErrClosed) {
				t.Errorf("Read: %v", err)
			}
		})
		synctest.Wait()
		p.Close()
		all.Wait()
		if took := time.Since(begin); took > 2*closeLimit {
			t.Errorf("Read and Close took %v", took)
		}
		time.Sleep(time.Minute) // so that the bubble is empty
	})
}

// Two of a kind are an error that names both.
func TestHIDAmbiguous(t *testing.T) {
	tr := newTree(t)
	tr.plugHID("1-2", "0c2e:0b61", "", 4, posDescriptor)
	tr.plugHID("1-3", "0c2e:0b61", "", 5, posDescriptor)
	_, err := tr.open(t.Context(), parse(t, "hid:0c2e:0b61"), Settings{})
	if !errors.Is(err, ErrAmbiguous) || !strings.Contains(err.Error(), "hid:0c2e:0b61@1-2") || !strings.Contains(err.Error(), "hid:0c2e:0b61@1-3") {
		t.Errorf("got %v", err)
	}
}

// What can be wrong with HID is told apart: the build, the machine, the
// device, another program, a cable that is just being pulled.
func TestHIDSentences(t *testing.T) {
	for fact, c := range map[string]struct {
		breakIt func(tr *tree)
		kind    error
		text    string
	}{
		"without cgo":             {func(tr *tree) { tr.usb.missing = true }, ErrUnsupported, "this build can not read HID devices: it was built without cgo"},
		"no USB":                  {func(tr *tree) { os.RemoveAll(filepath.Join(tr.dev, "bus")) }, ErrNotFound, "bus/usb is missing); in a container"},
		"not there":               {func(tr *tree) { os.RemoveAll(filepath.Join(tr.sys, "bus/usb/devices")) }, ErrNotFound, "it is not plugged in"},
		"held by another program": {func(tr *tree) { tr.usb.err = errors.New("hidapi: failed to open device") }, ErrBusy, "is another program reading the scanner?"},
		"pulled while opening": {func(tr *tree) {
			tr.usb.err = errors.New("hidapi: failed to open device")
			tr.usb.onOpen = func() { os.RemoveAll(filepath.Join(tr.sys, "bus/usb/devices")) }
		}, ErrNotFound, "left while it was being opened"},
		"another one in the same socket": {func(tr *tree) {
			tr.usb.onOpen = func() { tr.file("sys/bus/usb/devices/1-2/devnum", "5") }
		}, ErrNotFound, "left while it was being opened"},
	} {
		tr := newTree(t)
		tr.plugHID("1-2", "0c2e:0b61", "A1", 4, posDescriptor)
		c.breakIt(tr)
		_, err := tr.open(t.Context(), parse(t, "hid:0c2e:0b61"), Settings{})
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %q", fact, err, c.text)
		}
	}
}

// The list tells what each device is and whether it could be opened, without
// opening one.
func TestListHID(t *testing.T) {
	tr := newTree(t)
	tr.usb.missing = true
	tr.plugHID("1-1", "0627:0001", "", 3, mouseDescriptor)
	tr.plugHID("1-2", "0c2e:0b61", "A1", 4, keyboardDescriptor, posDescriptor)
	found, err := tr.list()
	tr.must(err)
	var got []string
	for _, f := range found {
		got = append(got, f.Address+" "+f.Usage+" "+f.ID()+" "+f.Node)
		if !errors.Is(f.Access, ErrUnsupported) {
			t.Errorf("%s: access %v", f.Address, f.Access)
		}
	}
	want := []string{"hid:0627:0001 mouse 0627:0001 " + tr.dev + "/bus/usb/001/003", "hid:0c2e:0b61 pos 0c2e:0b61 " + tr.dev + "/bus/usb/001/004"}
	if !slices.Equal(got, want) || len(tr.usb.opened) > 0 {
		t.Errorf("got %q, opened %q\nwant %q", got, tr.usb.opened, want)
	}
}

// piecewise hands out bytes in packets, as an endpoint with small ones does.
type piecewise struct {
	silent
	packets chan []byte
}

func (p piecewise) ReadTimeout(b []byte, ms int) (int, error) {
	select {
	case packet := <-p.packets:
		return copy(b, packet), nil
	case <-time.After(time.Millisecond):
		return 0, nil
	}
}

// A report that is longer than the endpoint's packets comes in pieces and is
// handed out whole; one that is shorter, or of unknown length, as it came.
func TestPieces(t *testing.T) {
	usage, lengths := describe([]byte("\x05\x8c\x09\x02\xa1\x01\x85\x02\x15\x00\x26\xff\x00\x75\x08\x95\x13\x09\x12\x81\x02\x85\x05\x95\x03\x81\x02\xc0"))
	if want := map[byte]int{2: 20, 5: 4}; usage != "pos" || !maps.Equal(lengths, want) {
		t.Fatalf("a descriptor of reports 2 and 5 is read as %q with lengths %v, want %v", usage, lengths, want)
	}
	for fact, c := range map[string]struct {
		thing thing
		in    []string
		want  []string
	}{
		"in three pieces, twice": {thing{packet: 8, reports: lengths}, []string{"\x02234567a", "89012345", "6789", "\x02bbbbbbb", "bbbbbbbb", "bbbb"},
			[]string{"\x02234567a890123456789", "\x02bbbbbbbbbbbbbbbbbbb"}},
		"a short report between": {thing{packet: 8, reports: lengths}, []string{"\x05abc", "\x02234567a", "89012345", "6789"}, []string{"\x05abc", "\x02234567a890123456789"}},
		"of unknown length":      {thing{packet: 8}, []string{"\x02234567a", "89012345"}, []string{"\x02234567a", "89012345"}},
		"packets large enough":   {thing{packet: 64, reports: lengths}, []string{"\x02234567a890123456789"}, []string{"\x02234567a890123456789"}},
	} {
		packets := make(chan []byte, len(c.in))
		for _, s := range c.in {
			packets <- []byte(s)
		}
		p := newHIDOn(piecewise{packets: packets}, nil, c.thing)
		var got []string
		for range c.want {
			b := make([]byte, ReportSize)
			n, err := p.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(b[:n]))
		}
		p.Close()
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", fact, got, c.want)
		}
	}
}
