package board

import (
	"fmt"
	"html/template"
	"strings"
)

// flowStep is one column of the funnel: how many were seen there, and how
// many are on the way to the next.
type flowStep struct {
	Name string
	Seen int
	Note string
	Drop int
	To   string // where they are on the way to; empty if nowhere
}

// shape is the funnel's drawing. Only numbers are in it.
type shape struct {
	Width  int
	Fields []template.HTMLAttr
	Edge   template.HTMLAttr
	Rules  []int
}

// flow is made of what is known: units seen, and units whose next scan is
// due at the next step. How many are expected is not known without a manifest.
func (h *home) flow() {
	s := h.Summary
	if len(s.Checkpoints) == 0 {
		return
	}
	all := flowStep{Name: "Seen anywhere", Seen: s.Units, Note: "parcels with a scan"}
	if n := s.Checkpoints[0].OnTheWay; n > 0 {
		all.Drop, all.To = n, s.Checkpoints[0].Name
	}
	h.Flow = []flowStep{all}
	for i, c := range s.Checkpoints {
		f := flowStep{Name: c.Name, Seen: c.Seen, Note: plural(c.Stations, "station", "stations")}
		if i+1 < len(s.Checkpoints) {
			f.Drop, f.To = s.Checkpoints[i+1].OnTheWay, s.Checkpoints[i+1].Name
		}
		h.Flow = append(h.Flow, f)
	}
	h.Shape = draw(h.Flow)
}

const flowHeight = 52.0

func draw(steps []flowStep) shape {
	most := 1
	for _, s := range steps {
		most = max(most, s.Seen)
	}
	y := func(i int) float64 {
		i = min(i, len(steps)-1)
		return 3 + (flowHeight-3)*(1-float64(steps[i].Seen)/float64(most))
	}
	d := shape{Width: 100 * len(steps)}
	var edge strings.Builder
	for i := range steps {
		x := float64(100 * i)
		d.Fields = append(d.Fields, template.HTMLAttr(fmt.Sprintf(`points="%g,%g %g,%.1f %g,%.1f %g,%.1f %g,%g"`, //nolint:gosec // numbers
			x, flowHeight, x, y(i), x+72, y(i), x+100, y(i+1), x+100, flowHeight)))
		fmt.Fprintf(&edge, "%g,%.1f %g,%.1f ", x, y(i), x+72, y(i))
		if i > 0 {
			d.Rules = append(d.Rules, 100*i)
		}
	}
	fmt.Fprintf(&edge, "%d,%.1f", d.Width, y(len(steps)-1))
	d.Edge = template.HTMLAttr(`points="` + edge.String() + `"`) //nolint:gosec // numbers
	return d
}
