package sim

import (
	"encoding/binary"
	"slices"
	"time"
)

// llrpSpec is what a ROSpec wants.
type llrpSpec struct {
	id                           int
	antennas                     []int // 0: all
	session, population, transit int
	power, mode, search          int
	each                         int // tags in a report
	contents                     int
	memory                       byte   // which words of the tag are reported
	told                         []byte // it all, as it was added
}

// The reader's own tables.
var (
	llrpPowers = []int{1000, 1500, 2000, 2500, 3000, 3150} // 1/100 dBm, from index 1
	llrpModes  = []int{0, 1, 2, 3, 1000, 1002}
)

func (d *llrp) capabilities() []byte {
	general := llrpTLV(137, llrp16(d.LLRPOptions.Antennas), llrp16(0x4000), llrp32(int(d.Maker)), llrp32(int(d.Model)),
		llrp16(len(d.Firmware)), []byte(d.Firmware),
		llrpTLV(139, llrp16(1), llrp16(0)), llrpTLV(141, llrp16(d.LLRPOptions.Inputs), llrp16(4)))
	limits := llrpTLV(142, []byte{0x48, 1}, llrp16(0), llrp32(1), llrp32(32), llrp32(1), llrp32(1508), llrp32(8))
	if d.NoRegion {
		return slices.Concat(general, limits, llrpTLV(143, llrp16(0), llrp16(0)))
	}
	var band [][]byte
	for i, power := range llrpPowers {
		band = append(band, llrpTLV(145, llrp16(i+1), llrp16(power)))
	}
	if d.Fixed {
		band = append(band, llrpTLV(146, []byte{0}, llrpTLV(148, llrp16(2), llrp32(865700), llrp32(866300))))
	} else {
		band = append(band, llrpTLV(146, []byte{0x80}, llrpTLV(147, []byte{1, 0}, llrp16(2), llrp32(902750), llrp32(903250))))
	}
	var modes [][]byte
	for _, mode := range llrpModes {
		modes = append(modes, llrpTLV(329, llrp32(mode), []byte{0x80, 2, 0, 2}, llrp32(250000), llrp32(1500), llrp32(6250), llrp32(25000), llrp32(0)))
	}
	band = append(band, llrpTLV(328, modes...))
	return slices.Concat(general, limits, llrpTLV(143, llrp16(276), llrp16(2), llrpTLV(144, band...)))
}

// configuration answers GET_READER_CONFIG.
func (d *llrp) configuration(body []byte) []byte {
	if len(body) != 7 {
		return nil
	}
	var all []byte
	what := body[2]
	if what == 0 || what == 1 {
		all = append(all, llrpTLV(218, []byte{0}, llrp16(8), d.MAC[:])...)
	}
	for i, connected := range d.antennas {
		if what == 0 || what == 2 {
			all = append(all, llrpTLV(221, llrpBit(connected, 0x80), llrp16(i+1), llrp16(0))...)
		}
	}
	for i, on := range d.inputs {
		if what == 0 || what == 9 {
			all = append(all, llrpTLV(225, llrp16(i+1), llrpBit(slices.Contains(d.now.Inputs, i+1), 0x80), llrpBit(on, 1))...)
		}
	}
	return all
}

// configure does SET_READER_CONFIG: all of it, or nothing.
func (d *llrp) configure(body []byte, now time.Time) *llrpStatus {
	if len(body) < 1 {
		return llrpLength(body, 1)
	}
	params, err := llrpParams(body[1:])
	if err != nil {
		return err
	}
	for _, p := range params {
		switch {
		case p.kind == 220 && len(p.body) == 5:
			d.now.Keepalive, d.nextAlive, d.missed = 0, time.Time{}, 0
			if p.body[0] == 1 {
				d.now.Keepalive = time.Duration(p.u32(1)) * d.Second / 1000
				d.nextAlive = now.Add(d.now.Keepalive)
			}
		case p.kind == 244:
			d.now.Events = nil
			states, err := llrpParams(p.body)
			if err != nil {
				return err
			}
			for _, s := range states {
				if s.kind != 245 || len(s.body) != 3 {
					return llrpError(100, "event")
				}
				if s.body[2]&0x80 != 0 {
					d.now.Events = append(d.now.Events, s.u16(0))
				}
			}
		case p.kind == 225 && len(p.body) == 4:
			if p.u16(0) > len(d.inputs) {
				return llrpError(100, "no such input")
			}
			d.now.Inputs = append(slices.DeleteFunc(d.now.Inputs, func(n int) bool { return n == p.u16(0) }), p.u16(0))
		case p.kind == 226 && len(p.body) == 1:
		default:
			return llrpError(102, "unexpected parameter in a configuration")
		}
	}
	return nil
}

// addSpec does ADD_ROSPEC.
func (d *llrp) addSpec(body []byte) *llrpStatus {
	if d.faults.FailAdd != 0 {
		return llrpError(int(d.faults.FailAdd), "as it was told to")
	}
	params, err := llrpParams(body)
	if err != nil {
		return err
	}
	spec := &llrpSpec{session: -1, power: -1, mode: -1, search: -1, each: 1}
	switch {
	case len(params) != 1 || params[0].kind != 177 || len(params[0].body) < 6:
		return llrpError(103, "where is the ROSpec?")
	case d.spec != nil:
		return llrpError(105, "there is room for one ROSpec")
	case params[0].body[5] != 0:
		return llrpError(101, "a new ROSpec is disabled")
	}
	if spec.id = params[0].u32(0); spec.id == 0 {
		return llrpError(101, "a ROSpec needs a number")
	}
	parts, err := llrpParams(params[0].body[6:])
	if err != nil {
		return err
	}
	if kinds := llrpKinds(parts); !slices.Equal(kinds, []int{178, 183, 237}) {
		return llrpError(103, "a ROSpec is boundary, antennas, report")
	}
	if boundary, err := llrpParams(parts[0].body); err != nil || !slices.Equal(llrpKinds(boundary), []int{179, 182}) || boundary[0].body[0] != 0 || boundary[1].body[0] != 0 {
		return llrpError(100, "boundary")
	}
	if err := d.inventorySpec(spec, parts[1]); err != nil {
		return err
	}
	if err := reportSpec(spec, parts[2]); err != nil {
		return err
	}
	spec.told = slices.Clone(params[0].body)
	d.spec, d.now.ROSpec = spec, "disabled"
	d.specState()
	return nil
}

// inventorySpec reads AISpec: which antennas, and how.
func (d *llrp) inventorySpec(spec *llrpSpec, p llrpParam) *llrpStatus {
	if len(p.body) < 2 || len(p.body) < 2+2*p.u16(0) {
		return llrpError(100, "antennas")
	}
	n := p.u16(0)
	for i := range n {
		antenna := p.u16(2 + 2*i)
		if antenna > d.LLRPOptions.Antennas {
			return llrpError(100, "no such antenna")
		}
		spec.antennas = append(spec.antennas, antenna)
	}
	parts, err := llrpParams(p.body[2+2*n:])
	if err != nil || !slices.Equal(llrpKinds(parts), []int{184, 186}) || len(parts[1].body) < 3 || parts[1].body[2] != 1 {
		return llrpError(100, "AISpec")
	}
	settings, err := llrpParams(parts[1].body[3:])
	if err != nil {
		return err
	}
	for _, s := range settings {
		if s.kind != 222 || len(s.body) < 2 || s.u16(0) != 0 {
			return llrpError(100, "antenna configuration")
		}
		inner, err := llrpParams(s.body[2:])
		if err != nil {
			return err
		}
		for _, one := range inner {
			if err := d.antennaSetting(spec, one); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *llrp) antennaSetting(spec *llrpSpec, p llrpParam) *llrpStatus {
	switch {
	case p.kind == 224 && len(p.body) == 6:
		spec.power = p.u16(4)
		if spec.power < 1 || spec.power > len(llrpPowers) {
			return llrpError(100, "no such power")
		}
		if hop := p.u16(0); d.Fixed && hop != 0 || !d.Fixed && hop != 1 {
			return llrpError(100, "no such hop table")
		}
		return nil
	case p.kind == 330 && len(p.body) >= 1:
		parts, err := llrpParams(p.body[1:])
		if err != nil {
			return err
		}
		for _, part := range parts {
			switch {
			case part.kind == 335 && len(part.body) == 4:
				if spec.mode = part.u16(0); !slices.Contains(llrpModes, spec.mode) {
					return llrpError(100, "no such mode")
				}
			case part.kind == 336 && len(part.body) == 7:
				spec.session, spec.population, spec.transit = int(part.body[0]>>6), part.u16(1), part.u32(3)
			case part.kind == 1023 && len(part.body) == 10 && part.u32(0) == 25882 && part.u32(4) == 23 && d.now.Extensions:
				spec.search = part.u16(8)
			default:
				return llrpError(102, "unexpected parameter in the Gen2 settings")
			}
		}
		return nil
	}
	return llrpError(102, "unexpected parameter in the antenna's settings")
}

func reportSpec(spec *llrpSpec, p llrpParam) *llrpStatus {
	if len(p.body) < 3 {
		return llrpError(100, "report")
	}
	spec.each = max(1, p.u16(1))
	parts, err := llrpParams(p.body[3:])
	if err != nil || !slices.Equal(llrpKinds(parts), []int{238}) || len(parts[0].body) < 2 {
		return llrpError(100, "contents of reports")
	}
	spec.contents = parts[0].u16(0)
	memory, err := llrpParams(parts[0].body[2:])
	if err != nil {
		return err
	}
	for _, m := range memory {
		if m.kind != 348 || len(m.body) != 1 {
			return llrpError(102, "unexpected parameter in the contents of reports")
		}
		spec.memory = m.body[0]
	}
	return nil
}

// changeSpec does DELETE, START, STOP, ENABLE and DISABLE_ROSPEC.
func (d *llrp) changeSpec(kind int, body []byte, now time.Time) (*llrpStatus, [][]byte) {
	if err := llrpLength(body, 4); err != nil {
		return err, nil
	}
	id := int(binary.BigEndian.Uint32(body))
	if kind == 21 && id == 0 && d.spec == nil {
		return nil, nil
	}
	if d.spec == nil || id != 0 && id != d.spec.id {
		return llrpError(101, "no such ROSpec"), nil
	}
	var say [][]byte
	switch kind {
	case 21:
		say = d.endROSpec()
		d.spec, d.now.ROSpec = nil, "none"
		d.specState()
	case 22:
		if d.now.ROSpec == "disabled" {
			return llrpError(100, "the ROSpec is disabled"), nil
		}
		if d.now.ROSpec != "active" {
			d.now.ROSpec, d.nextRound = "active", now
			say = d.specEvent(0)
		}
	case 23:
		say = d.endROSpec()
	case 24:
		if d.now.ROSpec == "disabled" {
			d.now.ROSpec = "inactive"
		}
	case 25:
		say = d.endROSpec()
		d.now.ROSpec = "disabled"
	}
	return nil, say
}

// specs answers GET_ROSPECS.
func (d *llrp) specs() []byte {
	if d.spec == nil {
		return nil
	}
	told := slices.Clone(d.spec.told)
	told[5] = byte(slices.Index([]string{"disabled", "inactive", "active"}, d.now.ROSpec))
	return llrpTLV(177, told)
}
