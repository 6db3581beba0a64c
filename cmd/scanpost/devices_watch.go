package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"scanpost/devices"
	"scanpost/devices/port"
	"scanpost/devices/profile"
	"scanpost/devices/wire"
	"scanpost/scan"
)

func devicesWatch() *cobra.Command {
	var name, address, file string
	cmd := &cobra.Command{
		Use:   "watch (--profile P --port ADDRESS | -c station.toml)",
		Short: "Show live what passes between the station and its scanners, until Ctrl-C",
		Long: `Shows the bytes of each arrival (<) and of each answer (>), what they mean, what
is wrong with them, and every plug and unplug. Nothing is recorded: a good
signal means no more here than that the code was shown. The agent must not run,
since a device serves one program at a time.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := toWatch(name, address, file)
			if err != nil {
				return err
			}
			return watchAll(cmd.Context(), list, cmd.OutOrStdout())
		},
	}
	profileFlag(cmd, &name)
	cmd.Flags().StringVar(&address, "port", "", "the `ADDRESS` of the device (scanpost devices tells)")
	cmd.Flags().StringVarP(&file, "config", "c", "", "watch all devices of this configuration `FILE`")
	return cmd
}

// toWatch are the devices that the flags name.
func toWatch(name, address, file string) ([]*devices.Device, error) {
	if file == "" && name == "" && address == "" {
		return nil, usageError{errors.New("watch what? add --profile and --port, or -c station.toml (scanpost devices tells what is plugged in)")}
	}
	if file == "" {
		d, err := namedDevice(name, address)
		if err != nil {
			return nil, err
		}
		return []*devices.Device{d}, nil
	}
	if name != "" || address != "" {
		return nil, usageError{errors.New("either -c, or --profile and --port: the configuration says both")}
	}
	cfg, err := loadConfig(file)
	if err != nil {
		return nil, err
	}
	if len(cfg.Devices) == 0 {
		return nil, usageError{fmt.Errorf("%s has no [[device]] to watch", file)}
	}
	var list []*devices.Device
	for _, d := range cfg.Devices {
		list = append(list, &devices.Device{Name: d.Name, Address: d.Port, Profile: d.Profile})
	}
	return list, nil
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

// watchAll runs the devices until the context ends or, for recordings, they
// have played.
func watchAll(ctx context.Context, list []*devices.Device, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lines := &watchLines{out: out, stop: stop}
	var all sync.WaitGroup
	errs := make([]error, len(list))
	for i, d := range list {
		w := &watcher{lines: lines, profile: d.Profile}
		if len(list) > 1 {
			w.name = d.Name
		}
		w.attach(d)
		all.Go(func() { errs[i] = d.Run(ctx) })
	}
	all.Wait()
	if err := errors.Join(append(errs, lines.failed)...); err != nil {
		return err
	}
	for _, d := range list {
		faultsOf(d.Counts()).print(out)
	}
	return nil
}

// watchLines is where all devices write, a line at a time.
type watchLines struct {
	mu     sync.Mutex
	out    io.Writer
	stop   func() // called when nobody reads any more
	failed error
}

func (l *watchLines) write(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return
	}
	if _, l.failed = io.WriteString(l.out, text); l.failed != nil {
		l.stop()
	}
}

// watcher shows one device. Its methods are called from several goroutines of
// the device.
type watcher struct {
	lines   *watchLines
	profile *profile.Profile
	name    string // empty if it is the only one

	mu       sync.Mutex
	attached bool
}

// attach hangs the watcher on a device that does not run yet.
func (w *watcher) attach(d *devices.Device) {
	d.Watch, d.Known, d.State = w.seen, w.known, w.state
	d.Log = troubleLog(w.trouble)
	d.Scan = func(scan.Sighting) scan.Told { return scan.Told{Outcome: scan.Saved} }
}

// say writes a line. Mark is <, > or a space.
func (w *watcher) say(at time.Time, mark, text string) {
	line := at.Local().Format("15:04:05.000")
	if w.name != "" {
		line += fmt.Sprintf("  %-10s", w.name)
	}
	w.lines.write(line + "  " + mark + "  " + harmless(text) + "\n")
}

func (w *watcher) seen(s devices.Seen) {
	mark := "<"
	if s.ToDevice {
		mark = ">"
	}
	for row := range strings.Lines(dump(s.Bytes)) {
		w.say(s.At, mark, strings.TrimSuffix(row, "\n"))
		mark = " "
	}
	if s.Output == nil {
		return
	}
	for _, found := range s.Output.Sightings {
		w.say(s.At, " ", "scan "+w.sighting(found))
	}
	for _, a := range s.Output.Answers {
		w.say(s.At, " ", answerText(a))
	}
	for _, fault := range s.Output.Faults {
		w.say(s.At, " ", "fault: "+fault.Error())
	}
	if s.Output.Restarted {
		w.say(s.At, " ", "it has lost what it was told at opening, and is told again")
	}
}

func (w *watcher) sighting(s wire.Sighting) string {
	_, text, _ := strings.Cut(sightingText(scan.Sighting{Code: s.Code, AIM: s.AIM, Symbology: s.Symbology, NoRead: s.NoRead, Note: s.Note}), "  ")
	if s.Again {
		text += "  (sent again)"
	}
	if len(s.OnSaved) > 0 {
		text += fmt.Sprintf("  (told % X once it is saved)", s.OnSaved)
	}
	return text
}

func answerText(a wire.Answer) string {
	var parts []string
	for _, f := range a.Facts {
		parts = append(parts, fmt.Sprintf("%s = %q", f.Name, f.Value))
	}
	switch {
	case a.Refused != "":
		return "refused: " + strings.Join(append([]string{a.Refused}, parts...), ", ")
	case len(parts) == 0:
		return "taken"
	}
	return "answer: " + strings.Join(parts, ", ")
}

func (w *watcher) known(i devices.Inventory) {
	for _, text := range knownText(i) {
		w.say(time.Now(), " ", text)
	}
}

// knownText is who a device is, what it refused and what is not set as it
// should be.
func knownText(i devices.Inventory) []string {
	var lines []string
	var who []string
	for _, f := range []struct{ what, value string }{{"", i.Model}, {"serial number ", i.Serial}, {"firmware ", i.Firmware}, {"in socket ", i.Socket}} {
		if f.value != "" {
			who = append(who, f.what+f.value)
		}
	}
	if len(who) > 0 {
		lines = append(lines, "it is "+strings.Join(who, ", "))
	}
	for _, d := range i.Drift {
		lines = append(lines, "setting: "+d.String())
	}
	for _, r := range i.Refused {
		lines = append(lines, "it did not take: "+r)
	}
	return lines
}

func (w *watcher) state(attached bool, address, reason string) {
	w.mu.Lock()
	was := w.attached
	w.attached = attached
	w.mu.Unlock()
	switch {
	case attached:
		w.say(time.Now(), " ", "open: "+address)
	case was:
		w.say(time.Now(), " ", "gone: "+reason)
	}
}

// trouble is told when the device can not be opened.
func (w *watcher) trouble(sentence string) { w.say(time.Now(), " ", "waiting: "+sentence) }

const perRow = 16

// dump is bytes for a person: hex, and beside it what can be printed. A tail
// of equal bytes, as HID reports have it, is told by its length.
func dump(b []byte) string {
	tail := len(b)
	for tail > 0 && b[tail-1] == b[len(b)-1] {
		tail--
	}
	rest := ""
	if n := len(b) - tail; n >= 4 {
		b, rest = b[:tail], fmt.Sprintf("%02X*%d", b[tail], n)
	}
	var text strings.Builder
	for from := 0; from < len(b); from += perRow {
		row := b[from:min(from+perRow, len(b))]
		fmt.Fprintf(&text, "%-*s  %s\n", perRow*3-1, fmt.Sprintf("% X", row), printable(row))
	}
	if rest != "" {
		text.WriteString(rest + "\n")
	}
	return text.String()
}

func printable(b []byte) string {
	text := make([]byte, len(b))
	for i, c := range b {
		text[i] = '.'
		if c >= ' ' && c < 0x7f {
			text[i] = c
		}
	}
	return string(text)
}
