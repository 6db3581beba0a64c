package machine

import (
	"fmt"
	"testing"
	"time"

	"scanpost/devices/wire"
	"scanpost/scan"
)

const gated = reader + "[[portal]]\nat = \"label\"\ngate = { device = \"portal\", input = 2, open = \"off\", empty = \"noread\" }\n"

// A gate that a reader's input tells of opens and closes the portal: tags of
// one opening share a group, what is heard outside of one passes not, and an
// opening without a tag is a parcel that was not read.
func TestGateOfAnInput(t *testing.T) {
	d := newDock(t, gated)
	input := func(n int, value string) {
		d.served[0].Facts([]wire.Fact{{Name: "temperature", Value: "31"}, {Name: fmt.Sprint("gpi ", n), Value: value}}, d.now)
	}
	input(2, "on") // the beam is there: closed
	d.hear(10, 1, parcel)
	d.pass(15 * time.Second)
	d.want()

	input(2, "off")
	d.hear(5, 1, parcel, other)
	input(1, "on") // is not the gate
	d.pass(300 * time.Millisecond)
	input(2, "on")
	d.pass(3 * time.Second)
	d.want(sscc(parcel)+" label", sscc(other)+" label")
	groups := map[int64]int{}
	if err := d.s.history(1, d.s.outbox.Stats().Last, func(ev scan.Event) {
		if s, is := ev.Entry.(*scan.Scan); is {
			groups[s.Pass.Group]++
		}
	}); err != nil || len(groups) != 1 || groups[0] != 0 {
		t.Errorf("groups %v (%v), want one for both", groups, err)
	}

	d.pass(20 * time.Second)
	input(2, "off")
	d.pass(500 * time.Millisecond)
	input(2, "on")
	d.pass(3 * time.Second)
	d.want(sscc(parcel)+" label", sscc(other)+" label", "noread label portal")
}

// Tags that pass in the same moment are linked as one parcel's only where a
// gate says that they are: else they may be two parcels' side by side.
func TestTagsAreLinkedByTheGate(t *testing.T) {
	const tote = "3374257BF40C0E4000000190"
	for name, c := range map[string]struct {
		devices string
		within  string
		want    int
	}{"no gate": {reader, "together = true", 0}, "a gate": {gated, "together = true", 1}, "one after the other": {reader, `within = "20s"`, 0}} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t, c.devices+"[[link]]\nat = \"label\"\nkinds = [\"sscc\", \"grai\"]\n"+c.within+"\n")
			d.served[0].Facts([]wire.Fact{{Name: "gpi 2", Value: "off"}}, d.now)
			d.hear(5, 1, parcel, tote)
			d.served[0].Facts([]wire.Fact{{Name: "gpi 2", Value: "on"}}, d.now)
			d.pass(5 * time.Second)
			d.want(sscc(parcel)+" label", sscc(tote)+" label")
			var links [][]string
			if err := d.s.history(1, d.s.outbox.Stats().Last, func(ev scan.Event) {
				if l, is := ev.Entry.(*scan.Linked); is {
					links = append(links, l.IDs)
				}
			}); err != nil || len(links) != c.want {
				t.Errorf("linked %q (%v), want %d", links, err, c.want)
			}
		})
	}
}

// Where nobody knows how the gate is, parcels pass all the same: before it was
// told, and after its reader has gone.
func TestGateThatIsLost(t *testing.T) {
	d := newDock(t, gated)
	d.hear(5, 1, parcel)
	d.pass(3 * time.Second)
	d.want(sscc(parcel) + " label")
	d.served[0].Facts([]wire.Fact{{Name: "gpi 2", Value: "off"}}, d.now) // it is open, and then
	d.served[0].State(false, "tcp:127.0.0.1:1", "unplugged")
	d.pass(3 * time.Second)
	d.hear(5, 1, other)
	d.pass(3 * time.Second)
	d.want(sscc(parcel)+" label", sscc(other)+" label")
}
