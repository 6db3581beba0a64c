package port

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	posDescriptor      = "\x05\x8c\x09\x02\xa1\x01"
	keyboardDescriptor = "\x05\x01\x09\x06\xa1\x01"
	mouseDescriptor    = "\x05\x01\x09\x02\xa1\x01"
)

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
	want := []string{"0c2e:0b61 1-2:1.1", "0c2e:0b61 1-2:1.1", "05e0:1300 1-3:1.0"}
	if !slices.Equal(tr.usb.opened, want) {
		t.Errorf("opened %q, want %q", tr.usb.opened, want)
	}
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
