//go:build linux

package powercut

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// A file system that does not tell its disk to flush loses scans at a power
// cut, and this test finds them: it can fail. With that setting the program's
// own syncs are worth nothing; what it still does is to give no number twice
// that anybody has seen.
func TestControl(t *testing.T) {
	if *guestDir == "" || *control == 0 {
		t.Skip("not asked for: make powercut")
	}
	told, lost := 0, 0
	for n := range *control {
		m := newMachine(t, newHub(t))
		if err := m.boot(0, "barrier=0"); err != nil {
			t.Skipf("the guest does not boot: %v\n%s", err, m.console())
		}
		m.start()
		m.ready()
		r := rand.New(rand.NewPCG(*seedFlag, uint64(n)))
		stop := m.scan(n, r)
		time.Sleep(3 * time.Second)
		count := m.cut(0.5, r.Uint64())
		stop()
		told += m.told()
		gone, why := m.told(), ""
		if err := m.boot(0, ""); err != nil {
			why = err.Error()
		} else if !m.mounted() {
			why = "the file system does not come up"
		} else if f, err := m.look(); err != nil {
			why = err.Error()
		} else {
			gone = len(f.missing)
		}
		lost += gone
		t.Logf("without barriers: %d good signals, %d flushes, %d sectors dropped, %d scans lost; %s", m.told(), count.Flushes, count.Lost, gone, why)
		if m.guest != nil && m.mounted() {
			m.start()
			m.ready()
			stop := m.scan(n+*control, r)
			time.Sleep(2 * time.Second)
			stop()
			for _, wrong := range m.hub.told() {
				if strings.Contains(wrong, twice) {
					t.Error(wrong)
				}
			}
		}
		m.cut(1, 0)
	}
	if lost == 0 {
		t.Errorf("%d good signals and nothing lost: the power cut drops nothing that was not flushed", told)
	}
}
