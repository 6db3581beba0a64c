package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"scanpost/devices/sim"
	"scanpost/devices/sim/pty"
)

// On a terminal the tables are drawn over each other and fit its window, also
// when that changes; at the end the screen from before is back, and the last
// table is below. Nothing that a reader or a scanner says reaches the terminal
// as a command.
func TestWatchOnTerminal(t *testing.T) {
	dir := t.TempDir()
	var field standing
	reader, err := sim.NewLLRP("tcp:127.0.0.1:0", sim.LLRPOptions{Tags: field.now, Firmware: "1.0\x1b]0;owned\x07\u009b2J\u202eевил"})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	gun, err := sim.NewScanner(filepath.Join(dir, "gun"), sim.Framing{Suffix: "\r"})
	if err != nil {
		t.Fatal(err)
	}
	defer gun.Close()
	file := filepath.Join(dir, "station.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, `
[station]
site = "ham1"
name = "label-01"
checkpoint = "label"
data = "data"
[[device]]
name = "portal"
profile = "generic-llrp"
port = %q
antennas = { 2 = "load" }
[[device]]
name = "hand"
profile = "generic-serial"
port = "serial:%s"
[[portal]]
at = "label"
dwell = "10m"
[[portal]]
at = "load"
dwell = "10m"
foreign = "record"
`, reader.Address(), filepath.Join(dir, "gun")), 0o644); err != nil {
		t.Fatal(err)
	}
	tty := newTerminal(t, 100, 24)
	stop := tty.start("scanpost", "devices", "watch", "-c", file)
	field.put(tagAt(t, "3114257BF4499602D2000000", 1, -50), tagAt(t, "1B5D303B61070D0A1B5B324A", 2, -47), tagAt(t, "1B5D303B61070D0A1B5B324A", 1, -60))
	tty.shows(`(?m)^portal +\d+ +\d+ `)
	tty.shows(`(?m)^sscc:106141412345678908 +label +passing +-50 +-50 +1 `)
	tty.shows(`(?m)^EPC 1B5D303B61070D0A1B5B324A +load +passing +-47 +-47 +2 `)
	tty.shows(`confirmed sscc:106141412345678908 at label: `)
	if err := gun.Scan("", "\x1b[2J\x9b6n\u202e"); err != nil {
		t.Fatal(err)
	}
	tty.shows(`(?m)^\d\d:\d\d:\d\d\.\d\d\d  hand +scan "`)
	field.put(slices.Concat(many(t, 60), field.now(time.Time{}))...)
	tty.shows(`(?m)^and \d\d more$`)
	for _, size := range [][2]int{{40, 12}, {200, 60}, {20, 4}, {1, 1}, {100, 24}} {
		tty.resize(size[0], size[1])
		tty.draws(2)
	}
	field.put()
	tty.shows(`(?m)^label +all +0 +0 +\d+ `)
	stop()
	if tty.other || tty.hidden {
		t.Errorf("the terminal is left with other=%v, cursor hidden=%v", tty.other, tty.hidden)
	}
	for _, want := range []string{`(?m)^READER `, `(?m)^portal +\d+ +\d+ `, `(?m)^TAG +PORTAL `, `(?m)^\d\d:\d\d:\d\d\.\d\d\d +passed sscc:\d{18} at label: `} {
		if !regexp.MustCompile(want).MatchString(tty.after.String()) {
			t.Errorf("after the end %s is missing in\n%s", want, tty.after.String())
		}
	}
}

// A window of any size is filled with no line that is wider and no more lines
// than it has, whatever there is to show.
func TestWatchFits(t *testing.T) {
	w := &watching{}
	f, at := heardField(t, w, 200)
	s := &tagScreen{tags: f}
	for i := range 50 {
		s.keep(fmt.Sprintf("line %d %s\n", i, strings.Repeat("ä\x1b[31m", 30)))
	}
	for width := 1; width < 130; width += 7 {
		for height := 1; height < 50; height++ {
			page := s.page(at, height)
			if len(page) > height {
				t.Fatalf("%d lines in a window of %d", len(page), height)
			}
			for _, line := range page {
				if cut := cutTo(line, width); utf8.RuneCountInString(cut) > max(1, width-1) || strings.ContainsFunc(cut, func(r rune) bool { return r < ' ' }) {
					t.Fatalf("%q in a window of width %d", cut, width)
				}
			}
			if height >= 20 && (!strings.HasPrefix(page[len(page)-1], "line 49 ") || !slices.ContainsFunc(page, func(l string) bool { return strings.HasPrefix(l, "and ") })) {
				t.Fatalf("height %d\n%s", height, strings.Join(page, "\n"))
			}
		}
	}
}

func tagAt(t *testing.T, epc string, antenna, rssi int) sim.Tag {
	t.Helper()
	tag, err := tagOf(fmt.Sprintf("%s:%d:%d", epc, antenna, rssi))
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

// many are tags of one company at antenna 1.
func many(t *testing.T, n int) (tags []sim.Tag) {
	for i := range n {
		tags = append(tags, tagAt(t, fmt.Sprintf("3114257BF4%08X000000", 0x40000000+i), 1, -55))
	}
	return tags
}

// terminal is a terminal that a program writes to. It knows what a program of
// ours may tell it, and nothing else.
type terminal struct {
	t    *testing.T
	pair *pty.Pair
	tty  *os.File

	mu      sync.Mutex
	changed chan struct{}
	width   int
	height  int
	cells   [][]rune // the other screen
	row     int
	column  int
	other   bool
	hidden  bool
	frames  int
	shown   string // the last whole frame
	after   strings.Builder
	wrong   error
}

func newTerminal(t *testing.T, width, height int) *terminal {
	pair, err := pty.New("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pair.Close() })
	tty, err := os.OpenFile(pair.Path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	term := &terminal{t: t, pair: pair, tty: tty, changed: make(chan struct{})}
	term.resize(width, height)
	return term
}

func (v *terminal) resize(width, height int) {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.width, v.height = width, height
	if err := unix.IoctlSetWinsize(int(v.tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(width), Row: uint16(height)}); err != nil {
		v.t.Fatal(err)
	}
}

// start runs a program on the terminal, and returns what ends it by Ctrl-C and
// waits until all that it wrote has come.
func (v *terminal) start(name string, args ...string) (stop func()) {
	v.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = v.tty, v.tty, v.tty
	cmd.Env = append(os.Environ(), "TERM=xterm")
	if err := cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	read := make(chan struct{})
	const end = "\x00"
	go func() {
		defer close(read)
		buf := make([]byte, 64<<10)
		text := ""
		for !strings.HasSuffix(text, end) {
			n, err := v.pair.Master.Read(buf)
			if err != nil {
				return
			}
			text = v.obey(text + string(buf[:n]))
		}
	}()
	v.t.Cleanup(func() { cmd.Process.Kill() })
	return func() {
		v.t.Helper()
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			v.t.Errorf("the program ended with %v", err)
		}
		v.tty.WriteString(end)
		<-read
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.wrong != nil {
			v.t.Error(v.wrong)
		}
	}
}

var told = regexp.MustCompile(`^\x1b\[(\?1049h|\?1049l|\?25h|\?25l|\?2026h|\?2026l|H|K|J)`)

// obey does what whole commands say and returns the rest.
func (v *terminal) obey(text string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for text != "" && text != "\x00" {
		end := strings.IndexAny(text, "\x1b\r\n")
		if end < 0 {
			end = len(text)
		}
		if end > 0 {
			if !utf8.FullRuneInString(text) {
				return text
			}
			r, n := utf8.DecodeRuneInString(text)
			v.put(r)
			text = text[n:]
			continue
		}
		if text[0] != '\x1b' {
			v.put(rune(text[0]))
			text = text[1:]
			continue
		}
		m := told.FindStringSubmatch(text)
		if m == nil {
			if len(text) < 8 {
				return text
			}
			v.fail("the terminal was told %q", text[:8])
			return ""
		}
		v.command(m[1])
		text = text[len(m[0]):]
	}
	return text
}

func (v *terminal) command(c string) {
	switch c {
	case "?1049h":
		v.other, v.cells, v.row, v.column = true, make([][]rune, 500), 0, 0
	case "?1049l":
		v.other = false
	case "?25h", "?25l":
		v.hidden = c == "?25l"
	case "H":
		v.row, v.column = 0, 0
	case "K":
		v.cells[v.row] = v.cells[v.row][:min(v.column, len(v.cells[v.row]))]
	case "J":
		clear(v.cells[v.row+1:])
	case "?2026l":
		var lines []string
		for _, line := range v.cells {
			lines = append(lines, string(line))
		}
		v.frames++
		v.shown = strings.Join(lines, "\n")
		close(v.changed)
		v.changed = make(chan struct{})
	}
}

// put writes a character.
func (v *terminal) put(r rune) {
	switch {
	case r == '\r':
		v.column = 0
	case r == '\n' && v.other:
		v.row++
	case r == '\n':
		v.after.WriteRune(r)
	case r < ' ' || r == 0x7f || r >= 0x80 && !strings.ContainsRune("°…\ufffd", r) && v.other:
		v.fail("the terminal was sent %q", r)
	case v.other:
		line := &v.cells[v.row]
		if v.column == len(*line) {
			*line = append(*line, r)
		} else {
			(*line)[v.column] = r
		}
		v.column++
	default:
		v.after.WriteRune(r)
	}
}

func (v *terminal) fail(format string, args ...any) {
	if v.wrong == nil {
		v.wrong = fmt.Errorf(format, args...)
	}
}

// shows waits for a frame that has the pattern, and looks whether it fits.
func (v *terminal) shows(pattern string) {
	v.t.Helper()
	want := regexp.MustCompile(pattern)
	v.until(strconv.Quote(pattern), func() bool { return want.MatchString(v.shown) })
}

// draws waits for so many frames more; the last of them fits the window.
func (v *terminal) draws(n int) {
	v.t.Helper()
	v.mu.Lock()
	enough := v.frames + n
	v.mu.Unlock()
	v.until("a frame", func() bool { return v.frames >= enough })
	v.mu.Lock()
	defer v.mu.Unlock()
	lines := strings.Split(strings.TrimRight(v.shown, "\n"), "\n")
	if len(lines) > v.height {
		v.t.Errorf("%d lines in a window of %d", len(lines), v.height)
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > max(1, v.width-1) {
			v.t.Errorf("a line of %d in a window of width %d: %q", n, v.width, line)
		}
	}
}

func (v *terminal) until(what string, is func() bool) {
	v.t.Helper()
	patience := time.After(20 * time.Second)
	for {
		v.mu.Lock()
		ok, changed, wrong, shown := is(), v.changed, v.wrong, v.shown
		v.mu.Unlock()
		switch {
		case wrong != nil:
			v.t.Fatal(wrong)
		case ok:
			return
		}
		select {
		case <-changed:
		case <-patience:
			v.t.Fatalf("%s has not come; there is\n%s", what, shown)
		}
	}
}
