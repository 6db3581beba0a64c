package screen

import (
	"html/template"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"scanpost/scan"
	"scanpost/scan/web"
)

// view is one outcome as the page shows it. Colour, shape, frame and words
// say the same; each alone is enough.
type view struct {
	Outcome string // which of the nine, for the tone; "idle" if none
	Class   string // colour and frame
	Shape   string
	Shout   string // before the title, larger
	Title   string
	Head    template.HTML // of the code
	Tail    template.HTML
	Raw     template.HTML // instead of a code, if it is not understood
	Strong  string        // before More
	More    string
	Act     string
	ActSign string
	Stop    bool
	Age     int64 // milliseconds since it was told

	Training bool // nothing counts

	// Idle
	Last    *lastView
	LastAt  web.Moment
	Saved   int
	Since   string // set if the count began within the hour
	Waiting string // what is kept here, if anything
	Space   string
}

// outcome makes the view of what was told, or of idleness.
func (s *Screen) outcome(t *scan.Told) view {
	if t == nil {
		return s.idle()
	}
	v := view{Outcome: string(t.Outcome), Act: "Go on", ActSign: "go", Age: max(0, s.Now().Sub(t.At).Milliseconds())}
	v.Head, v.Tail = code(t)
	v.Training = s.inTraining()
	here := scan.Place(t.Checkpoint)
	if here == "" {
		here = scan.Place(s.Checkpoint)
	}
	switch t.Outcome {
	case scan.Saved:
		v.Class, v.Shape, v.Title = "go", "saved", "Saved"
	case scan.SavedOffline:
		v.Class, v.Shape, v.Title = "go", "kept", "Saved, kept here"
		v.More = kept(t.Waiting, s.link.Space)
	case scan.SavedDouble:
		v.Class, v.Shape, v.Title = "look", "double", "Double"
		switch {
		case t.Earlier != nil:
			v.More = s.earlier(t.Earlier)
		case len(t.Linked) > 0:
			v.Title = "Label used before"
		}
	case scan.SavedPreviousMissing:
		v.Class, v.Shape, v.Title = "look", "back", "NOT SEEN AT "+places(t.Missing)
		v.More = "Saved here, at " + here
		if t.Notice {
			v.Title, v.More, _ = strings.Cut(short(t.Why, 90), ": ")
			v.More = upperFirst(v.More)
			return v
		}
	case scan.SavedNotVerifiable:
		v.Class, v.Shape, v.Title = "go", "cannot", "Saved, cannot check "+places(t.Missing)
	case scan.SavedWrongCheckpoint:
		v.Class, v.Shape, v.Title = "side", "cross", "BELONGS AT "+strings.ToUpper(scan.Place(web.Plain(t.Belongs)))
		if t.Belongs == "" {
			v.Title = "BELONGS ELSEWHERE"
		}
		v.Act, v.ActSign = "Saved. Put it aside", "asidei"
		if t.Held != nil {
			v.Title, v.More = heldTitle(t.Held), s.heldBy(t)
		}
	case scan.Unreadable:
		v.Class, v.Shape, v.Title = "again", "again", "Not understood"
		v.Head, v.Tail, v.Raw = "", "", web.Text(t.Code, 80)
		v.More, v.Act, v.ActSign = short(t.Why, 90), "Scan again", "redo"
	case scan.Passing:
		v.Class, v.Shape, v.Title = "done", "waves", "Passing" // no tick: it is not saved yet
		v.More, v.Act, v.ActSign = "It is saved when it has left", "", ""
	case scan.CommandDone:
		v.Class, v.Shape, v.Title = "done", "card", short(t.Why, 64)
		v.Head, v.Tail = "", ""
		v.More = here + ", " + s.Station
		return v
	default: // a stop, and whatever this screen does not know: never a green
		v.Outcome, v.Class, v.Shape = string(scan.NotSaved), "stop", "hand"
		v.Shout, v.Title = "STOP.", "KEEP THE PARCEL HERE."
		v.Strong, v.More = "Not saved.", short(t.Why, 80)
		v.Head, v.Tail = "", ""
		v.Act, v.ActSign, v.Stop = "Then press Enter or scan “Seen”", "halt", true
		return v
	}
	if t.Outcome != scan.Unreadable && t.Why != "" { // what the scan did besides
		v.More = strings.TrimPrefix(v.More+". "+short(t.Why, 120), ". ")
	}
	return v
}

func heldTitle(h *scan.Held) string {
	if h.Reason == "" {
		return "HELD"
	}
	return "HELD: " + short(h.Reason, 20)
}

// heldBy is who asked that a parcel be kept; inside another, which it is.
func (s *Screen) heldBy(t *scan.Told) string {
	said := &t.Held.Said
	words := "Since " + said.At.In(s.Now().Location()).Format("15:04")
	if said.Operator != "" {
		words += ", by " + short(said.Operator, 20)
	}
	if said.Station != s.Station {
		words += " at " + said.Station
	}
	if t.Held.Unit != t.Unit && t.Unit != "" {
		words = short(scan.KeyText(t.Held.Unit), 30) + ". " + words
	}
	return words
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

func (s *Screen) idle() view {
	v := view{Outcome: "idle", Class: "idle", Title: "Scan a parcel", Training: s.inTraining()}
	now := s.Now()
	if s.hour == s.hourOf(now) {
		v.Saved = s.saved
	}
	if now.Sub(s.since) < time.Hour && s.hourOf(s.since) == s.hourOf(now) {
		v.Since = s.since.In(now.Location()).Format("15:04")
	}
	if len(s.recent) > 0 {
		last := lastOf(&s.recent[0])
		v.Last, v.LastAt = &last, web.Moment{At: s.recent[0].At, Now: now}
	}
	if !s.link.Online && s.link.Waiting > 0 {
		v.Waiting = web.Count(s.link.Waiting)
		if s.link.Space > 0 {
			v.Space = "space for " + scan.SpanText(s.link.Space)
		}
	}
	return v
}

// code splits what was read into the head and the tail that is shown large:
// a unit's number in groups of four, anything else as it is.
func code(t *scan.Told) (head, tail template.HTML) {
	scheme, number, ok := strings.Cut(t.Unit, ":")
	if !ok || scheme == "code" || len(number) > 40 || !plain(number) {
		read := number
		if read == "" {
			read = t.Code
		}
		return web.Ends(read)
	}
	at := max(0, len(number)-5)
	var groups strings.Builder
	groups.WriteString(scheme)
	for i := 0; i < at; i += 4 {
		groups.WriteString(" " + number[i:min(i+4, at)])
	}
	return web.Text(groups.String(), 80), web.Text(number[at:], 5)
}

// plain reports whether a number is made of nothing but ASCII that is seen.
func plain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

func places(names []string) string {
	if len(names) == 0 {
		return "ALL STEPS"
	}
	words := make([]string, 0, 2)
	for _, n := range names[:min(2, len(names))] {
		words = append(words, strings.ToUpper(scan.Place(n)))
	}
	if len(names) > 2 {
		words[1] += " …"
	}
	return scan.List(words)
}

func (s *Screen) earlier(e *scan.Earlier) string {
	words := "Scanned here at "
	if e.Station != "" && e.Station != s.Station {
		words = "Scanned at " + e.Station + ", "
	}
	words += e.At.In(s.Now().Location()).Format("15:04")
	if e.Operator != "" {
		words += " by " + short(e.Operator, 20)
	}
	return words
}

func kept(waiting int, space time.Duration) string {
	words := web.Count(waiting) + " waiting"
	if space > 0 {
		words += ", space for " + scan.SpanText(space)
	}
	return words
}

func short(s string, most int) string {
	s = web.Plain(s)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// lineView is the truth about the connection, in the head of the page.
type lineView struct {
	Kept  bool
	Words string
	Why   string
}

func (s *Screen) lineView() lineView {
	l := s.link
	switch {
	case !l.Online && l.Waiting == 0:
		return lineView{Kept: true, Words: "Not connected", Why: web.Plain(l.Why)}
	case !l.Online:
		return lineView{Kept: true, Words: "Kept here: " + web.Count(l.Waiting), Why: web.Plain(l.Why)}
	case l.Waiting > 0:
		return lineView{Words: "Sending: " + web.Count(l.Waiting)}
	default:
		return lineView{Words: "All sent"}
	}
}

// lastView is an earlier outcome in the foot of the page.
type lastView struct {
	Shape string
	Tail  template.HTML
	Words string
}

func lastOf(t *scan.Told) lastView {
	key := t.Unit
	if key == "" {
		key = t.Code
	}
	_, tail := web.Ends(key)
	v := lastView{Tail: tail}
	first := ""
	if len(t.Missing) > 0 {
		first = scan.Place(t.Missing[0])
	}
	switch {
	case t.Notice:
		head, _, _ := strings.Cut(short(t.Why, 90), ": ")
		v.Shape, v.Words = "back", strings.ToLower(head)
		return v
	case t.Held != nil:
		v.Shape, v.Words = "cross", "held"
		return v
	}
	switch t.Outcome {
	case scan.Saved:
		v.Shape, v.Words = "saved", "saved"
	case scan.SavedOffline:
		v.Shape, v.Words = "kept", "saved, kept here"
	case scan.SavedDouble:
		v.Shape, v.Words = "double", "double"
	case scan.SavedPreviousMissing:
		v.Shape, v.Words = "back", "not seen at "+first
	case scan.SavedNotVerifiable:
		v.Shape, v.Words = "cannot", "cannot check "+first
	case scan.SavedWrongCheckpoint:
		v.Shape, v.Words = "cross", "belongs elsewhere"
	case scan.Unreadable:
		v.Shape, v.Words = "again", "not understood"
	default:
		v.Shape, v.Words = "hand", "not saved"
	}
	return v
}

// lastViews are the outcomes before the one that is shown.
func (s *Screen) lastViews() []lastView {
	recent := s.recent
	if s.shown != nil && !s.stop && s.shown.Outcome != scan.CommandDone && s.shown.Outcome != scan.Passing && len(recent) > 0 {
		recent = recent[1:]
	}
	var out []lastView
	for i := range recent[:min(len(recent), keep-1)] {
		out = append(out, lastOf(&recent[i]))
	}
	return out
}
