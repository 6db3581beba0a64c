package machine

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"scanpost/scan"
)

// metrics are the machine's figures for Prometheus. Every figure is read when
// it is asked for, so a scan pays for none but a counter.
type metrics struct {
	registry *prometheus.Registry
	outcomes *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "scanpost_told_total", Help: "What operators were told, by outcome and checkpoint."}, []string{"outcome", "checkpoint"})}
	m.registry.MustRegister(m.outcomes, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) told(t scan.Told) {
	m.outcomes.WithLabelValues(string(t.Outcome), t.Checkpoint).Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// gauge registers a figure that is read when asked for.
func (m *metrics) gauge(name, help string, labels prometheus.Labels, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, read))
}

func (m *metrics) voice(v *voice) {
	labels := prometheus.Labels{"station": v.name}
	m.gauge("scanpost_outbox_last", "Newest number in the outbox.", labels, func() float64 { return float64(v.outbox.Stats().Last) })
	m.gauge("scanpost_outbox_unsent", "Events not yet acknowledged by the broker.", labels, func() float64 { return float64(v.link().Waiting) })
	m.gauge("scanpost_broker_connected", "1 while connected to the broker.", labels, func() float64 { return one(v.link().Online) })
	for name, read := range map[string]func() uint64{
		"stored": func() uint64 { return v.down.Counts().Events }, "repeated": func() uint64 { return v.down.Counts().Repeats },
		"unreadable": func() uint64 { return v.down.Counts().Unreadable }, "conflicting": func() uint64 { return v.down.Counts().Conflicts },
		"bad_heads": func() uint64 { return v.down.Counts().BadHeads }, "lost": func() uint64 { return v.down.Counts().Lost },
	} {
		m.gauge("scanpost_heard_"+name, "Messages of other stations since the start, by what became of them.", labels, func() float64 { return float64(read()) })
	}
}

func (m *metrics) station(s *station) {
	m.voice(s.voice)
	m.registry.MustRegister(newPortalMetrics(s.tags, s.name))
	for _, d := range s.devices {
		labels := prometheus.Labels{"station": s.name, "device": d.Name}
		m.gauge("scanpost_device_sightings", "Codes read since the start.", labels, func() float64 { return float64(d.Counts().Sightings) })
		m.gauge("scanpost_device_reads", "Times that a tag was heard since the start, by the reader's own count.", labels, func() float64 { return float64(d.Counts().Reads) })
		m.gauge("scanpost_device_faults", "What a device sent and nobody could decode, since the start.", labels, func() float64 {
			n := 0.0
			for _, count := range d.Counts().Faults {
				n += float64(count)
			}
			return n
		})
		m.gauge("scanpost_device_repeats", "Codes that a device sent once more, since it had not heard our acknowledgement, since the start.", labels, func() float64 { return float64(d.Counts().Repeats) })
		m.gauge("scanpost_device_answers_lost", "Acknowledgements and signals that the device did not take, since the start.", labels, func() float64 { return float64(d.Counts().Lost) })
		m.gauge("scanpost_device_reports_dropped", "HID reports that came faster than scans were saved, since the start.", labels, func() float64 { return float64(d.Counts().Dropped) })
		m.gauge("scanpost_device_drift", "Settings that are not as the profile needs them.", labels, func() float64 { return float64(s.drift(d.Name)) })
		m.gauge("scanpost_device_reconnects", "How often the device came back.", labels, func() float64 { return float64(d.Counts().Reconnects) })
	}
}

func (m *metrics) board(b *board) {
	m.voice(b.voice)
	for _, state := range []scan.GapState{scan.Missing, scan.Unknown} {
		m.gauge("scanpost_gaps", "Open gaps, by state.", prometheus.Labels{"state": string(state)}, func() float64 {
			return float64(len(b.floor.Gaps(scan.GapFilter{State: state})))
		})
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
