//go:build linux

// Package vm runs the guest: QEMU with a Debian kernel, USB controllers, two
// network cards and, if asked, a disk.
//
// The processor is always emulated. That /dev/kvm exists does not mean that it
// works: inside other virtual machines it often opens, and then no kernel gets
// through its first second.
package vm

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"scanpost/devices/rig/qmp"
)

// Config says how to start a guest. The first three fields are needed.
type Config struct {
	Dir            string // for sockets and logs; a short path, since that of a socket ends at 107 bytes
	Kernel, Initrd string
	MemoryMB       int       // 256 unless given
	Disk           string    // raw image or NBD address, mounted on /data
	Append         string    // further kernel arguments
	Lines          []string  // unix sockets that somebody listens at: the guest's ttyS1 and on, three at most
	NoUSB          bool      // no controllers, which boots faster
	Stderr         io.Writer // QEMU's
}

// Host is where the guest finds a server that listens on the host's 127.0.0.1.
const Host = "10.0.3.2"

// There are several USB controllers with several sockets each: "1-1" to "1-6",
// "3-1" to "3-6" and so on, the even numbers being those of their faster halves.
// More than one, since what is emulated has a fault of its own: a request that
// is on its way when a cable is pulled never comes back, and the kernel gives up
// on it after five seconds. Meanwhile nothing else of that controller is plugged
// in or out.
const (
	Controllers = 4
	Sockets     = 6 // of each
)

// VM is a running guest.
type VM struct {
	Config
	QMP  *qmp.Client
	Boot time.Duration // from the start of QEMU to the guest's first answer

	cmd    *exec.Cmd
	url    string
	ended  chan struct{}
	client *http.Client
}

// bootLimit is far above what a busy machine needs.
const bootLimit = 2 * time.Minute

// Start boots a guest and waits until it answers.
func Start(c Config) (*VM, error) {
	if c.MemoryMB == 0 {
		c.MemoryMB = 256
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(c.Dir, "qmp.sock")
	os.Remove(socket)
	v := &VM{Config: c, url: fmt.Sprintf("http://127.0.0.1:%d", port), ended: make(chan struct{}), client: &http.Client{}}
	v.cmd = exec.Command("qemu-system-x86_64", c.arguments(port, socket)...)
	v.cmd.Stderr = c.Stderr
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // no orphan if the test is killed
	begin := time.Now()
	if err := v.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		v.cmd.Wait()
		close(v.ended)
	}()
	if v.QMP, err = qmp.Dial(socket, 10*time.Second); err == nil {
		err = v.ready(begin)
	}
	if err != nil {
		v.Kill()
		return nil, err
	}
	v.Boot = time.Since(begin)
	return v, nil
}

func (c *Config) arguments(port int, qmpSocket string) []string {
	kernel := "console=ttyS0 panic=-1 quiet " + c.Append
	if c.Disk != "" {
		kernel += " rig.data=/dev/vda"
	}
	if c.NoUSB {
		kernel += " rig.nousb"
	}
	args := []string{
		"-accel", "tcg", "-machine", "q35", "-m", fmt.Sprint(c.MemoryMB),
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-kernel", c.Kernel, "-initrd", c.Initrd, "-append", kernel,
		"-serial", "file:" + c.Console(),
		"-qmp", "unix:" + qmpSocket + ",server=on,wait=off",
		"-device", "virtio-rng-pci",
		// One card for the remote control, one for the program under test: its
		// cable can be pulled without losing the guest.
		"-netdev", fmt.Sprintf("user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:%d-:7000", port),
		"-device", "virtio-net-pci,netdev=net0,id=nic0",
		"-netdev", "user,id=net1,net=10.0.3.0/24", "-device", "virtio-net-pci,netdev=net1,id=nic1",
	}
	for n, path := range c.Lines {
		id := fmt.Sprintf("line%d", n+1)
		args = append(args, "-chardev", "socket,id="+id+",path="+path, "-serial", "chardev:"+id)
	}
	for n := range Controllers {
		if c.NoUSB {
			break
		}
		args = append(args, "-device", fmt.Sprintf("qemu-xhci,id=usb%d,p2=%d,p3=1", 2*n+1, Sockets))
	}
	if c.Disk != "" {
		// Writeback, so that the guest's flushes arrive.
		args = append(args, "-drive", "file="+c.Disk+",format=raw,if=virtio,cache=writeback")
	}
	return args
}

// ready waits for the guest. The forwarded port accepts before the guest is
// up, so each time it is asked afresh, and not for long.
func (v *VM) ready(begin time.Time) error {
	ask := &http.Client{Timeout: 250 * time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true}}
	for time.Since(begin) < bootLimit {
		if r, err := ask.Get(v.url + "/ready"); err == nil {
			r.Body.Close()
			return nil
		}
		select {
		case <-v.ended:
			return errors.New("QEMU ended while the guest was booting")
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("the guest did not answer within %v", bootLimit)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Console is the file that the guest's serial console goes to.
func (c *Config) Console() string { return filepath.Join(c.Dir, "console.log") }

// Kill is the power cut: what the guest had not handed to its disk is gone.
func (v *VM) Kill() {
	v.cmd.Process.Kill()
	<-v.ended
	if v.QMP != nil {
		v.QMP.Close()
	}
}
