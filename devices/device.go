// Package devices turns a configured device into an endless stream of
// sightings, with the answer going back to the device.
//
// A device is never given up: a cable that is out, a port that another program
// holds, a permission that is missing are told once, in one sentence, and
// looked at again four times a second, so that a replugged scanner is back
// before the operator has lifted it. What was half received when the cable
// went is dropped and counted; it is never glued to what comes next.
//
// The signal "good" goes to the device only after Scan has returned and said
// that the scan is on disk.
package devices

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"scanpost/devices/port"
	"scanpost/devices/profile"
	"scanpost/devices/wire"
	"scanpost/scan"
)

// Device is one configured device. The exported fields are set before Run and
// not changed after.
type Device struct {
	Name, Checkpoint string
	Address          string // such as "usb:05e0:1701": package port
	Profile          *profile.Profile
	Log              *slog.Logger
	Now              func() time.Time // may be called from several goroutines; nil is time.Now

	// Scan records a sighting. It is called in order, by one goroutine, and
	// returns when the scan is on disk, or can not be.
	Scan func(scan.Sighting) scan.Told
	// ScanAll, if set, records several that came together, and answers for each
	// in their order.
	ScanAll func([]scan.Sighting) []scan.Told
	// Heard takes the tags that a reader heard, in order, by the goroutine that
	// calls Scan. It does not keep them, and does not wait for the disk.
	Heard func(reads []wire.Read, at time.Time)
	// State says that the device came or went. The reason is short: "unplugged",
	// "no such port", "no permission". It is called with false at start too, if
	// the device is not there, and again if the reason changes. A stop by the
	// context is not told: the station goes then, not the device.
	State func(attached bool, port, reason string)
	// Known, if set, is told who the device is and how it is set, once it has
	// answered after a plug-in, and again if that is no longer so.
	Known func(Inventory)
	// Facts, if set, hears what the device tells about itself, as it tells it,
	// such as {"gpi 1", "on"}; by the goroutine that calls Heard, and as that.
	Facts func(facts []wire.Fact, at time.Time)
	// Began, if set, is told that the device begins: its port was opened, or it
	// has restarted by itself. By the goroutine that calls Heard, and before it.
	Began func(at time.Time)
	// Watch, if set, sees everything that passes, as it passes. It may be called
	// from two goroutines, one for each direction.
	Watch func(Seen)
	// Record, if set, gets a trace of everything that passes.
	Record io.Writer

	counts counts
	flaps  flaps

	saved         wire.Sighting // the last one that is on disk
	inventoryTold *Inventory
	seen          port.Found // where it was last

	// Tests put fakes here.
	open       func(context.Context, string, port.Settings) (port.Port, error)
	list       func() ([]port.Found, error)
	newDecoder func(name string, options map[string]any) (wire.Decoder, error)
}

const (
	lookAgain = 250 * time.Millisecond // so that a replug is back well within two seconds
	// patience is how many looks in a row a new kind of trouble must last
	// before it is told: the node of a device that was just plugged in exists
	// a moment before udev has set its mode.
	patience = 8
)

// Run serves the device until the context ends, and then returns nil; also
// when a replay has played to its end. An error is a mistake in the
// configuration, or in the build, that no waiting would cure.
func (d *Device) Run(ctx context.Context) error {
	if err := d.prepare(); err != nil {
		return fmt.Errorf("device %s: %w", d.Name, err)
	}
	rec := newRecorder(d)
	gone := error(nil) // what is known and told about why it is not there
	for {
		p, err := d.lookFor(ctx, gone)
		switch {
		case ctx.Err() != nil:
			if p != nil {
				p.Close()
			}
			return nil
		case err != nil:
			d.State(false, d.Address, d.kindOf(err).Error())
			return fmt.Errorf("device %s: %w", d.Name, err)
		}
		err = d.serve(ctx, p, gone, rec)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, port.ErrEnd):
			d.Log.Info("replay finished", "port", d.Address)
			d.State(false, d.Address, "replay finished")
			return nil
		}
		if errors.Is(err, errMute) {
			rec.note("does not answer")
			if !errors.Is(gone, errMute) {
				d.Log.Warn("device does not answer", "port", d.Address)
				d.State(false, d.Address, errMute.Error())
			}
			gone = errMute
			continue
		}
		rec.note("unplugged")
		if tell, before := d.flaps.gone(time.Now()); tell {
			d.Log.Warn("device gone", "port", d.Address, "reason", err, "count", 1+before)
		}
		reason := port.ErrUnplugged
		if errors.Is(err, errHungUp) {
			reason = err
		}
		d.State(false, d.Address, reason.Error())
		if errors.Is(err, errLater) {
			pause := time.NewTimer(later)
			select {
			case <-pause.C:
			case <-ctx.Done():
				pause.Stop()
			}
		}
		gone = port.ErrNotFound
	}
}

func (d *Device) prepare() error {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	d.Log = d.Log.With("device", d.Name)
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.State == nil {
		d.State = func(bool, string, string) {}
	}
	if d.open == nil {
		d.open = port.Open
	}
	if d.list == nil {
		d.list = port.List
	}
	if d.newDecoder == nil {
		d.newDecoder = NewDecoder
	}
	a, badAddress := port.ParseAddress(d.Address)
	_, badDecoder := d.newDecoder(d.Profile.Decoder, d.Profile.Options)
	var mismatch error
	if badAddress == nil && a.Scheme != port.Replay && (a.Scheme == port.HID) != (d.Profile.Port.Type == "hid") {
		mismatch = fmt.Errorf("profile %s is for a %s device, which %s is not: %w", d.Profile.Name, d.Profile.Port.Type, a, port.ErrConfig)
	}
	return errors.Join(badAddress, d.settings().Check(), badDecoder, mismatch)
}

// settings are the profile's for a serial line.
func (d *Device) settings() port.Settings {
	p := d.Profile.Port
	return port.Settings{Baud: p.Baud, DataBits: p.DataBits, Parity: p.Parity, StopBits: p.StopBits, Usage: p.Usage}
}

// lookFor opens the port, for as long as it takes. Told is the kind of trouble
// that everybody knows of already; nil if this is the start.
func (d *Device) lookFor(ctx context.Context, told error) (port.Port, error) {
	lasts, kind := 0, told
	var last error
	for {
		p, err := d.open(ctx, d.Address, d.settings())
		switch {
		case err == nil:
			return p, nil
		case ctx.Err() != nil, errors.Is(err, port.ErrConfig), errors.Is(err, port.ErrUnsupported):
			return nil, err
		}
		if err != last { // the same error is the same answer, and asking costs
			if now := d.kindOf(err); kind == nil || now.Error() != kind.Error() {
				lasts, kind = 0, now
			}
			last = err
		}
		lasts++
		if (told == nil || kind.Error() != told.Error()) && (told == nil || lasts >= patience) {
			told = kind
			d.Log.Warn("device not there", "port", d.Address, "reason", kind, "err", err)
			d.State(false, d.Address, kind.Error())
		}
		d.settle(false)
		pause := time.NewTimer(lookAgain)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, context.Cause(ctx)
		}
	}
}

// settle tells of a flapping cable that has come to rest.
func (d *Device) settle(attached bool) {
	if n, rested := d.flaps.settle(time.Now()); rested {
		message := "device still gone after flapping"
		if attached {
			message = "device steady again after flapping"
		}
		d.Log.Warn(message, "port", d.Address, "count", n)
	}
}
