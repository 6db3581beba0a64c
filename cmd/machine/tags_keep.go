package machine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"scanpost/scan"
	"scanpost/scan/pass"
	"scanpost/sync/event"
)

const (
	mostEnded  = 2000        // passes that wait for a disk that takes none
	tryAgain   = time.Second // until it is asked again
	together   = 128         // passes that share a transaction
	keptRoom   = 128 << 10   // bytes on disk, for some five hundred passes
	perKeeping = 2           // files, written in turn
)

// save scans the passes that have ended. What the disk refuses is told once and
// then tried again, the oldest alone until it is taken; what comes meanwhile has
// its own chance, since its operator waits for a word.
func (t *tags) save(now time.Time) {
	blocked := false
	left := t.ended[:0]
	for rest := t.ended; len(rest) > 0; {
		e := &rest[0]
		if e.refused && (blocked || now.Before(t.retry)) {
			left, rest, blocked = append(left, *e), rest[1:], true
			continue
		}
		n := 1
		for !e.refused && n < min(len(rest), together) && rest[n].with(e) {
			n++
		}
		for i, told := range t.scan(rest[:n]) {
			if one := &rest[i]; told.Outcome == scan.NotSaved && !one.empty {
				one.refused, blocked = true, true
				left = append(left, *one)
			}
		}
		if blocked {
			t.retry = now.Add(tryAgain)
		}
		rest = rest[n:]
	}
	if lost := len(left) - mostEnded; lost > 0 {
		t.log.Error("passes are given up, since too many wait for a disk that takes none", "count", lost)
		left = left[:mostEnded]
	}
	clear(t.ended[len(left):])
	t.ended = left
}

// with reports whether a pass may be handed over together with another. Those
// of another opening of the gate may not, since they are another parcel's.
func (e *ended) with(o *ended) bool {
	return !e.refused && !e.empty && !o.empty && e.Device == o.Device && e.Portal == o.Portal && e.Group == o.Group
}

// scan is the life of some passes of one device and opening.
func (t *tags) scan(some []ended) []scan.Told {
	all := make([]scan.Sighting, len(some))
	for i := range some {
		if all[i] = sighting(&some[i].Pass, some[i].Device); some[i].empty {
			all[i] = scan.Sighting{NoRead: true, Device: some[i].Device, Checkpoint: some[i].Portal, At: time.Now()}
		}
	}
	if some[0].refused {
		t.retrying(some[0].Device)
		defer t.retrying("")
	}
	return t.life.ScanAll(t.goodbye, all)
}

// retrying says of which device a refused pass is tried again, if of any.
func (t *tags) retrying(device string) {
	t.trying.Lock()
	defer t.trying.Unlock()
	t.again = device
}

// told reports whether a failure is of a pass whose operator was told before.
func (t *tags) told(device string) bool {
	if t == nil {
		return false
	}
	t.trying.Lock()
	defer t.trying.Unlock()
	return device != "" && t.again == device
}

// kept is what the file holds.
type kept struct {
	Epoch string `json:"epoch"`
	After uint64 `json:"after"` // the outbox's last number then: what came of these passes has a higher one
	Open  []ended
	Ended []ended
}

// keep writes the passes that are not saved yet, if they are others than before.
func (t *tags) keep(open []pass.Pass, last bool) {
	k := kept{Epoch: t.outbox.Epoch(), After: t.outbox.Stats().Last, Ended: t.lasting()}
	t.mu.Lock()
	for i := range open {
		k.Open = append(k.Open, ended{Pass: open[i], Device: t.reader[open[i].Portal]})
	}
	t.mu.Unlock()
	which := ""
	for _, list := range [][]ended{k.Open, k.Ended} {
		for i := range list {
			which += passName(&list[i].Pass)
		}
		which += "\n"
	}
	if which == t.kept || len(k.Open)+len(k.Ended) == 0 && t.kept == "" {
		if !last || len(k.Open) == 0 {
			return
		}
	}
	err := t.keeper.write(&k)
	for n := len(k.Ended) / 2; err != nil && n > 0; n /= 2 { // where there is no room for more than there was
		k.Ended = k.Ended[:n]
		if t.keeper.write(&k) == nil {
			break
		}
	}
	if err != nil {
		t.log.Warn("passes that are not saved yet are not all kept on disk", "count", len(open)+len(t.ended), "err", err)
	}
	t.kept = which
}

// lasting are the passes that have ended, without what is no pass.
func (t *tags) lasting() (list []ended) {
	for i := range t.ended {
		if !t.ended[i].empty {
			list = append(list, t.ended[i])
		}
	}
	return list
}

// passName tells one pass from all others, as far as its event tells it too.
func passName(p *pass.Pass) string {
	return p.Portal + "\x00" + string(p.EPC) + "\x00" + strconv.FormatInt(event.Milli(p.First).UnixMilli(), 10) + "\x00"
}

// recover brings back the passes that were not saved when the program ended.
// One that was saved in the moment before it did is in the outbox, under a
// number that is newer than the file: so each is one scan.
func (t *tags) recover(now time.Time) {
	var k kept
	if found, err := t.keeper.read(&k); err != nil {
		t.log.Warn("passes that were under way can not be read", "err", err)
		return
	} else if !found || len(k.Open)+len(k.Ended) == 0 {
		return
	}
	t.kept = "what it was"
	saved := map[string]bool{}
	if k.Epoch == t.outbox.Epoch() {
		err := t.history(k.After+1, t.outbox.Stats().Last, func(ev scan.Event) {
			if s, is := ev.Entry.(*scan.Scan); is && s.Pass != nil {
				saved[passName(&pass.Pass{Portal: s.Checkpoint, EPC: []byte(s.Raw), First: s.Pass.First})] = true
			}
		})
		if err != nil {
			t.log.Warn("whether passes that were under way are saved can not be read: some may be recorded twice", "err", err)
		}
	}
	for _, e := range k.Ended {
		if !saved[passName(&e.Pass)] {
			t.ended = append(t.ended, e)
		}
	}
	var open []pass.Pass
	for _, e := range k.Open {
		if !saved[passName(&e.Pass)] {
			open = append(open, e.Pass)
			t.reader[e.Portal] = e.Device
		}
	}
	t.hall.Recover(open, now)
	t.take()
}

// keeper keeps a few kilobytes on disk, the newest or those before: two files,
// written in turn and in place. Their room is taken beforehand, so that a disk
// which has become full since still takes them.
type keeper struct {
	dir    string
	number uint64 // of what was written last
}

// keeping is what a file begins with; what stands behind it is of no meaning.
type keeping struct {
	Number uint64          `json:"number"`
	Sum    string          `json:"sum"`
	Kept   json.RawMessage `json:"kept"`
}

func (k *keeper) file(number uint64) string {
	return filepath.Join(k.dir, fmt.Sprintf("passes-%d.json", number%perKeeping))
}

func (k *keeping) sum() string {
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE(append(strconv.AppendUint(nil, k.Number, 10), k.Kept...)))
}

// reserve takes the room. Where that fails, a write will tell.
func (k *keeper) reserve() {
	for i := range uint64(perKeeping) {
		f, err := os.OpenFile(k.file(i), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return
		}
		if info, err := f.Stat(); err == nil && info.Size() < keptRoom {
			_, _ = f.WriteAt(bytes.Repeat([]byte(" "), int(keptRoom-info.Size())), info.Size())
		}
		_ = errors.Join(f.Sync(), f.Close())
	}
}

func (k *keeper) write(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	next := keeping{Number: k.number + 1, Kept: data}
	next.Sum = next.sum()
	if data, err = json.Marshal(next); err != nil {
		return err
	}
	f, err := os.OpenFile(k.file(next.Number), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(append(data, '\n'), 0)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		k.number = next.Number
	}
	return err
}

// read finds what was written last. A file that the power cut in the middle is
// not it: the other one is then.
func (k *keeper) read(v any) (found bool, err error) {
	var newest keeping
	for i := range uint64(perKeeping) {
		f, err := os.Open(k.file(i))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return false, err
		}
		var one keeping
		err = json.NewDecoder(io.LimitReader(f, 16<<20)).Decode(&one)
		f.Close()
		if err == nil && one.Sum == one.sum() && one.Number > newest.Number {
			newest = one
		}
	}
	if newest.Number == 0 {
		return false, nil
	}
	k.number = newest.Number
	return true, json.Unmarshal(newest.Kept, v)
}
