//go:build linux

package rig

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scanpost/devices/rig/cutdisk"
	"scanpost/devices/rig/vm"
)

var (
	guestDir = flag.String("guest", "", "what run.sh has made: kernel, initrd, and what is on its disk; without it all tests are skipped")
	seedFlag = flag.Uint64("seed", 0, "of the random rounds; 0 takes another each time")
)

// quirked is the USB identity of the keyboards that the kernel is told to keep
// its driver off, as docs/devices.md advises for scanners that type.
const quirked = "0x0c2e:0x0b61"

// The one guest of all tests, and what is around it.
var (
	guest *vm.VM
	disk  *cutdisk.Disk
	hub   *station // the broker, and what it heard
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(all(m))
}

func all(m *testing.M) int {
	if *guestDir == "" {
		fmt.Println("rig: skipped, since there is no guest to run in (make rig makes one)")
		return 0
	}
	// Sockets are made in it, so its path is short.
	dir, err := os.MkdirTemp("/tmp", "rig")
	if err == nil {
		defer os.RemoveAll(dir)
		err = boot(dir)
	}
	if err != nil {
		fmt.Printf("rig: skipped, since the guest did not boot: %v\n%s", err, tail(filepath.Join(dir, "console.log")))
		return 0
	}
	defer disk.Close()
	defer guest.Kill()
	fmt.Printf("rig: the guest answered after %.1f s\n", guest.Boot.Seconds())
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if hub, err = newStation(ctx); err != nil {
		fmt.Println("rig:", err)
		return 1
	}
	begin := time.Now()
	code := m.Run()
	fmt.Printf("rig: the tests took %.0f s\n", time.Since(begin).Seconds())
	return code
}

// boot starts the guest. Its disk holds the programs.
func boot(dir string) (err error) {
	image, socket := filepath.Join(dir, "disk.img"), filepath.Join(dir, "disk.sock")
	format := exec.Command("mkfs.ext4", "-q", "-F", "-d", filepath.Join(*guestDir, "disk"), image, "512M")
	format.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := format.CombinedOutput(); err != nil {
		return fmt.Errorf("mkfs.ext4: %w: %s", err, out)
	}
	if disk, err = cutdisk.Serve(image, socket); err != nil {
		return err
	}
	guest, err = vm.Start(vm.Config{
		Dir: dir, Kernel: filepath.Join(*guestDir, "kernel"), Initrd: filepath.Join(*guestDir, "initrd"),
		Disk: "nbd:unix:" + socket, Append: "usbhid.quirks=" + quirked + ":0x0004", Stderr: os.Stderr,
	})
	return err
}

func tail(file string) string {
	b, _ := os.ReadFile(file)
	lines := strings.SplitAfter(string(b), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "")
}

// patience bounds every wait for something that must happen. It is there so
// that a test ends, not to measure anything.
const patience = 60 * time.Second

// wait waits until a condition holds.
func wait(t testing.TB, what string, holds func() bool) {
	t.Helper()
	if !within(patience, holds) {
		t.Fatalf("waited in vain: %s", what)
	}
}

func within(limit time.Duration, holds func() bool) bool {
	for end := time.Now().Add(limit); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}
