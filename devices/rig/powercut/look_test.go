//go:build linux

package powercut

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// found is what the program's own commands find in a station's folder.
type found struct {
	epoch       string   // of the log that goes on
	first, last uint64   // numbers held of it; first is last+1 if none are
	missing     []string // codes that had their good signal, and are not there
}

// errNone says that a station has no outbox yet.
var errNone = errors.New("there is no outbox")

// look reads the outbox while the program does not run: it verifies, everything
// in it is what was seen of it before, it has no hole, and it is the log that it
// was. What is missing is for the caller to judge.
func (m *machine) look() (f found, err error) {
	said := m.guest.Sh("cd /tmp && for of in stats verify export; do /data/bin/scanpost outbox $of --data " + m.folder() + " 2>&1 >$of || exit; done; echo sound")
	if strings.Contains(said, errNone.Error()) {
		return f, errNone
	}
	if said != "sound\n" {
		return f, fmt.Errorf("the outbox is not sound: %s", said)
	}
	stats, err := m.guest.Get("/tmp/stats")
	if err != nil {
		return f, err
	}
	if err := f.parse(string(stats)); err != nil {
		return f, err
	}
	if m.epoch != "" && f.epoch != m.epoch {
		return f, fmt.Errorf("the log %s is gone, and %s is in its place", m.epoch, f.epoch)
	}
	m.epoch = f.epoch
	export, err := m.guest.Get("/tmp/export")
	if err != nil {
		return f, err
	}
	held, next := map[string]map[uint64]bool{}, f.first
	for b := range bytes.Lines(export) {
		epoch, seq := m.hub.add(bytes.TrimSuffix(b, []byte("\n")))
		if held[epoch] == nil {
			held[epoch] = map[uint64]bool{}
		}
		held[epoch][seq] = true
		if epoch != f.epoch {
			continue // what was rescued has holes where it was trimmed
		}
		if seq != next {
			return f, fmt.Errorf("number %d of %s is followed by %d", next-1, epoch, seq)
		}
		next++
	}
	if next != f.last+1 {
		return f, fmt.Errorf("the outbox holds %d to %d by its own word, and gives them up to %d", f.first, f.last, next-1)
	}
	f.missing, err = m.missing(f, held)
	return f, err
}

// missing are the codes that had their good signal and are neither held nor
// were let go of when the host had confirmed them.
func (m *machine) missing(f found, held map[string]map[uint64]bool) (missing []string, err error) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	kept := map[string]bool{}
	for _, l := range m.hub.logs {
		if l.station != m.station {
			continue
		}
		for code, seq := range l.codes {
			trimmed := seq <= l.confirmed && (l.epoch != f.epoch || seq < f.first)
			kept[code] = trimmed || held[l.epoch][seq]
		}
	}
	if l := m.hub.logs[f.epoch]; l != nil && l.last > f.last {
		return nil, fmt.Errorf("the outbox ends with %d, and %d had been given", f.last, l.last)
	} else if l != nil && f.first > l.confirmed+1 {
		return nil, fmt.Errorf("the outbox begins with %d, and only %d are confirmed", f.first, l.confirmed)
	}
	for _, line := range m.lines {
		told, err := line.told(m.station)
		if err != nil {
			return nil, err
		}
		for _, code := range told {
			if !kept[code] {
				missing = append(missing, code)
			}
		}
	}
	return missing, nil
}

var statsForm = regexp.MustCompile(`(?m)^epoch +(\S+)\nevents +(?:(\d+) to (\d+) |none held; the next is (\d+))`)

func (f *found) parse(stats string) error {
	s := statsForm.FindStringSubmatch(stats)
	if s == nil {
		return fmt.Errorf("scanpost outbox stats says %q", stats)
	}
	f.epoch = s[1]
	if f.first, _ = strconv.ParseUint(s[2]+s[4], 10, 64); s[4] != "" {
		f.last = f.first - 1
		return nil
	}
	var err error
	f.last, err = strconv.ParseUint(s[3], 10, 64)
	return err
}

// told is how many good signals a station's scanners had.
func (m *machine) told() (n int) {
	for _, line := range m.lines {
		codes, _ := line.told(m.station)
		n += len(codes)
	}
	return n
}
