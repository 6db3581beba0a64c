package machine

import (
	"maps"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"scanpost/cmd/config"
	"scanpost/scan/pass"
)

// Portals are the places where a station's tag readers hear tags, by name, with
// the rules that its configuration gives them: every checkpoint of a device or
// of an antenna is one.
func Portals(c *config.Config) []pass.Portal {
	portals := map[string]pass.Portal{}
	for _, d := range c.Devices {
		portals[d.Checkpoint] = pass.Portal{Name: d.Checkpoint}
		for _, place := range d.Antennas {
			portals[place] = pass.Portal{Name: place}
		}
	}
	for _, p := range c.Portals {
		portals[p.At] = pass.Portal{
			Name: p.At, Gap: p.Gap, Dwell: p.Dwell, Rearm: p.Rearm, Absent: p.Absent, Threshold: p.Threshold,
			MinReads: p.Reads, SingleTarget: p.SingleTarget, Line: p.Line, Gate: p.Gate != nil,
		}
	}
	list := make([]pass.Portal, 0, len(portals))
	for _, place := range slices.Sorted(maps.Keys(portals)) {
		list = append(list, portals[place])
	}
	return list
}

// Strays are the tags that were heard and did not pass, for one reason.
type Strays struct {
	Reason string // the word for it in metrics and tables
	Count  uint64
}

// StraysOf are a portal's strays by reason, always all of them and in the same
// order.
func StraysOf(s pass.Strays) []Strays {
	return []Strays{
		{"few", s.Few}, {"weak", s.Weak}, {"shut", s.Shut}, {"cross_read", s.CrossRead},
		{"background", s.Background}, {"crowded", s.Crowded}, {"malformed", s.Malformed},
	}
}

// counters are what the portals have done.
func (t *tags) counters() []pass.Counters {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.hall.Counters()
}

// portalMetrics are the portals' figures, all of one moment.
type portalMetrics struct {
	tags                                      *tags
	reads, passes, strays, inField, threshold *prometheus.Desc
}

func newPortalMetrics(t *tags, station string) *portalMetrics {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("scanpost_portal_"+name, help, append([]string{"portal"}, labels...), prometheus.Labels{"station": station})
	}
	return &portalMetrics{
		tags:      t,
		reads:     describe("reads_total", "Times that a tag was heard, by the readers' own count."),
		passes:    describe("passes_total", "Passes that have ended, or parked for tags that stayed in the field; also of tags that the site does not record.", "kind"),
		strays:    describe("strays_total", "Tags that were heard and are no passes, by why.", "reason"),
		inField:   describe("tags", "Tags that are known now: candidate and passing, and background for those that stand there.", "state"),
		threshold: describe("threshold_dbm", "What a strong read is, as learned from the passes of an antenna.", "antenna"),
	}
}

// Describe implements prometheus.Collector.
func (m *portalMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.reads, m.passes, m.strays, m.inField, m.threshold} {
		out <- d
	}
}

// Collect implements prometheus.Collector. The checkpoints of barcode scanners
// are no portals as long as nobody hears a tag there.
func (m *portalMetrics) Collect(out chan<- prometheus.Metric) {
	for _, c := range m.tags.counters() {
		strays := StraysOf(c.Strays)
		if c.Reads == 0 && !slices.ContainsFunc(strays, func(s Strays) bool { return s.Count > 0 }) && c.Passes+c.Parked == 0 {
			continue
		}
		count := func(d *prometheus.Desc, n uint64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), append([]string{c.Portal}, labels...)...)
		}
		gauge := func(d *prometheus.Desc, n int, label string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), c.Portal, label)
		}
		count(m.reads, c.Reads)
		count(m.passes, c.Passes, "passed")
		count(m.passes, c.Parked, "parked")
		for _, s := range strays {
			count(m.strays, s.Count, s.Reason)
		}
		gauge(m.inField, c.Candidates, "candidate")
		gauge(m.inField, c.Open, "passing")
		gauge(m.inField, c.Background, "background")
		for i, dBm := range c.Thresholds {
			if dBm != 0 {
				gauge(m.threshold, dBm, strconv.Itoa(i+1))
			}
		}
	}
}
