package port

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scanpost/devices/sim/pty"
)

// fakeUSB is a library that opens what the fake tree holds.
type fakeUSB struct {
	missing bool // built without cgo
	err     error
	opened  []string
	onOpen  func()
	pulled  bool // reading fails
	closed  bool
}

func (f *fakeUSB) supported() bool { return !f.missing }

func (f *fakeUSB) open(path string) (hidHandle, error) {
	f.opened = append(f.opened, path)
	if f.onOpen != nil {
		f.onOpen()
	}
	return silent{f}, f.err
}

type silent struct{ usb *fakeUSB }

func (s silent) ReadTimeout([]byte, int) (int, error) {
	if s.usb != nil && s.usb.pulled {
		return 0, errors.New("hidapi: hid_error is not implemented yet")
	}
	return 0, nil
}
func (silent) Write(b []byte) (int, error)             { return len(b), nil }
func (silent) SendFeatureReport(b []byte) (int, error) { return len(b), nil }
func (s silent) Close() error {
	if s.usb != nil {
		s.usb.closed = true
	}
	return nil
}

// tree is a machine of files that look as the kernel's do.
type tree struct {
	*machine
	t    *testing.T
	usb  *fakeUSB
	root string
}

func newTree(t *testing.T) *tree {
	root, usb := t.TempDir(), &fakeUSB{}
	tr := &tree{&machine{sys: filepath.Join(root, "sys"), dev: filepath.Join(root, "dev"), hid: usb}, t, usb, root}
	tr.must(os.MkdirAll(filepath.Join(root, "sys/class/tty"), 0o755))
	tr.must(os.MkdirAll(filepath.Join(root, "dev/bus/usb"), 0o755))
	return tr
}

func (tr *tree) must(err error) {
	tr.t.Helper()
	if err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *tree) file(path, text string) {
	tr.t.Helper()
	path = filepath.Join(tr.root, path)
	tr.must(os.MkdirAll(filepath.Dir(path), 0o755))
	tr.must(os.WriteFile(path, []byte(text), 0o644))
}

// plug puts a device into a socket; the kernel's names are bus-port.port.
func (tr *tree) plug(socket, id, serial string, number int) (dir string) {
	tr.t.Helper()
	vendor, product, _ := strings.Cut(id, ":")
	dir = "sys/devices/pci0000:00/usb1/" + socket
	tr.file(dir+"/idVendor", vendor+"\n")
	tr.file(dir+"/idProduct", product+"\n")
	tr.file(dir+"/busnum", "1\n")
	tr.file(dir+"/devnum", fmt.Sprintln(number))
	tr.file(dir+"/product", "Scanner\n")
	if serial != "" {
		tr.file(dir+"/serial", serial+"\n")
	}
	tr.link(dir, "sys/bus/usb/devices/"+socket)
	return dir
}

func (tr *tree) link(from, to string) {
	tr.t.Helper()
	to = filepath.Join(tr.root, to)
	tr.must(os.MkdirAll(filepath.Dir(to), 0o755))
	tr.must(os.Symlink(filepath.Join(tr.root, from), to))
}

// plugACM is a CDC scanner: its tty's device is the interface.
func (tr *tree) plugACM(socket, id, serial, tty string) {
	dir := tr.plug(socket, id, serial, 4)
	tr.file(dir+"/"+socket+":1.0/bInterfaceClass", "02\n")
	tr.tty(dir+"/"+socket+":1.0", tty)
}

func (tr *tree) tty(device, tty string) {
	tr.file("sys/class/tty/"+tty+"/dev", "166:0\n")
	tr.link(device, "sys/class/tty/"+tty+"/device")
	if _, err := os.Lstat(filepath.Join(tr.root, "dev", tty)); err != nil {
		tr.file("dev/"+tty, "")
	}
}

func (tr *tree) plugHID(socket, id, serial string, number int, descriptors ...string) {
	dir := tr.plug(socket, id, serial, number)
	for i, d := range descriptors {
		face := fmt.Sprintf("%s:1.%d", socket, i)
		tr.file(dir+"/"+face+"/bInterfaceClass", "03\n")
		d, isFreed := strings.CutPrefix(d, freed)
		if protocol, boot := map[string]string{keyboardDescriptor: "01", mouseDescriptor: "02"}[d]; boot {
			tr.file(dir+"/"+face+"/bInterfaceSubClass", "01\n")
			tr.file(dir+"/"+face+"/bInterfaceProtocol", protocol+"\n")
		}
		if d != "" && !isFreed {
			tr.link("sys/bus/usb/drivers/usbhid", dir+"/"+face+"/driver")
			tr.file(dir+"/"+face+"/0003:0C2E:0B61.0001/report_descriptor", d)
		}
		tr.link(dir+"/"+face, "sys/bus/usb/devices/"+face)
	}
	tr.file(fmt.Sprintf("dev/bus/usb/001/%03d", number), "")
}

func parse(t *testing.T, s string) Address {
	t.Helper()
	a, err := ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Serial ports are found by who they are, whatever they are called today.
func TestFindSerialByIdentity(t *testing.T) {
	tr := newTree(t)
	tr.plugACM("1-2", "05e0:1701", "S123", "ttyACM1")
	tr.plugACM("1-3", "05e0:1701", "S456", "ttyACM0")
	ftdi := tr.plug("1-4.1", "0403:6001", "", 9) // usb-serial drivers put one more folder in between
	tr.file(ftdi+"/1-4.1:1.0/ttyUSB0/port_number", "0")
	tr.tty(ftdi+"/1-4.1:1.0/ttyUSB0", "ttyUSB0")
	tr.file("sys/class/tty/tty1/dev", "4:1") // a console has no device
	list, _ := tr.ttys()

	for s, node := range map[string]string{
		"usb:05e0:1701/S123":     "ttyACM1",
		"usb:05e0:1701/S456":     "ttyACM0",
		"usb:05e0:1701@1-3":      "ttyACM0",
		"usb:05e0:1701/S123@1-2": "ttyACM1",
		"usb:0403:6001":          "ttyUSB0",
		"usb:0403:6001@1-4.1":    "ttyUSB0",
	} {
		got, err := tr.pick(parse(t, s), list)
		if err != nil || got.node != filepath.Join(tr.dev, node) {
			t.Errorf("%s: got %s, %v, want %s", s, got.node, err, node)
		}
	}
	for s, want := range map[string]struct {
		kind error
		text []string
	}{
		"usb:05e0:1701":      {ErrAmbiguous, []string{"usb:05e0:1701/S123 (", "ttyACM1", " or ", "usb:05e0:1701/S456 (", "ttyACM0"}},
		"usb:05e0:1701/S789": {ErrNotFound, []string{`has serial number "S`, `not "S789"`}},
		"usb:0403:6001@1-4":  {ErrNotFound, []string{"sits in socket 1-4.1, not 1-4"}},
		"usb:05e0:1300":      {ErrNotFound, []string{"05e0:1701 Scanner of the same maker", "another mode"}},
		"usb:0c2e:0b61":      {ErrNotFound, []string{"is the cable in?", "scanpost devices"}},
	} {
		_, err := tr.pick(parse(t, s), list)
		if !errors.Is(err, want.kind) {
			t.Errorf("%s: got %v, want %v", s, err, want.kind)
			continue
		}
		for _, part := range want.text {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not say %q", s, err, part)
			}
		}
	}
}

// A device without a serial number, twice, is told apart by its socket; several
// ports of one device by their names.
func TestFindWithoutSerialNumber(t *testing.T) {
	tr := newTree(t)
	tr.plugACM("1-2", "05e0:1701", "", "ttyACM0")
	tr.plugACM("1-3", "05e0:1701", "", "ttyACM1")
	double := tr.plug("1-5", "0403:6010", "", 9)
	for i, tty := range []string{"ttyUSB0", "ttyUSB1"} {
		tr.file(fmt.Sprintf("%s/1-5:1.%d/%s/port_number", double, i, tty), "0")
		tr.tty(fmt.Sprintf("%s/1-5:1.%d/%s", double, i, tty), tty)
	}
	found, err := tr.list()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, f.Address)
	}
	want := []string{"usb:05e0:1701@1-2", "usb:05e0:1701@1-3", "serial:" + tr.dev + "/ttyUSB0", "serial:" + tr.dev + "/ttyUSB1"}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// What is plugged in instead is told as it is: the same scanner in keyboard
// mode, another product; and not as "another mode" if it came while we looked.
func TestNearMiss(t *testing.T) {
	tr := newTree(t)
	tr.plugHID("1-2", "05e0:1200", "", 4, keyboardDescriptor)
	for s, want := range map[string]string{
		"usb:05e0:1200": "it is not plugged in; it is as hid:05e0:1200, so name that with a profile of that kind, or scan the sheet of the mode you want",
		"usb:05e0:1701": "it is not plugged in; 05e0:1200 Scanner of the same maker is, so perhaps it is in another mode: scan the sheet of its profile",
		"hid:05e0:1200": `it is not plugged in; is the cable in? "scanpost devices" lists what is`,
	} {
		if _, err := tr.pick(parse(t, s), nil); err == nil || err.Error() != s+": "+want {
			t.Errorf("got  %v\nwant %s: %s", err, s, want)
		}
	}
}

// A ghost, as an unplug leaves it for a moment, is no device.
func TestGhost(t *testing.T) {
	tr := newTree(t)
	tr.plugACM("1-2", "05e0:1701", "S", "ttyACM0")
	tr.file("sys/devices/pci0000:00/usb1/1-2/idVendor", "")
	if list, _ := tr.ttys(); len(list) != 0 {
		t.Errorf("got %v", list)
	}
}

// A USB port opens by its identity, with a real terminal behind the name; the
// line gets the rate of the profile.
func TestOpenUSB(t *testing.T) {
	tr := newTree(t)
	pair, err := pty.New(filepath.Join(tr.dev, "ttyACM0"))
	tr.must(err)
	defer pair.Close()
	tr.plugACM("1-2", "05e0:1701", "S123", "ttyACM0")
	p, err := tr.open(t.Context(), parse(t, "usb:05e0:1701"), Settings{Baud: 115200})
	tr.must(err)
	defer p.Close()
	if baud, err := pair.Baud(); baud != 115200 {
		t.Errorf("baud %d, %v", baud, err)
	}
	if _, err := p.Write([]byte("x")); err != nil {
		t.Error(err)
	}
}

// Nobody else gets a port in use, not even root, who is not held by the
// kernel's exclusive use; its line settings stay; once closed it is free.
func TestBusy(t *testing.T) {
	pair, err := pty.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer pair.Close()
	first, err := Open(t.Context(), "serial:"+pair.Path, Settings{Baud: 115200})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), "serial:"+pair.Path, Settings{Baud: 9600})
	if !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), pair.Path+" is in use by another process") {
		t.Errorf("got %v", err)
	}
	if baud, _ := pair.Baud(); baud != 115200 {
		t.Errorf("the second Open changed the rate to %d", baud)
	}
	first.Close()
	again, err := Open(t.Context(), "serial:"+pair.Path, Settings{})
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	again.Close()
}

// Each failure to open is one sentence with what, where and the next step.
func TestOpenSentences(t *testing.T) {
	a := parse(t, "serial:/dev/ttyACM7")
	for want, err := range map[string]error{
		`serial:/dev/ttyACM7: there is no port /dev/ttyACM7; is the cable in? "scanpost devices" lists what is plugged in`:                                                                                                                          nodeError(a, a.Path, fs.ErrNotExist),
		"serial:/dev/ttyACM7: this user may not open /dev/ttyACM7; add the user to group dialout (sudo usermod -aG dialout USER) and start scanpost again":                                                                                          nodeError(a, a.Path, fs.ErrPermission),
		"serial:/dev/ttyACM7: /dev/ttyACM7 is in use by another program; stop that program, often ModemManager, brltty or a terminal":                                                                                                               nodeError(a, a.Path, errBusy),
		`hid:0c2e:0b61: this user may not open /dev/bus/usb/001/004; put SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=="0c2e", MODE="0660", GROUP="scanpost" into /etc/udev/rules.d/99-scanpost.rules and plug the device in again`: hidNodeError(parse(t, "hid:0c2e:0b61"), "/dev/bus/usb/001/004", fs.ErrPermission),
	} {
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
	}
	for address, want := range map[string]error{
		"serial:" + t.TempDir() + "/ttyACM0": ErrNotFound,
		"serial:/dev/null":                   ErrNotFound, // no serial port at all
		"tcp:127.0.0.1:1":                    ErrNotFound,
		"replay:" + t.TempDir() + "/x":       ErrNotFound,
		"replay:/dev/null":                   ErrConfig,
		"serial:":                            ErrConfig,
	} {
		if _, err := Open(t.Context(), address, Settings{}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", address, err, want)
		}
	}
	if _, err := Open(t.Context(), "serial:/dev/null", Settings{Baud: -5}); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "baud -5") {
		t.Errorf("got %v", err)
	}
}
