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
	"scanpost/devices/profile"
	"scanpost/devices/verify"
	"scanpost/scan"
	"scanpost/scan/identity"
)

func devicesTry() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "try PROFILE PORT",
		Short: "Open a scanner, ask it who it is, and check by two scans that it is set up right",
		Long: `Opens the device as the agent would and says who it is. Then it asks for the
verification code, which is the last one of the set-up sheet, and for a label of
yours, and says of each whether it came as it should, and what to change if not.

The exit status is 0 once the verification code came right. Nothing is recorded.`,
		Args: takes("PROFILE", "PORT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := namedDevice(args[0], args[1])
			if err != nil {
				return err
			}
			return newTrial(d.Profile, args[0], once, cmd.OutOrStdout()).run(cmd.Context(), d)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "one scan only, the verification code: exit with 0 if it is right and with 1 if not")
	return cmd
}

// trial is one device being tried. The device calls its methods from several
// goroutines.
type trial struct {
	profile *profile.Profile
	name    string // what it is called by: its own, or its file
	once    bool
	out     io.Writer
	stop    func()
	hint    time.Duration // so long after asking nothing has come, and the person wonders

	mu       sync.Mutex
	failed   error // of writing
	attached bool
	asked    *time.Timer     // nil until the verification code was asked for
	faults   map[string]bool // that were told
	verified bool            // the verification code came right
	done     bool
	over     error
}

func newTrial(p *profile.Profile, name string, once bool, out io.Writer) *trial {
	return &trial{profile: p, name: name, once: once, out: out, hint: 20 * time.Second, faults: map[string]bool{}}
}

func (t *trial) run(ctx context.Context, d *devices.Device) error {
	ctx, t.stop = context.WithCancel(ctx)
	defer t.stop()
	d.Known, d.State, d.Watch, d.Scan, d.Log = t.known, t.state, t.seen, t.scan, troubleLog(t.trouble)
	t.say("Opening %s as %s, mode %s.", d.Address, t.profile.Model, t.profile.Mode)
	err := d.Run(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked != nil {
		t.asked.Stop()
	}
	switch {
	case t.failed != nil:
		return t.failed
	case t.over != nil:
		return t.over
	case err != nil:
		return err
	case !t.verified:
		return fmt.Errorf("%s is not verified: its verification code has not come right", d.Address)
	}
	return nil
}

// say writes a sentence. The caller holds no lock.
func (t *trial) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.write(format, args...)
}

func (t *trial) write(format string, args ...any) {
	if t.failed == nil {
		_, t.failed = fmt.Fprintln(t.out, harmless(fmt.Sprintf(format, args...)))
	}
	if t.failed != nil {
		t.stop()
	}
}

func (t *trial) state(attached bool, address, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !attached && t.attached {
		t.write("It is gone: %s. Put the cable back, and go on.", reason)
	}
	t.attached = attached
}

// trouble is told when the device can not be opened. A script does not wait
// for the cable.
func (t *trial) trouble(sentence string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.once && !t.attached {
		t.over = errors.New(sentence)
		t.stop()
		return
	}
	t.write("Waiting: %s.", sentence)
}

func (t *trial) known(i devices.Inventory) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, text := range knownText(i) {
		t.write("%s.", capital(text))
	}
	if t.asked == nil {
		t.write("Scan the verification code now: the last one of the sheet (scanpost devices sheet %s -o sheet.html).", t.name)
		t.asked = time.AfterFunc(t.hint, func() {
			t.say("Nothing has come yet. Is the scanner in this mode, and on this port? scanpost devices shows the mode that it is in; the sheet sets it.")
		})
	}
}

// seen tells once of each kind of bytes that are no code: with wrong line
// settings nothing else comes.
func (t *trial) seen(s devices.Seen) {
	if s.ToDevice || s.Output == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked != nil {
		t.asked.Stop()
	}
	for _, fault := range s.Output.Faults {
		if !t.faults[fault.Error()] && len(t.faults) < 10 {
			t.faults[fault.Error()] = true
			t.write("What came is no code: %v. Are mode and line settings of the scanner those of the profile?", fault)
		}
	}
}

// scan judges one sighting. What was right is answered with the good signal of
// the device, and what was wrong with the bad one, so that both are heard.
func (t *trial) scan(s scan.Sighting) scan.Told {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return scan.Told{Outcome: scan.Unreadable}
	}
	t.write("  %s", sightingText(s))
	right := false
	if t.verified {
		right = t.label(s)
	} else {
		right = t.verify(s)
	}
	if right {
		return scan.Told{Outcome: scan.Saved}
	}
	return scan.Told{Outcome: scan.Unreadable}
}

func (t *trial) verify(s scan.Sighting) bool {
	is, findings := verify.Of(t.profile).Diagnose(s.Code, s.AIM)
	if wrong := frameTrouble(s); wrong != "" {
		findings = append(findings, capital(wrong)+".")
	}
	for _, text := range findings {
		t.write("Wrong: %s", text)
	}
	switch {
	case is && len(findings) == 0:
		t.verified = true
		t.write("Right: the verification code came as it should.")
		if t.once {
			t.leave()
		} else {
			t.write("Now scan a label of yours.")
		}
		return true
	case !is && !s.NoRead:
		t.write("That is not the verification code of the sheet, or nothing of it has come through.")
	}
	if t.once {
		t.over = errSilent
		t.leave()
	} else {
		t.write("Scan the verification code once more when that is mended; Ctrl-C ends.")
	}
	return false
}

// leave ends the trial once the device has been given its signal: one that
// waits for an answer would complain.
func (t *trial) leave() {
	t.done = true
	if t.profile.Feedback.Means == "none" {
		t.stop()
		return
	}
	time.AfterFunc(farewell, t.stop)
}

const farewell = 500 * time.Millisecond

// label says of any code whether it came as it should.
func (t *trial) label(s scan.Sighting) bool {
	wrong := labelTrouble(t.profile, s)
	if wrong != "" {
		t.write("Wrong: %s. Scan another label when that is mended; Ctrl-C ends.", wrong)
		return false
	}
	t.write("Right: it is %s.", identity.Identifier{}.Identify(s.Code, s.AIM).Unit)
	t.write("Listen: %s.", profile.Means[t.profile.Feedback.Means])
	t.leave()
	return true
}

// labelTrouble is what is wrong with a label's code, and what to change; empty
// if nothing is.
func labelTrouble(p *profile.Profile, s scan.Sighting) string {
	wantsAIM, _ := p.Options["aim_id"].(bool)
	who := identity.Identifier{}.Identify(s.Code, s.AIM)
	switch wrong := frameTrouble(s); {
	case wrong != "":
		return wrong
	case s.AIM == "" && wantsAIM:
		return "no AIM identifier came before the code, so GS1-128 looks like any Code 128; scan the step of the sheet that switches them on"
	case who.Fault != "":
		return "it was read, but is none that a station knows: " + who.Fault
	}
	return ""
}

// frameTrouble is what is wrong with the way a code came.
func frameTrouble(s scan.Sighting) string {
	switch {
	case s.NoRead:
		return "the scanner says that it could not read; hold it nearer, or take another label"
	case s.Note == "unterminated":
		return "no suffix came after the code; scan the step of the sheet that sets it"
	case s.Note != "":
		return "something was odd about it: " + s.Note
	}
	return ""
}
