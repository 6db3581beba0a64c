package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"scanpost/cmd/config"
	"scanpost/devices/port"
	"scanpost/devices/profile"
	"scanpost/sync/outbox"
)

// enoughSpace keeps a busy station going for weeks: a scan takes well under a
// kilobyte.
const enoughSpace = 200 << 20

// checkData looks at the folder that scans are kept in.
func checkData(dir string) (list []finding, running bool) {
	const what = "data folder"
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return []finding{ill(what, "make it, for the user that the agent runs as: install -d -m 750 -o scanpost "+dir, "%s is not there", dir)}, false
	case err != nil:
		return []finding{ill(what, "let this user in, or run this as the agent's user", "%v", err)}, false
	case !info.IsDir():
		return []finding{ill(what, "write a folder as data in [station]", "%s is a file", dir)}, false
	}
	trial, err := os.CreateTemp(dir, ".doctor-*")
	switch {
	case errors.Is(err, syscall.EROFS):
		return []finding{ill(what, "look why the disk is read-only (dmesg: it may be failing), then mount it again", "%s: %v", dir, innermost(err))}, false
	case errors.Is(err, syscall.ENOSPC):
		return []finding{ill(what, "make room on the disk", "%s: %v", dir, innermost(err))}, false
	case err != nil:
		return []finding{ill(what, "let the agent's user write there: chown -R scanpost "+dir, "%s: %v", dir, innermost(err))}, false
	}
	_, err = trial.WriteString("may scans be kept here?\n")
	err = errors.Join(err, trial.Sync(), trial.Close(), os.Remove(trial.Name()))
	if err != nil {
		return []finding{ill(what, "make room on the disk, or look at it (dmesg)", "%s: %v", dir, innermost(err))}, false
	}
	list = append(list, fine(what, "%s can be written to", dir))
	for _, sub := range []string{"", "board"} { // the board keeps a log of its own
		f, inUse := checkOutbox(filepath.Join(dir, sub))
		list, running = append(list, f...), running || inUse
	}
	if free, err := freeSpace(dir); err == nil {
		if free < enoughSpace {
			list = append(list, ill("disk", "make room: scans stop when it is full", "only %s free", bytesText(free)))
		} else {
			list = append(list, fine("disk", "%s free", bytesText(free)))
		}
	}
	return list, running
}

// checkOutbox opens an outbox that is there; looking must not make one.
func checkOutbox(dir string) (list []finding, inUse bool) {
	const what = "outbox"
	if _, err := os.Stat(filepath.Join(dir, "outbox.db")); err != nil {
		return nil, false // not yet; the agent makes it
	}
	o, err := outbox.Open(dir, outbox.Options{})
	switch {
	case errors.Is(err, outbox.ErrInUse):
		return []finding{fine(what, "%s is in use, by the agent that runs", dir)}, true
	case errors.Is(err, outbox.ErrDamaged):
		return []finding{ill(what, "look at the disk (dmesg), then start the agent", "%v", err)}, false
	case err != nil:
		return []finding{ill(what, "do what the sentence says", "%v", err)}, false
	}
	s := o.Stats()
	if err := o.Close(); err != nil {
		return []finding{ill(what, "do what the sentence says", "%v", err)}, false
	}
	return []finding{fine(what, "%s holds events up to %d, %d of them not sent yet", dir, s.Last, s.Last-s.Published)}, false
}

// checkClock asks the kernel whether somebody keeps its clock right.
func checkClock() finding {
	synced, err := clockSynced()
	switch {
	case err != nil:
		return fine("clock", "whether it is kept right can not be told here: %v", err)
	case !synced:
		return ill("clock", "start a time service: timedatectl set-ntp true, or install chrony", "nobody keeps it right, so the times of scans may be wrong")
	}
	return fine("clock", "kept right by a time service")
}

// checkDevices finds and opens each configured device, and closes it again.
func checkDevices(ctx context.Context, cfg *config.Config, running bool) []finding {
	var list []finding
	if !port.HIDSupported() {
		list = append(list, hidFinding(cfg))
	}
	for _, d := range cfg.Devices {
		list = append(list, checkDevice(ctx, d, running))
	}
	return list
}

func hidFinding(cfg *config.Config) finding {
	for _, d := range cfg.Devices {
		if a, err := port.ParseAddress(d.Port); err == nil && a.Scheme == port.HID {
			return ill("HID", "install the release for this machine, or build with CGO_ENABLED=1 (make build does)", "this build can not read HID devices, and %s is one", d.Name)
		}
	}
	return fine("HID", "this build can not read HID devices, and none is configured")
}

func checkDevice(ctx context.Context, d config.Device, running bool) finding {
	what := "device " + d.Name
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	p, err := port.Open(ctx, d.Port, lineSettings(d.Profile))
	switch {
	case err == nil:
		p.Close()
		return fine(what, "%s opens; %s", d.Port, d.Profile.Model)
	case errors.Is(err, port.ErrBusy) && running:
		return fine(what, "%s is in use, by the agent that runs", d.Port)
	case errors.Is(err, port.ErrPermission):
		return ill(what, "do what the sentence says, then look again", "%v", err)
	}
	return ill(what, "scanpost devices shows what is plugged in and what to write as port", "%v", err)
}

// lineSettings are a profile's for a serial line.
func lineSettings(p *profile.Profile) port.Settings {
	return port.Settings{Baud: p.Port.Baud, DataBits: p.Port.DataBits, Parity: p.Port.Parity, StopBits: p.Port.StopBits}
}

func bytesText(n uint64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
