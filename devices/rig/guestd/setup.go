//go:build linux

package main

import (
	"errors"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// setup does what an init script would do. What fails is told and passed over:
// a guest that is half set up and answers is easier to look into than one that
// panics.
func setup() {
	os.Setenv("PATH", "/bin:/sbin")
	os.Setenv("HOME", "/root")
	for _, m := range []struct{ what, where, options string }{
		{"proc", "/proc", ""}, {"sysfs", "/sys", ""}, {"devtmpfs", "/dev", ""}, {"tmpfs", "/tmp", ""},
		{"devpts", "/dev/pts", "ptmxmode=0666,mode=620"},
	} {
		mount(m.what, m.where, m.what, m.options)
	}
	b, err := os.ReadFile("/etc/rig/modules")
	tell("modules", err)
	for name := range strings.Lines(string(b)) {
		name = strings.TrimSpace(name)
		if name == "usb-common" && len(kernelArguments("rig.nousb")) > 0 {
			break // it is the first of those for USB, which are the last
		}
		tell("module "+name, load(name, moduleArguments(name)))
	}
	for _, line := range []string{
		"link set lo up",
		"addr add 10.0.2.15/24 dev eth0", "link set eth0 up", // the host's hold on the guest
		"addr add 10.0.3.15/24 dev eth1", "link set eth1 up", // the uplink
		"route add default via 10.0.3.2",
	} {
		_, err := exec.Command("/bin/busybox", append([]string{"ip"}, strings.Fields(line)...)...).Output()
		tell("ip "+line, err)
	}
	if disk := kernelArguments("rig.data="); len(disk) > 0 {
		mount(disk[0], "/data", "ext4", strings.Join(kernelArguments("rig.options="), ","))
	}
}

func mount(what, where, kind, options string) {
	err := errors.Join(os.MkdirAll(where, 0o755), unix.Mount(what, where, kind, 0, options))
	tell("mount "+where, err)
}

func tell(what string, err error) {
	if err != nil {
		log.Printf("%s: %v", what, err)
	}
}

// kernelArguments are those that begin with a prefix, without it.
func kernelArguments(prefix string) (found []string) {
	b, err := os.ReadFile("/proc/cmdline")
	tell("cmdline", err)
	for _, f := range strings.Fields(string(b)) {
		if value, ok := strings.CutPrefix(f, prefix); ok {
			found = append(found, value)
		}
	}
	return found
}

// moduleArguments are what the kernel was told for a module, such as
// usbhid.quirks=…: for those that are not built in, whoever loads them has to
// pass it on.
func moduleArguments(name string) string {
	return strings.Join(kernelArguments(strings.ReplaceAll(name, "-", "_")+"."), " ")
}

func load(name, arguments string) error {
	f, err := os.Open(filepath.Join("/lib/rig", name+".ko"))
	if err != nil {
		return err
	}
	defer f.Close()
	err = unix.FinitModule(int(f.Fd()), arguments, 0)
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}
