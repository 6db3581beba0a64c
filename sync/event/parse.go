package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"scanpost/scan"
)

// ErrTooLarge says that a message is larger than [MaxSize].
var ErrTooLarge = fmt.Errorf("message is larger than %d bytes", MaxSize)

// envelope is what is read of a CloudEvent; all else is ignored.
type envelope struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Time        string          `json:"time"`
	Sequence    string          `json:"sequence"`
	Data        json.RawMessage `json:"data"`
}

// Parse reads an event. The numbering is taken at its word only when id and
// sequence agree; an event of a type that is not known here has a number and
// no Entry, so that a newer station leaves no hole in an older board.
func Parse(b []byte) (scan.Event, error) {
	if len(b) > MaxSize {
		return scan.Event{}, ErrTooLarge
	}
	var v envelope
	if err := json.Unmarshal(b, &v); err != nil {
		return scan.Event{}, fmt.Errorf("event: %w", err)
	}
	if v.SpecVersion != "1.0" {
		return scan.Event{}, fmt.Errorf("event of CloudEvents version %.20q, want 1.0", v.SpecVersion)
	}
	epoch, seq, ok := ParseID(v.ID)
	if !ok {
		return scan.Event{}, fmt.Errorf("event id %.60q is not epoch-number", v.ID)
	}
	if again, ok := parseSeq(v.Sequence); !ok || again != seq {
		return scan.Event{}, fmt.Errorf("event id %s disagrees with sequence %.40q", v.ID, v.Sequence)
	}
	site, station, ok := splitSource(v.Source)
	if !ok {
		return scan.Event{}, fmt.Errorf("event %s: source %.100q is not /site/station", v.ID, v.Source)
	}
	at, err := parseTime(v.Time)
	if err != nil {
		return scan.Event{}, fmt.Errorf("event %s: time %.40q is not RFC 3339", v.ID, v.Time)
	}
	kind, ok := strings.CutPrefix(v.Type, typePrefix)
	if kind, ok = cutSuffix(kind, ok); !ok {
		kind = ""
	}
	entry, err := parseData(kind, v.Data)
	if err != nil {
		return scan.Event{}, fmt.Errorf("event %s: data of %.60q: %w", v.ID, v.Type, err)
	}
	return scan.Event{
		Number: scan.Number{Epoch: epoch, Seq: seq, At: at},
		Site:   site, Station: station, Entry: entry,
	}, nil
}

func cutSuffix(s string, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, typeSuffix)
}

// parseTime takes any RFC 3339 time that can be written again.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	return Milli(t), err
}

var errNoData = errors.New("there is none")

func parseData(kind string, data json.RawMessage) (scan.Entry, error) {
	var d interface{ entry() scan.Entry }
	switch kind {
	case "scan.recorded":
		d = new(scanData)
	case "scan.voided":
		d = new(voidData)
	case "unit.linked":
		d = new(linkedData)
	case "unit.packed":
		d = new(packedData)
	case "noread":
		d = new(noReadData)
	case "session.opened", "session.closed":
		d = &sessionData{open: kind == "session.opened"}
	case "device.attached", "device.detached":
		d = &attachmentData{attached: kind == "device.attached"}
	case "clock.stepped":
		d = new(clockStepData)
	case "loss.declared":
		d = new(lossData)
	case "gap.opened", "gap.updated", "gap.closed":
		d = &gapData{change: kind[len("gap."):]}
	default:
		return nil, nil
	}
	if len(data) == 0 || bytes.Equal(data, []byte("null")) {
		return nil, errNoData
	}
	if err := json.Unmarshal(data, d); err != nil {
		return nil, err
	}
	return d.entry(), nil
}

type scanData struct {
	Checkpoint string       `json:"checkpoint"`
	Verdict    scan.Verdict `json:"verdict"`
	Unit       string       `json:"unit"`
	IDs        []string     `json:"ids"`
	Raw        []byte       `json:"raw"`
	AIM        string       `json:"aim"`
	Symbology  string       `json:"symbology"`
	Device     string       `json:"device"`
	Operator   string       `json:"operator"`
	Clock      Clock        `json:"clock"`
	Missing    []string     `json:"missing"`
	Note       string       `json:"note"`
	Pass       *passData    `json:"pass"`
	Training   bool         `json:"training"`
	Held       bool         `json:"held"`
	Mark       scan.Mark    `json:"mark"`
	Of         string       `json:"of"`
	Reason     string       `json:"reason"`
}

type passData struct {
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	Reads     int       `json:"reads"`
	Antenna   int       `json:"antenna"`
	RSSI      int       `json:"rssi"`
	PC        uint16    `json:"pc"`
	Direction string    `json:"direction"`
	Reason    string    `json:"reason"`
	Group     int64     `json:"group"`
}

func (d *passData) pass() *scan.Pass {
	if d == nil {
		return nil
	}
	return &scan.Pass{First: Milli(d.First), Last: Milli(d.Last), Reads: d.Reads, Antenna: d.Antenna, RSSI: d.RSSI, Direction: d.Direction, PC: d.PC, Reason: d.Reason, Group: d.Group}
}

func (d *scanData) entry() scan.Entry {
	return &scan.Scan{
		Checkpoint: d.Checkpoint, Verdict: d.Verdict, Unit: d.Unit, IDs: orNil(d.IDs), Raw: string(d.Raw),
		AIM: d.AIM, Symbology: d.Symbology, Device: d.Device, Operator: d.Operator,
		Missing: orNil(d.Missing), Note: d.Note, Pass: d.Pass.pass(), Clock: scan.Clock(d.Clock),
		Training: d.Training, Held: d.Held, Mark: d.Mark, Of: d.Of, Reason: d.Reason,
	}
}

// orNil makes an empty list nil, so that equal events compare equal.
func orNil(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

type voidData struct {
	Scan     string `json:"scan"`
	Unit     string `json:"unit"`
	Operator string `json:"operator"`
	Device   string `json:"device"`
	Reason   string `json:"reason"`
}

func (d *voidData) entry() scan.Entry { v := scan.Void(*d); return &v }

type linkedData struct {
	IDs        []string `json:"ids"`
	How        string   `json:"how"`
	Checkpoint string   `json:"checkpoint"`
	Device     string   `json:"device"`
	Operator   string   `json:"operator"`
	Instead    []string `json:"instead"`
	Undo       string   `json:"undo"`
}

func (d *linkedData) entry() scan.Entry {
	l := scan.Linked(*d)
	l.IDs, l.Instead = orNil(l.IDs), orNil(l.Instead)
	return &l
}

type packedData struct {
	Container  string      `json:"container"`
	Contents   []string    `json:"contents"`
	Action     scan.Action `json:"action"`
	Checkpoint string      `json:"checkpoint"`
	Device     string      `json:"device"`
	Operator   string      `json:"operator"`
	Undo       string      `json:"undo"`
}

func (d *packedData) entry() scan.Entry {
	p := scan.Packed(*d)
	p.Contents = orNil(p.Contents)
	return &p
}

type noReadData struct {
	Checkpoint string `json:"checkpoint"`
	Device     string `json:"device"`
	Raw        []byte `json:"raw"`
}

func (d *noReadData) entry() scan.Entry {
	return &scan.NoRead{Checkpoint: d.Checkpoint, Device: d.Device, Raw: string(d.Raw)}
}

type sessionData struct {
	open     bool
	Operator string `json:"operator"`
	Device   string `json:"device"`
}

func (d *sessionData) entry() scan.Entry {
	return &scan.Session{Open: d.open, Operator: d.Operator, Device: d.Device}
}

type attachmentData struct {
	attached bool
	Device   string `json:"device"`
	Port     string `json:"port"`
	Reason   string `json:"reason"`
	scan.Inventory
}

func (d *attachmentData) entry() scan.Entry {
	d.Drift = orNil(d.Drift)
	return &scan.Attachment{Attached: d.attached, Device: d.Device, Port: d.Port, Reason: d.Reason, Inventory: d.Inventory}
}

type clockStepData struct {
	Old       time.Time `json:"old"`
	New       time.Time `json:"new"`
	ElapsedMS int64     `json:"elapsed_ms"`
}

func (d *clockStepData) entry() scan.Entry {
	const most = int64(1<<63-1) / int64(time.Millisecond)
	ms := max(-most, min(most, d.ElapsedMS))
	return &scan.ClockStep{Old: Milli(d.Old), New: Milli(d.New), Elapsed: time.Duration(ms) * time.Millisecond}
}

type lossData struct {
	Epoch  string `json:"epoch"`
	From   uint64 `json:"from"`
	To     uint64 `json:"to"`
	Reason string `json:"reason"`
}

func (d *lossData) entry() scan.Entry { l := scan.Loss(*d); return &l }

type gapData struct {
	change string
	scan.Gap
}

func (d *gapData) entry() scan.Entry {
	return &scan.GapChange{Change: d.change, Gap: plainGap(d.Gap)}
}
