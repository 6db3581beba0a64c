package board

import (
	"slices"
	"strings"
	"time"

	"scanpost/scan"
	"scanpost/scan/web"
)

// ofUnit reports whether a gap is about a unit. Only these are counted as
// parcels: a silent station is a cause, and one line, whatever it touches.
func ofUnit(g *scan.Gap) bool {
	return g.Unit != "" && g.Kind != scan.SilentStation && g.Kind != scan.LostMessages
}

// glyphOf is the sign of a gap's state; its colour has the same name.
func glyphOf(s scan.GapState) string {
	if s == scan.Closed {
		return "seen"
	}
	return string(s)
}

// headOf says what is wrong where: "Missing at Pack".
func headOf(g *scan.Gap) string {
	state := scan.Place(string(g.State))
	switch {
	case g.State == scan.Closed:
		return closedWord(g.ClosedAs) + at(g.Checkpoint)
	case g.Kind == scan.SilentStation && g.Device != "":
		return g.Station + ": " + web.Plain(g.Device) + " silent"
	case g.Kind == scan.SilentStation:
		return g.Station + " silent"
	case g.Kind == scan.LostMessages:
		return g.Station + " lost its record"
	default:
		return state + at(g.Checkpoint)
	}
}

func at(checkpoint string) string {
	if checkpoint == "" {
		return ""
	}
	return " at " + scan.Place(checkpoint)
}

func closedWord(as string) string {
	switch as {
	case scan.ClosedFoundLate:
		return "Found late"
	case scan.ClosedArrived:
		return "Had been scanned"
	case scan.ClosedBack:
		return "Heard again"
	case scan.ClosedResolved:
		return "Resolved"
	case scan.ClosedWaived:
		return "Waived"
	case scan.ClosedVoided:
		return "Scan taken back"
	case scan.ClosedSeenAgain:
		return "Seen again"
	case scan.ClosedBelongs:
		return "Is part of another"
	default:
		return "Closed"
	}
}

// byPerson reports whether a person closed the gap, and may open it again.
func byPerson(g *scan.Gap) bool {
	return g.State == scan.Closed && (g.ClosedAs == scan.ClosedResolved || g.ClosedAs == scan.ClosedWaived)
}

func kindWord(k scan.GapKind) string {
	return scan.Place(string(k))
}

// parcels counts the different units of gaps.
func parcels(gaps []scan.Gap) int {
	seen := make(map[string]struct{}, len(gaps))
	for i := range gaps {
		seen[gaps[i].Unit] = struct{}{}
	}
	return len(seen)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return web.Count(n) + " " + many
}

// limit writes a step's time limit: "4 h", "30 min", "1 h 20".
func limit(d time.Duration) string { return scan.SpanText(d) }

// told is what the operator was told, in the words of the screen.
func told(s *scan.ScanView) (glyph, words string) {
	missing := make([]string, len(s.Missing))
	for i, c := range s.Missing {
		missing[i] = strings.ToUpper(scan.Place(c))
	}
	if s.Held {
		return "back", "HELD"
	}
	switch s.Verdict {
	case scan.OK, "":
		return "tick", "saved"
	case scan.Double:
		return "tick", "double"
	case scan.PreviousMissing:
		return "back", "NOT SEEN AT " + scan.List(missing)
	case scan.NotVerifiable:
		return "unknown", "saved, cannot check " + scan.List(missing)
	case scan.WrongCheckpoint:
		return "back", "BELONGS ELSEWHERE"
	case scan.NotUnderstood:
		return "unknown", "not understood"
	default:
		return "tick", web.Plain(string(s.Verdict))
	}
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
