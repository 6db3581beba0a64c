package devices

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"scanpost/devices/port"
)

// Inventory is what is known about a device that is plugged in, from its USB
// descriptors and from what it answered.
type Inventory struct {
	Model, Serial, Firmware string // empty if it does not tell
	Mode                    string // the profile's
	USB, Socket             string // "05e0:1701", "1-2"; empty if it is no USB device
	Drift                   []Drift
	Refused                 []string // commands that it did not take or answer, and why
	Temperature             string   // as it was when this was told, such as "31 °C"; a change of it alone is not told
	Trouble                 []string // what it says is amiss: "antenna 2: gone", "temperature: too hot (0504)"
}

// Drift is a setting that is not as the profile needs it.
type Drift struct {
	Name, Say string
	Want, Is  string
	Repaired  bool // it was not, and has been set right
}

// String is a sentence.
func (d Drift) String() string {
	if d.Repaired {
		return fmt.Sprintf("%s (%s) was %q and has been set to %q", d.Say, d.Name, d.Is, d.Want)
	}
	return fmt.Sprintf("%s (%s) is %q and should be %q", d.Say, d.Name, d.Is, d.Want)
}

// Equal reports whether both say the same.
func (i Inventory) Equal(o Inventory) bool {
	return i.Model == o.Model && i.Serial == o.Serial && i.Firmware == o.Firmware && i.Mode == o.Mode &&
		i.USB == o.USB && i.Socket == o.Socket && slices.Equal(i.Drift, o.Drift) && slices.Equal(i.Refused, o.Refused) &&
		slices.Equal(i.Trouble, o.Trouble) && (i.Temperature == "") == (o.Temperature == "")
}

// inventory puts together what is known.
func (c *connection) inventory() Inventory {
	p, d := c.Profile, c.dialogue
	fact := func(name string) string {
		if name == "" {
			return ""
		}
		return strings.TrimSpace(d.facts[name])
	}
	i := Inventory{Mode: p.Mode, Model: fact(p.Facts.Model), Serial: fact(p.Facts.Serial), Firmware: fact(p.Facts.Firmware), Refused: d.refused}
	if l, ok := c.port.(port.Located); ok {
		if f := l.Found(); f.VendorID != 0 {
			i.USB, i.Socket = f.ID(), f.Socket
			i.Serial = cmp.Or(i.Serial, f.Serial)
			i.Model = cmp.Or(i.Model, strings.TrimSpace(f.Manufacturer+" "+f.Product))
		}
	}
	i.Temperature, i.Trouble = c.health()
	for _, s := range p.Settings {
		was, told := d.before[s.Name]
		is := d.facts[s.Name]
		switch {
		case !told:
		case is != s.Want:
			i.Drift = append(i.Drift, Drift{Name: s.Name, Say: s.Say, Want: s.Want, Is: is})
		case was != s.Want:
			i.Drift = append(i.Drift, Drift{Name: s.Name, Say: s.Say, Want: s.Want, Is: was, Repaired: true})
		}
	}
	return i
}

// health reads what a tag reader says of its temperature and its antennas.
func (c *connection) health() (temperature string, trouble []string) {
	if c.session == nil {
		return "", nil
	}
	facts, before := c.dialogue.facts, c.dialogue.before
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		is := facts[name]
		switch {
		case name == "temperature":
			if wellSaid(is) {
				temperature = is
			}
		case wellSaid(is) || !strings.HasPrefix(name, "antenna"):
		case is == "gone" && before[name] == is && !c.chosen(name):
			// Most readers have more ports than antennas.
		default:
			trouble = append(trouble, name+": "+is)
		}
	}
	if c.heat != "" {
		trouble = append(trouble, "temperature: "+c.heat)
	}
	return temperature, trouble
}

// wellSaid reports whether a reader's word on a part of it is no complaint.
func wellSaid(is string) bool {
	return is == "" || is == "ok" || is == "connected" || is[0] == '-' || is[0] >= '0' && is[0] <= '9'
}

// chosen reports whether the options name an antenna.
func (c *connection) chosen(antenna string) bool {
	list, _ := c.Profile.Options["antennas"].([]any)
	return slices.ContainsFunc(list, func(n any) bool { return fmt.Sprint("antenna ", n) == antenna })
}
