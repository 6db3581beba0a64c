package devices

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"scanpost/devices/port"
	"scanpost/devices/wire"
	"scanpost/scan"
)

// connection is one plug-in of a device, from open to unplug. Three goroutines
// share the work, and all end with serve:
//
//	reader  only takes from the wire and hands over, since HID reports that
//	        wait longer than 32 others are lost without a sign
//	worker  decodes, tells silence, calls Scan; it may wait for the disk
//	writer  answers; the device may take its time, or not take them at all
type connection struct {
	*Device
	port     port.Port
	reports  bool // HID: a full queue must drop, as waiting would lose the oldest without a sign
	arrivals chan arrival
	answers  *answers
	written  chan struct{} // closed when nothing is written any more
	rec      *recorder

	// The worker's own.
	decoder  wire.Decoder
	session  wire.Session // the decoder, if it leads the conversation; else nil
	out      wire.Output
	last     arrival   // the newest that was decoded
	unquiet  bool      // something arrived since the last silence
	hushed   time.Time // the last silence of a session, for which each of them counts
	dialogue *dialogue
	talking  *time.Timer // when the dialogue goes on
	tell     *time.Timer // when it is told who the device is
	telling  bool        // it is running
	heat     string      // the reader's complaint of it, if there was one
	signals  []time.Time // when signals were given that the device has not answered yet
	later    bool        // and not at once anew
	opened   time.Time   // by a clock that does not step
	early    bool        // the code that comes next may have begun before
	hangup   bool        // the conversation can not go on
	quietly  bool        // it was mute before, and is not told as back until it says something
}

// arrival is what one Read gave.
type arrival struct {
	data []byte
	at   time.Time // by the station's clock
	mono time.Time // by a clock that does not step, for the length of pauses
	lost int       // reports dropped just before
	err  error     // why there is no more; nothing follows
}

// queue is how many arrivals wait while a scan is being saved. Of a stream the
// kernel keeps more. HID reports would be lost: two seconds of them, at one a
// millisecond, are more than a scanner says while a disk is busy.
const (
	queue       = 256
	reportQueue = 2048
)

// serve uses an open port until it ends, and returns why it did.
func (d *Device) serve(ctx context.Context, p port.Port, gone error, rec *recorder) error {
	again := gone != nil
	a, _ := port.ParseAddress(d.Address) // was read before
	room := queue
	if a.Scheme == port.HID {
		room = reportQueue
	}
	c := &connection{
		Device: d, port: p, reports: a.Scheme == port.HID, rec: rec,
		arrivals: make(chan arrival, room), answers: newAnswers(), written: make(chan struct{}),
	}
	c.fresh()
	if l, ok := p.(port.Located); ok {
		d.seen = l.Found()
	}
	if early, ok := p.(interface{ Skipped() int }); ok && early.Skipped() > 0 {
		c.fault(fmt.Errorf("%d bytes: %w", early.Skipped(), errEarly))
	}
	var all sync.WaitGroup
	ended := make(chan struct{})
	all.Go(c.read)
	all.Go(func() {
		defer close(c.written)
		c.answers.run(c.write)
	})
	all.Go(func() {
		select {
		case <-ctx.Done():
			if c.session == nil { // else the worker says goodbye first
				p.Close()
			}
		case <-ended:
		}
	})
	// The reader is at it already: telling the world may take a disk's time.
	switch {
	case errors.Is(gone, errMute):
	case !again:
		d.Log.Info("device attached", "port", d.Address)
	case d.flaps.back():
		d.Log.Info("device back", "port", d.Address)
	}
	if again {
		d.counts.add(func(c *Counters) { c.Reconnects++ })
	}
	if c.quietly = errors.Is(gone, errMute); !c.quietly {
		d.State(true, d.Address, "")
	}
	err := c.work(ctx)
	close(ended)
	c.answers.close()
	all.Wait()
	return err
}

// fresh makes the decoder anew: what it holds of an unfinished code goes.
func (c *connection) fresh() {
	c.decoder, _ = c.newDecoder(c.Profile.Decoder, c.Profile.Options) // made once in prepare without error
	c.session, _ = c.decoder.(wire.Session)
	c.unquiet = false
}

// read hands over what arrives, and the error that ends it. The worker takes
// from the queue until that error, so waiting for room ends.
func (c *connection) read() {
	// A replay knows better than the clock when its bytes came.
	timed, _ := c.port.(interface{ Arrived() time.Time })
	buf := make([]byte, port.ReportSize)
	lost := 0
	for {
		n, err := c.port.Read(buf)
		a := arrival{data: bytes.Clone(buf[:n]), at: c.Now(), mono: time.Now(), lost: lost, err: err}
		if timed != nil && err == nil {
			a.mono = timed.Arrived()
		}
		if err != nil {
			// At once, before what is queued has been saved: while the port is
			// open the kernel keeps its name, and it comes back under another.
			c.port.Close()
			c.arrivals <- a
			return
		}
		if !c.reports {
			c.arrivals <- a // the kernel keeps what comes meanwhile
			continue
		}
		select {
		case c.arrivals <- a:
			lost = 0
		default:
			lost++
			c.counts.add(func(c *Counters) { c.Dropped++ })
		}
	}
}

// work takes arrivals until the last.
func (c *connection) work(ctx context.Context) error {
	var stop <-chan struct{} // for sessions: others are stopped by their port
	if c.session != nil {
		stop = ctx.Done()
	}
	quiet := c.Profile.Quiet
	silence := time.NewTimer(time.Hour)
	defer silence.Stop()
	settled := time.NewTimer(calm)
	defer settled.Stop()
	c.talking = time.NewTimer(0)
	defer c.talking.Stop()
	c.tell = time.NewTimer(time.Hour)
	defer c.tell.Stop()
	c.opened = time.Now()
	c.dialogue = newDialogue(c.Profile, c.opened)
	c.began()
	c.open()
	if c.session != nil {
		c.hushed = c.opened
		silence.Reset(quiet)
	}
	for {
		if c.hangup {
			c.goodbye(c.written)
			c.port.Close()
			c.drain()
			if c.later {
				return errLater
			}
			return errHungUp
		}
		var a arrival
		select {
		case a = <-c.arrivals:
		case <-silence.C:
			// Both may be due after a long Scan: what has arrived tells by its
			// time whether there was a pause, the timer does not.
			select {
			case a = <-c.arrivals:
			default:
				c.silence()
				c.talk() // silence may be what ended an answer
				if c.session != nil {
					c.hushed = time.Now()
					silence.Reset(quiet)
				}
				continue
			}
		case <-settled.C:
			c.settle(true)
			continue
		case <-c.tell.C:
			if c.telling = false; len(c.dialogue.facts) > 0 || c.inventoryTold == nil {
				c.tellInventory()
			}
			continue
		case <-stop:
			c.goodbye(c.written)
			c.port.Close()
			c.drain()
			return port.ErrClosed
		case <-c.talking.C:
			if c.talk(); c.dialogue.mute {
				c.finish(errMute)
				c.port.Close()
				c.drain()
				return errMute
			}
			continue
		}
		if quiet > 0 && a.mono.Sub(c.last.mono) >= quiet && a.mono.Sub(c.hushed) >= quiet {
			c.silence()
		}
		if a.err != nil {
			c.finish(a.err)
			return a.err
		}
		c.take(a)
		c.talk()
		if quiet > 0 {
			silence.Reset(quiet)
		}
	}
}

func (c *connection) take(a arrival) {
	if a.lost > 0 {
		c.fresh()
		c.open()
		c.fault(fmt.Errorf("%d reports came faster than scans were saved: %w", a.lost, errReports))
	}
	c.counts.add(func(c *Counters) { c.Read += uint64(len(a.data)) })
	c.rec.record(a.mono, false, a.data)
	if c.last.mono.IsZero() {
		// Until we had it, the kernel's driver took a keyboard's keys.
		c.early = c.Profile.Port.Usage == "keyboard" && a.mono.Sub(c.opened) < keystroke
	}
	c.last, c.unquiet = a, true
	c.dialogue.heard = time.Now()
	if c.quietly {
		c.quietly = false
		c.Log.Info("device back", "port", c.Address)
		c.State(true, c.Address, "")
	}
	c.out.Reset()
	c.decoder.Decode(a.data, &c.out)
	c.watch(Seen{At: a.at, Bytes: a.data, Output: &c.out})
	c.handOver()
}

// keystroke is how long a slow keyboard takes from key to key. What comes sooner
// after its opening may have begun before.
const keystroke = 100 * time.Millisecond

func (c *connection) silence() {
	if !c.unquiet && c.session == nil {
		return
	}
	c.unquiet = false
	c.out.Reset()
	c.decoder.Silence(&c.out)
	c.watch(Seen{At: c.Now(), Output: &c.out})
	c.handOver()
}

// finish deals with what is unfinished. The end of a trace is a pause like any
// other. An unplug is not: a code without its end is dropped, since a wrong
// parcel is worse than a missing beep.
func (c *connection) finish(err error) {
	if isEnd(err) {
		c.silence()
		return
	}
	if !c.unquiet {
		return
	}
	c.out.Reset()
	c.decoder.Silence(&c.out)
	for _, fault := range c.out.Faults {
		c.fault(fault)
	}
	for range c.out.Sightings {
		c.fault(errCut)
	}
}

// handOver brings what the decoder produced to where it belongs.
func (c *connection) handOver() {
	for _, fault := range c.out.Faults {
		c.fault(fault)
		if errors.Is(fault, wire.ErrTooLong) {
			// Somebody pulled the trigger, and must not be left without an answer.
			c.out.Sightings = slices.Insert(c.out.Sightings, 0, wire.Sighting{NoRead: true, Note: "it is longer than any label of ours"})
		}
	}
	for _, reply := range c.out.Replies {
		c.lost(c.answers.reply(reply))
	}
	for _, a := range c.out.Answers {
		c.hear(a)
	}
	c.hangup, c.later = c.hangup || c.out.Hangup, c.later || c.out.Later
	if c.out.Restarted && c.dialogue.restarted(time.Now()) {
		c.began()
	}
	if len(c.out.Reads) > 0 {
		c.heard()
	}
	found := slices.DeleteFunc(c.out.Sightings, c.known)
	c.counts.add(func(c *Counters) { c.Sightings += uint64(len(found)) })
	if c.ScanAll != nil && len(found) > 1 {
		all := make([]scan.Sighting, len(found))
		for i := range found {
			all[i] = c.sighting(&found[i])
		}
		for i, told := range c.ScanAll(all) {
			c.answer(&found[i], told)
		}
		return
	}
	for i := range found {
		c.answer(&found[i], c.Scan(c.sighting(&found[i])))
	}
}

// sighting adds to what a frame said who read it, where and when.
func (c *connection) sighting(s *wire.Sighting) scan.Sighting {
	if c.early {
		if c.early = false; s.Note == "" {
			s.Note = "perhaps without its beginning"
		}
	}
	return scan.Sighting{
		Code: s.Code, AIM: s.AIM, Symbology: s.Symbology, Device: c.Name, Checkpoint: c.Checkpoint,
		At: c.last.at, NoRead: s.NoRead, Note: s.Note,
	}
}

// answer tells the device what became of its sighting. Only here, after Scan
// has returned, can a scanner's beep come to mean "on disk".
func (c *connection) answer(s *wire.Sighting, told scan.Told) {
	saved := told.Outcome != "" && told.Outcome != scan.NotSaved
	if saved && len(s.OnSaved) > 0 {
		c.lost(c.answers.reply(s.OnSaved))
	}
	c.saved = wire.Sighting{}
	if saved {
		c.saved = *s
	}
	if saved && told.Outcome.Good() {
		c.signal(c.Profile.Feedback.Good)
	} else {
		c.signal(c.Profile.Feedback.Bad)
	}
}

// known deals with a code that the device sends once more because it has not
// heard our acknowledgement: if it is on disk, it needs only that. Otherwise it
// is another chance to save it.
func (c *connection) known(s wire.Sighting) bool {
	if !s.Again || s.Code != c.saved.Code || s.AIM != c.saved.AIM || s.Symbology != c.saved.Symbology || s.NoRead != c.saved.NoRead {
		return false
	}
	c.counts.add(func(c *Counters) { c.Repeats++ })
	c.lost(c.answers.reply(s.OnSaved))
	return true
}

// fault counts, and logs the first of each reason: a wrong baud rate should be
// seen, and its thousand faults should not bury the rest.
func (c *connection) fault(err error) {
	reason := ReasonOf(err)
	if c.counts.fault(reason) {
		c.Log.Warn("unreadable", "reason", reason, "err", err)
		return
	}
	c.Log.Debug("unreadable", "reason", reason, "err", err)
}
