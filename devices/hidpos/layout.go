package hidpos

import (
	"bytes"
	"strings"

	"scanpost/devices/symbology"
	"scanpost/devices/wire"
	"scanpost/scan"
)

const (
	number = 0x02 // of the report that carries scans
	size   = 64   // of a report, with its number
	room   = 56   // for data in a report
)

// layout is where a report carries what, counted with the report's number.
type layout struct {
	name    string
	aim     int // 0: the layout has no AIM identifier
	data    int
	id      int
	letters bool // the code ids are Honeywell's letters
	zebraX  bool // ]X and a character stand for types of UnifiedPOS
	menu    bool // replies come as ]X0 text and ]Z6
	frames  bool // replies come as data that begins with nlsFrame
}

var layouts = map[string]*layout{
	"honeywell": {name: "honeywell", aim: 2, data: 5, id: 61, letters: true, menu: true},
	"zebra":     {name: "zebra", aim: 3, data: 6, id: 62, letters: true, zebraX: true},
	"newland":   {name: "newland", data: 2, id: 62, frames: true},
}

// guess takes the layout from the first report. A Newland that is set to send
// AIM identifiers looks like a Honeywell, but its data ends three bytes
// earlier, and it has nothing in byte 61.
func (d *Decoder) guess(report []byte, n int) {
	const shortest = len("]C1") + 1
	early := n >= shortest && report[61] == 0 && bytes.Count(report[2+n:5+n], []byte{0}) == 3
	switch {
	case report[2] == ']' && !early:
		d.layout = layouts["honeywell"]
	case report[2] == 0 && report[3] == ']':
		d.layout = layouts["zebra"]
	default:
		d.layout = layouts["newland"]
		d.rules = d.cutting
	}
}

// read takes the head of a report. It is not ok if something else stands where
// the AIM identifier belongs; zeros are a code without one.
func (l *layout) read(report []byte) (h head, ok bool) {
	h.id = report[l.id]
	if l.aim == 0 {
		return h, true
	}
	h.aim = [3]byte(report[l.aim:])
	for _, gap := range report[2:l.aim] {
		if gap != 0 {
			return h, false
		}
	}
	return h, h.aim == [3]byte{} || h.aim[0] == ']' && isLetter(h.aim[1]) && (isLetter(h.aim[2]) || h.aim[2] >= '0' && h.aim[2] <= '9')
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// tell adds to a sighting what its head says. The code id is the finer of the
// two (UPC-A and EAN-13 are both ]E0), but it does not tell GS1 content from
// plain, and a few ids have two meanings: so it only refines what the AIM
// identifier says, and where that says "other" it stands alone.
func (l *layout) tell(h head, as *wire.Sighting) {
	var byID symbology.Kind
	if l.letters {
		byID, _ = symbology.Honeywell(h.id)
	}
	switch as.Symbology = scan.SymbologyOf(as.AIM); {
	case as.AIM == "":
		as.AIM, as.Symbology = byID.AIM, byID.Name
	case l.zebraX && h.aim[1] == 'X':
		if kind, known := symbology.ZebraX(h.aim[2]); known {
			as.Symbology = kind.Name
			return
		}
		fallthrough
	case as.Symbology == "": // ]X and those we have no name for
		if !isGS1(byID.Name) {
			as.Symbology = byID.Name
		}
	case byID.Name != "" && !isGS1(byID.Name) && !isGS1(as.Symbology) && as.Symbology != "isbt-128" &&
		(byID.AIM == "" || byID.AIM[1] == h.aim[1]):
		as.Symbology = byID.Name
	}
}

func isGS1(name string) bool { return strings.HasPrefix(name, "gs1-") }
