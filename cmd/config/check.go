package config

import (
	"maps"
	"slices"
	"strings"

	"scanpost/scan"
)

func (c *checker) station() {
	r := c.raw.Station
	c.name(at("station", "site"), r.Site, `the name of this building, such as "ham1"`)
	switch {
	case r.Name == "board":
		c.wrong(at("station", "name"), `"board" is kept for the board itself; write another, such as "office-1"`)
	case r.Name != "" || len(c.raw.Device) > 0:
		c.name(at("station", "name"), r.Name, `the name of this machine, such as "pack-07"`)
	}
	if r.Checkpoint != "" {
		c.name(at("station", "checkpoint"), r.Checkpoint, "")
	}
	c.cfg.Station = Station{
		Site: r.Site, Name: r.Name, Checkpoint: r.Checkpoint, Data: c.file(r.Data),
		Retention: r.Retention.D(), Repeat: r.Repeat.D(), Consumers: r.Consumers,
	}
	c.limits(r)
	for i, consumer := range r.Consumers {
		c.name(at("station", "consumers", i), consumer, `the name it signs its receipts with, such as "tracking"`)
	}
	if len(r.Consumers) == 0 {
		c.wrong(at("station", "consumers"), `without any, scans would go before anybody confirmed them; leave the line out for ["board"]`)
	}
	c.commands()
}

func (c *checker) pages() {
	if r := c.raw.Board; r != nil {
		c.cfg.Board = &Board{Listen: c.listen(at("board", "listen"), r.Listen, "127.0.0.1:8080")}
	}
	if r := c.raw.Screen; r != nil {
		c.cfg.Screen = &Screen{Listen: c.listen(at("screen", "listen"), r.Listen, "127.0.0.1:7070")}
	}
}

func (c *checker) rules() {
	r := c.raw.Rules
	c.cfg.Rules = Rules{Margin: r.Margin.D(), Transit: r.Transit.D(), SilentAfter: r.SilentAfter.D(), HeadEvery: r.HeadEvery.D()}
	if k := c.cfg.Rules; k.SilentAfter < 2*k.HeadEvery {
		c.wrong(at("rules", "silent_after"), "%s is less than two heads (head_every is %s), so that one late message would make a station silent; write at least %q",
			k.SilentAfter, k.HeadEvery, 2*k.HeadEvery)
	}
}

func (c *checker) journeys() {
	names := map[string]int{}
	for i, r := range c.raw.Journey {
		key := at("journey", i)
		if i > 0 {
			c.wrong(key, "there is one journey so far, and every parcel is judged by it; take the others out")
		}
		c.name(key.then("name"), r.Name, `a name such as "outbound"`)
		c.once(names, key.then("name"), r.Name)
		if len(r.Steps) < 2 {
			c.wrong(key.then("steps"), `a scan is missed between two steps, and there are not two; write for example [ { at = "pack" }, { at = "load", within = "6h" } ]`)
		}
		c.cfg.Journeys = append(c.cfg.Journeys, scan.Journey{Name: r.Name, Steps: c.steps(key.then("steps"), r.Steps)})
	}
}

func (c *checker) steps(journey path, raws []rawStep) []scan.Step {
	var steps []scan.Step
	places := map[string]int{}
	for i, r := range raws {
		key := journey.then(i)
		c.name(key.then("at"), r.At, `the checkpoint, such as "pack"`)
		c.once(places, key.then("at"), r.At)
		s := scan.Step{At: r.At, Optional: r.Optional, Within: r.Within.D(), Transit: r.Transit.D()}
		least := s.Transit
		if least == 0 {
			least = c.cfg.Rules.Transit
		}
		switch {
		case i == 0 && (s.Within > 0 || s.Transit > 0):
			c.wrong(key, "the first step has no step before it to be measured from; take within and transit out")
		case s.Within > 0 && least >= s.Within:
			c.wrong(key.then("within"), "a parcel needs at least %s to get here (transit) and may take no more than %s; write a longer within or a shorter transit",
				least, s.Within)
		}
		steps = append(steps, s)
	}
	return steps
}

func (c *checker) neighbours() {
	names := map[string]int{}
	for i, r := range c.raw.Neighbour {
		key := at("neighbour", i)
		c.name(key.then("name"), r.Name, `a station's name, such as "pack-08"`)
		c.once(names, key.then("name"), r.Name)
		if r.Name == "board" {
			c.wrong(key.then("name"), `"board" is the board and scans nothing; take the entry out`)
		}
		if len(r.Checkpoints) == 0 && !r.Retired {
			c.wrong(key.then("checkpoints"), `is missing; write where its devices stand, such as ["pack"], or retired = true`)
		}
		for k, place := range r.Checkpoints {
			c.name(key.then("checkpoints", k), place, `a checkpoint, such as "pack"`)
		}
		c.cfg.Neighbours = append(c.cfg.Neighbours, scan.Neighbour{Name: r.Name, Checkpoints: r.Checkpoints, Retired: r.Retired})
	}
}

// role looks at which sections there are, and whether they go together.
func (c *checker) role() {
	r := &c.raw
	if len(r.Device) == 0 && r.Board == nil && r.Broker == nil {
		c.wrong(at("station"), "this machine has nothing to do; add [[device]] for a station, [board] for a board or [broker] for a broker")
	}
	if r.Screen != nil && len(r.Device) == 0 {
		c.wrong(at("screen"), "it shows what this machine's devices read, and there are none; add [[device]] or take [screen] out")
	}
	if r.Board != nil && r.MQTT == nil && r.Broker == nil {
		c.wrong(at("board"), "it hears the stations through a broker, and none is named; add [mqtt] with its url, or [broker]")
	}
	if r.Board != nil && len(r.Journey) == 0 {
		c.wrong(at("board"), "it finds what is missing on a journey, and there is none; add [[journey]] with name and steps")
	}
}

// hints looks for what is allowed and probably not meant. A letter too many
// in a device's checkpoint would make every parcel look missing.
func (c *checker) hints() {
	if len(c.cfg.Devices) > 0 && c.cfg.MQTT == nil {
		c.hint("there is neither [mqtt] nor [broker]: scans are kept on this machine and go nowhere")
	}
	known := map[string]bool{}
	for _, j := range c.cfg.Journeys {
		for _, s := range j.Steps {
			known[s.At] = true
		}
	}
	for _, d := range c.cfg.Devices {
		if len(known) > 0 && !known[d.Checkpoint] {
			c.hint("device %q stands at %q, which is in no journey (%s): nothing will be missed there",
				d.Name, d.Checkpoint, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
}
