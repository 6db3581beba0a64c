package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"scanpost/devices"
	"scanpost/devices/port"
)

func devicesWatch() *cobra.Command {
	var ask watchAsk
	cmd := &cobra.Command{
		Use:   "watch (--profile P --port ADDRESS [--set KEY=VALUE]... | -c station.toml)",
		Short: "Show live what passes between the station and its scanners, until Ctrl-C",
		Long: `Shows the bytes of each arrival (<) and of each answer (>), what they mean, what
is wrong with them, and every plug and unplug. Nothing is recorded: a good
signal means no more here than that the code was shown. The agent must not run,
since a device serves one program at a time.

Of tag readers it shows the tags instead of the bytes: on a terminal a table of
readers, antennas and tags that is drawn anew twice a second, elsewhere a line
for each pass, and the table at the end. With -c the antennas and portals are
those of the configuration; else --set gives the options that the profile needs:

  scanpost devices watch --profile thingmagic-nano-serial \
    --port usb:0403:6001 --set region=eu3 --set power=20

With --bytes there are lines everywhere, and bytes of tag readers too.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := ask.watching()
			if err != nil {
				return err
			}
			return w.run(cmd.Context(), cmd.OutOrStdout(), ask.bytes)
		},
	}
	profileFlag(cmd, &ask.profile)
	cmd.Flags().StringVar(&ask.address, "port", "", "the `ADDRESS` of the device (scanpost devices tells)")
	cmd.Flags().StringVarP(&ask.file, "config", "c", "", "watch all devices of this configuration `FILE`")
	cmd.Flags().StringArrayVar(&ask.options, "set", nil, "an option of the profile and its value, `KEY=VALUE`, such as region=eu3 or antennas=[1,2]; may be repeated")
	cmd.Flags().BoolVarP(&ask.bytes, "bytes", "b", false, "show the bytes of tag readers too, and no table")
	return cmd
}

// namedDevice is a device without a configuration.
func namedDevice(name, address string) (*devices.Device, error) {
	p, err := loadProfile(name)
	if err != nil {
		return nil, err
	}
	if address == "" {
		return nil, usageError{errors.New("which port? add --port, as scanpost devices tells")}
	}
	a, err := port.ParseAddress(address)
	if err != nil {
		return nil, usageError{err}
	}
	if a.Scheme != port.Replay && (a.Scheme == port.HID) != (p.Port.Type == "hid") {
		return nil, usageError{fmt.Errorf("profile %s is for a %s device, which %s is not; scanpost devices tells which profile fits", p.Name, p.Port.Type, a)}
	}
	return &devices.Device{Name: "it", Address: address, Profile: p}, nil
}

// run watches until the context ends or, for recordings, they have played.
func (w *watching) run(ctx context.Context, out io.Writer, bytes bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lines := &watchLines{out: out, stop: stop}
	tags, err := newTagField(w, time.Now(), func(at time.Time, who, text string) { lines.say(at, w.column(who), " ", text) })
	if err != nil {
		return usageError{err}
	}
	watched := len(tags.readers) > 0
	var view *tagScreen
	if watched && !bytes {
		if view = newTagScreen(out, tags); view != nil {
			lines.elsewhere = view.keep
		}
	}
	var all, beside sync.WaitGroup
	errs := make([]error, len(w.devices))
	for i := range w.devices {
		d := &w.devices[i]
		one := &watcher{lines: lines, profile: d.Profile, column: w.column(d.Name), bytes: bytes || view == nil && !d.tags, faults: map[string]int{}}
		one.attach(d.Device)
		if r := tags.reader(d.Name); r != nil {
			one.reader = r
			d.Heard, d.Facts, d.Began = r.heard, r.told, r.began
		}
		all.Go(func() { errs[i] = d.Run(ctx) })
	}
	ended := make(chan struct{})
	if watched {
		beside.Go(func() { tags.run(ended) })
	}
	if view != nil {
		beside.Go(func() { view.run(ended, stop) })
	}
	all.Wait()
	close(ended)
	beside.Wait()
	if watched {
		if ctx.Err() == nil { // recordings that have played: nothing more will be heard
			tags.end(time.Now())
		}
		lines.elsewhere = nil
		if view != nil { // they went with the screen
			lines.write(view.last())
		}
		lines.write(tags.table(time.Now()))
	}
	if err := errors.Join(append(errs, lines.failed)...); err != nil {
		return err
	}
	for i := range w.devices {
		faultsOf(w.devices[i].Counts()).print(out)
	}
	return nil
}
