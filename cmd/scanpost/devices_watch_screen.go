package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// tagScreen draws the tables on a terminal: on its other screen, so that what
// was there before comes back at the end, and each time over what is there,
// which does not flicker.
//
//	title
//	readers, portals and their antennas
//	tags, as many as fit
//	the last things that happened
type tagScreen struct {
	file *os.File
	tags *tagField

	mu    sync.Mutex
	lines []string // what happened last
}

const (
	redraw    = 500 * time.Millisecond
	mostLines = 100
)

// What the terminal is told. Of 2026 a terminal that knows it shows a frame
// only when it is whole; the others ignore it.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l"
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	beginFrame  = "\x1b[?2026h\x1b[H"
	endLine     = "\x1b[K"
	endFrame    = "\x1b[J\x1b[H\x1b[?2026l" // the cursor stays where a key that is pressed scrolls nothing
)

// newTagScreen is nil if out is no terminal.
func newTagScreen(out io.Writer, tags *tagField) *tagScreen {
	file, is := out.(*os.File)
	if !is || os.Getenv("TERM") == "dumb" {
		return nil
	}
	if _, _, is := windowOf(file); !is {
		return nil
	}
	return &tagScreen{file: file, tags: tags}
}

// keep takes a line of what happened.
func (s *tagScreen) keep(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, strings.TrimSuffix(line, "\n"))
	if len(s.lines) > mostLines {
		s.lines = s.lines[len(s.lines)-mostLines:]
	}
}

// last is what happened last, for the time after.
func (s *tagScreen) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	const most = 20
	var b strings.Builder
	for _, line := range s.lines[max(0, len(s.lines)-most):] {
		b.WriteString(line + "\n")
	}
	return b.String()
}

// run draws until all has ended, and calls stop if the terminal is gone.
func (s *tagScreen) run(ended <-chan struct{}, stop func()) {
	again := time.NewTicker(redraw)
	defer again.Stop()
	if _, err := io.WriteString(s.file, enterScreen); err != nil {
		stop()
		return
	}
	defer io.WriteString(s.file, leaveScreen)
	for {
		width, height, is := windowOf(s.file)
		if !is {
			stop()
			return
		}
		if _, err := io.WriteString(s.file, s.frame(time.Now(), width, height)); err != nil {
			stop()
			return
		}
		select {
		case <-again.C:
		case <-ended:
			return
		}
	}
}

// frame is one drawing, which fits the window.
func (s *tagScreen) frame(now time.Time, width, height int) string {
	lines := s.page(now, height)
	var b strings.Builder
	b.WriteString(beginFrame)
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(cutTo(line, width))
		b.WriteString(endLine)
	}
	b.WriteString(endFrame)
	return b.String()
}

// page are the lines of a frame, no more than the height.
func (s *tagScreen) page(now time.Time, height int) []string {
	head, tags := s.tags.rows(now)
	s.mu.Lock()
	happened := s.lines[max(0, len(s.lines)-height):]
	s.mu.Unlock()
	lines := []string{now.Local().Format(time.TimeOnly) + "  scanpost devices watch: nothing is recorded; Ctrl-C ends", ""}
	lines = append(lines, head...)
	// The tags have two thirds of the rest, or more if little has happened.
	rest := max(0, height-len(lines))
	below := min(len(happened), max(rest/3, rest-1-len(tags)))
	if below > 0 {
		below = max(0, min(below, rest-1))
	}
	room := rest
	if below > 0 {
		room -= below + 1
	}
	if len(tags) > room && room > 0 {
		more := len(tags) - room + 1
		tags = append(tags[:room-1], fmt.Sprintf("and %d more", more))
	}
	lines = append(lines, tags[:min(len(tags), room)]...)
	if below > 0 {
		lines = append(lines, "")
		lines = append(lines, happened[len(happened)-below:]...)
	}
	return lines[:min(len(lines), height)]
}

// cutTo cuts a line before the last column, where terminals differ about what
// comes next.
func cutTo(line string, width int) string {
	line = plainCell(line)
	if line == "-" {
		return ""
	}
	if utf8.RuneCountInString(line) < width {
		return line
	}
	return short(line, max(1, width-1))
}
