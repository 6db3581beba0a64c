//go:build linux

package powercut

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"scanpost/devices/rig/cutdisk"
	"scanpost/devices/rig/vm"
	"scanpost/firmware-configs"
)

// machine is the station's computer: its disk outlives its power.
type machine struct {
	t       *testing.T
	dir     string // on the host: the disk, sockets, the console's log
	lines   []*line
	hub     *hub
	station string // whose data folder is in use
	epoch   string // of its log; empty if it is not known
	pid     int    // of the program; 0 while it is not started
	started time.Time

	disk  *cutdisk.Disk
	guest *vm.VM
}

// newMachine makes a machine with an empty disk, but for the program.
func newMachine(t *testing.T, h *hub) *machine {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "cut") // sockets are made in it, so its path is short
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, dir: dir, hub: h, station: "s0"}
	t.Cleanup(func() {
		if m.guest != nil {
			m.cut(1, 0)
		}
		for _, l := range m.lines {
			l.close()
		}
		if t.Failed() {
			t.Logf("the disk, and the console of the last boot, are kept in %s", dir)
			return
		}
		os.RemoveAll(dir)
	})
	format := exec.Command("mkfs.ext4", "-q", "-F", "-d", filepath.Join(*guestDir, "disk"), m.image(), "512M")
	format.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := format.CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v: %s", err, out)
	}
	for n := range scanners {
		l, err := newLine(n+1, filepath.Join(dir, fmt.Sprintf("line%d", n+1)))
		if err != nil {
			t.Fatal(err)
		}
		m.lines = append(m.lines, l)
	}
	return m
}

func (m *machine) image() string { return filepath.Join(m.dir, "disk.img") }

// boot switches the power on, and returns when the guest answers. Flushes of the
// disk take this long.
func (m *machine) boot(flush time.Duration, options string) error {
	if err := m.serve(flush); err != nil {
		return err
	}
	return m.power(options)
}

func (m *machine) serve(flush time.Duration) (err error) {
	if m.disk, err = cutdisk.Serve(m.image(), m.socket()); err == nil {
		m.disk.Slow(flush)
	}
	return err
}

func (m *machine) socket() string { return filepath.Join(m.dir, "disk.sock") }

func (m *machine) power(options string) (err error) {
	config := vm.Config{
		Dir: m.dir, Kernel: filepath.Join(*guestDir, "kernel"), Initrd: filepath.Join(*guestDir, "initrd"),
		Disk: "nbd:unix:" + m.socket(), NoUSB: true, Stderr: os.Stderr,
	}
	if options != "" {
		config.Append = "rig.options=" + options
	}
	for _, l := range m.lines {
		config.Lines = append(config.Lines, l.path)
	}
	m.guest, err = vm.Start(config)
	return err
}

// fsck checks the file system as init does before it mounts one, asking nobody.
func (m *machine) fsck(n int) {
	m.t.Helper()
	code, err := m.e2fsck(n, "-p")
	if code >= 4 {
		// A disk that writes 512 bytes as a whole can tear ext4's superblock,
		// which has 1024 and lies in no journal. A person has to say that the
		// copy is to be taken; nothing that was synced is lost with it.
		m.t.Logf("boot %d: the superblock is torn, its copy is taken", n)
		code, err = m.e2fsck(n, "-y", "-b", "32768", "-B", "4096")
	}
	if code >= 4 {
		m.t.Fatalf("boot %d: the file system can not be mended: %v", n, err)
	}
}

// e2fsck checks the file system, and returns its exit status: 1 and 2 say that
// something was mended.
func (m *machine) e2fsck(n int, args ...string) (int, error) {
	check := exec.Command("e2fsck", append(args, m.image())...)
	check.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := check.CombinedOutput()
	m.t.Logf("boot %d: e2fsck %s: %s", n, strings.Join(args, " "), out)
	return check.ProcessState.ExitCode(), err
}

// mounted reports whether the file system has come up.
func (m *machine) mounted() bool {
	return strings.Contains(m.guest.Sh("cat /proc/mounts"), " /data ext4 rw")
}

// cut is the loss of power: of what the disk has not flushed this share
// survives. It returns what the disk counted, once every signal that had left
// the guest is with its scanner.
func (m *machine) cut(survive float64, seed uint64) cutdisk.Count {
	if err := m.disk.Cut(survive, seed); err != nil {
		m.t.Fatal(err)
	}
	if m.guest != nil {
		m.guest.Kill()
	}
	m.guest, m.pid = nil, 0
	for _, l := range m.lines {
		l.off()
	}
	return m.disk.Count()
}

// folder is where the station keeps its data, in the guest.
func (m *machine) folder() string { return "/data/" + m.station }

// start starts the program, which what it writes on the console outlives.
func (m *machine) start() {
	m.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "[station]\nsite = %q\nname = %q\ncheckpoint = \"pack\"\ndata = %q\nretention = \"1s\"\nconsumers = [%q]\n", site, m.station, m.folder(), consumer)
	fmt.Fprintf(&b, "[mqtt]\nurl = %q\n", m.hub.url)
	for n := range m.lines {
		fmt.Fprintf(&b, "[[device]]\nname = \"hand-%d\"\nprofile = \"/tmp/scanner.toml\"\nport = \"serial:/dev/ttyS%d\"\n", n+1, n+1)
	}
	m.hub.forget(m.station)
	m.started = time.Now()
	// In memory: what is on the disk is the program's alone.
	err := errors.Join(m.guest.Put("/tmp/station.toml", []byte(b.String()), 0o600), m.guest.Put("/tmp/scanner.toml", profile(m.t), 0o600))
	if err == nil {
		m.pid, err = m.guest.Spawn("/dev/console", "/data/bin/scanpost", "run", "-c", "/tmp/station.toml")
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// profile is that of a scanner that waits for its signal. It may pause within a
// code: on a busy machine it is the emulator that does, and for longer than any
// scanner.
func profile(t *testing.T) []byte {
	t.Helper()
	b, err := firmware.Files.ReadFile("zebra-rs-232-ack.toml")
	slow := bytes.Replace(b, []byte(`quiet = "100ms"`), []byte(`quiet = "60s"`), 1)
	if err != nil || bytes.Equal(b, slow) {
		t.Fatalf("the profile has no quiet of 100ms: %v", err)
	}
	return slow
}

// patience bounds every wait for something that must happen. It is there so
// that a test ends, not to measure anything.
const patience = 2 * time.Minute

// ready waits until the program says, in its birth, that it hears all its
// scanners, and how long that took.
func (m *machine) ready() time.Duration {
	m.t.Helper()
	for end := m.started.Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if m.hub.attached(m.station) == scanners {
			return time.Since(m.started)
		}
		alive, err := m.guest.Signal(m.pid, 0)
		if !alive || err != nil || time.Now().After(end) {
			m.t.Fatalf("the program does not start by itself after a cut (running: %v, %v):\n%s", alive, err, m.console())
		}
	}
}

// scan lets every scanner go on until the function is called that it returns.
func (m *machine) scan(cut int, r *rand.Rand) (stop func()) {
	var stops []func()
	for _, l := range m.lines {
		stops = append(stops, l.scan(m.station, cut, rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))))
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// stop asks the program to end; wait is whether to wait until it has.
func (m *machine) stop(wait bool) {
	m.t.Helper()
	m.guest.Signal(m.pid, int(syscall.SIGTERM))
	if !wait {
		return
	}
	if status, err := m.guest.Wait(m.pid); status != 0 || err != nil {
		m.t.Fatalf("the program ended with status %d, %v:\n%s", status, err, m.console())
	}
	m.pid = 0
}

// console is what kernel and program have written since the last boot.
func (m *machine) console() string {
	b, _ := os.ReadFile(filepath.Join(m.dir, "console.log"))
	return string(b)
}
