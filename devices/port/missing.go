package port

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// missing is a device that was looked for and is not there.
type missing struct {
	around string    // what was plugged in then
	since  time.Time // it has been so since
	err    error
}

// settling is how long after something was plugged in all is looked at anew:
// drivers take their time, and until then a device is there only in part.
const settling = 5 * time.Second

// fresh is how long devices share one look around.
const fresh = 200 * time.Millisecond

// unless looks for a device only if something has changed since it was not
// there. A scanner that is in a drawer for a week is looked for four times a
// second, and reading all of sysfs each time kept a small machine busy.
func (m *machine) unless(a Address, s Settings, open func(Address, Settings) (Port, error)) (Port, error) {
	key, now := a.String()+" "+s.Usage, time.Now()
	m.mu.Lock()
	if now.Sub(m.looked) > fresh || now.Before(m.looked) {
		m.seen, m.looked = m.around(), now
	}
	around := m.seen
	was, known := m.missing[key]
	m.mu.Unlock()
	same := known && was.around == around
	if same && now.Sub(was.since) > settling {
		return nil, was.err
	}
	p, err := open(a, s)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case !errors.Is(err, ErrNotFound):
		delete(m.missing, key)
	case same:
		m.missing[key] = missing{around, was.since, err}
	default:
		if m.missing == nil {
			m.missing = map[string]missing{}
		}
		m.missing[key] = missing{around, now, err}
	}
	return p, err
}

// around names what is plugged in, as cheaply as can be: two folders' entries,
// and the number that each plug-in gives a device.
func (m *machine) around() string {
	var all []string
	for _, dir := range []string{"bus/usb/devices", "class/tty"} {
		if f, err := os.Open(filepath.Join(m.sys, dir)); err == nil {
			names, _ := f.Readdirnames(-1)
			f.Close()
			all = append(all, names...)
		}
	}
	for i, name := range all {
		// What sits in a socket may be exchanged between two looks; its number tells.
		if strings.ContainsAny(name, "0123456789") && !strings.Contains(name, ":") && !strings.HasPrefix(name, "tty") {
			all[i] += "#" + read(m.sys, "bus/usb/devices", name, "devnum")
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}
