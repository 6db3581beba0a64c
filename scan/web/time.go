package web

import (
	"scanpost/scan"

	"fmt"
	"html/template"
	"time"
)

// Moment is a time as a page shows it, seen from the page's own time.
type Moment struct {
	At, Now time.Time
	// Live leaves ages to the page, which counts them itself: otherwise a
	// fragment would be another one every second.
	Live bool
}

// IsZero reports whether there is no time to show.
func (m Moment) IsZero() bool { return m.At.IsZero() }

func (m Moment) here() time.Time { return m.At.In(m.Now.Location()) }

func (m Moment) tag(attr, text string) template.HTML {
	t := m.here()
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s"%s>%s</time>`, //nolint:gosec // nothing but numbers and names of months
		t.Format(time.RFC3339), template.HTMLEscapeString(t.Format("Mon 2 Jan 2006 15:04:05 MST")), attr, text))
}

// day is written before the time if it is not today's.
func (m Moment) day() string {
	t, now := m.here(), m.Now
	switch {
	case t.YearDay() == now.YearDay() && t.Year() == now.Year():
		return ""
	case now.Sub(t).Abs() < 6*24*time.Hour:
		return t.Format("Mon ")
	default:
		return t.Format("2 Jan ")
	}
}

// HM is the time of day to the minute.
func (m Moment) HM() template.HTML { return m.tag("", m.day()+m.here().Format("15:04")) }

// HMS is the time of day to the second.
func (m Moment) HMS() template.HTML { return m.tag("", m.day()+m.here().Format("15:04:05")) }

// Age is how long ago it was.
func (m Moment) Age() template.HTML {
	if m.Live {
		return m.tag(" data-age", "")
	}
	return m.tag(" data-age", scan.SpanText(m.Now.Sub(m.At)))
}

// Zone names the time and its zone in full, for the clock of a page.
func (m Moment) Zone() string { return m.here().Format("Mon 2 Jan 2006, MST") }

// RFC3339 is the time for an attribute.
func (m Moment) RFC3339() string { return m.here().Format(time.RFC3339) }

// HMSText is the time of day to the second, as text.
func (m Moment) HMSText() string { return m.here().Format("15:04:05") }

// HMText is the time of day to the minute, as text.
func (m Moment) HMText() string { return m.here().Format("15:04") }
