// Package strict reads TOML the way a person at a station needs it: every
// mistake of a file at once, each in one line that names the file, the line
// and the key.
//
//	station.toml:7: unknown key "sitee" in [station] (did you mean "site"?)
//	station.toml:12: "baud" in [[device]] 2 must be a whole number, not text
//
// It is the only importer of the TOML library. The library decodes values and
// knows the grammar; what it does not do is go on after the first mistake, or
// tell a caller the line of a key that was read well but makes no sense. So
// the document is read into plain values beside a tree of lines, and the
// fields are filled here.
//
//	doc := strict.Parse("station.toml", data)
//	doc.Into(&config)
//	for i, d := range config.Device {
//		if d.Port == "" {
//			doc.At("device", i).Mistake("device %q needs a port", d.Name)
//		}
//	}
//	return doc.Err()
//
// A key that was already found wrong is not complained about again: when
// "port" had the wrong type, a later "needs a port" would only confuse.
package strict

import (
	"fmt"
	"slices"
	"strings"
)

// Doc is a TOML file with what is wrong with it.
type Doc struct {
	file     string
	noun     string // what a key is called in sentences
	values   map[string]any
	root     *node
	broken   bool // reading stopped early, so a missing key means nothing
	mistakes []*Mistake
}

// Mistake is one thing that is wrong in a file.
type Mistake struct {
	File string
	Line int   // 0 if it is not known
	Path []any // names of keys, and numbers of elements counted from 0
	Text string

	reading bool // found while reading: the value never reached the caller
}

// Error is "file:line: sentence".
func (m *Mistake) Error() string {
	switch {
	case m.File == "":
		return m.Text
	case m.Line == 0:
		return m.File + ": " + m.Text
	}
	return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Text)
}

// Mistakes is all that is wrong in a file, in the order of its lines.
type Mistakes []*Mistake

// Error has one line for each mistake.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, one := range m {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the single mistakes to errors.As.
func (m Mistakes) Unwrap() []error {
	errs := make([]error, len(m))
	for i, one := range m {
		errs[i] = one
	}
	return errs
}

// Decode reads a whole file into a struct. The error is a [Mistakes].
func Decode(file string, data []byte, into any) error {
	doc := Parse(file, data)
	doc.Into(into)
	return doc.Err()
}

// Table fills a struct from values that were read earlier, such as a
// profile's options; noun is what one of them is called. The error is a
// [Mistakes] without file and line; the caller who knows the document can
// place them by their Path.
func Table(noun string, values map[string]any, into any) error {
	doc := &Doc{noun: noun, values: values}
	doc.Into(into)
	return doc.Err()
}

// Err returns all mistakes found so far in the order of their lines, as
// [Mistakes], or nil.
func (d *Doc) Err() error {
	if len(d.mistakes) == 0 {
		return nil
	}
	sorted := slices.Clone(d.mistakes)
	slices.SortStableFunc(sorted, func(a, b *Mistake) int { return a.Line - b.Line })
	return Mistakes(sorted)
}

// At names a key of the document: names of keys, and numbers of elements
// counted from 0, as in At("device", 1, "port").
func (d *Doc) At(path ...any) Place { return Place{d, path} }

// Place is a key of a document, present or not.
type Place struct {
	doc  *Doc
	path []any
}

// Set reports whether the file has the key.
func (p Place) Set() bool {
	_, found := p.doc.root.at(p.path)
	return found
}

// Line is where the key stands, or the innermost table around it if the file
// does not have the key. Without any it is 1.
func (p Place) Line() int {
	n, _ := p.doc.root.at(p.path)
	if n == nil || n.line == 0 {
		return 1
	}
	return n.line
}

// Mistake adds what is wrong with the key. It is left out when reading has
// already failed at this key or around it.
func (p Place) Mistake(format string, args ...any) { p.mistake(false, format, args...) }

func (p Place) mistake(reading bool, format string, args ...any) {
	m := &Mistake{File: p.doc.file, Path: slices.Clone(p.path), Text: fmt.Sprintf(format, args...), reading: reading}
	if p.doc.root != nil {
		m.Line = p.Line()
		if p.doc.broken && !p.Set() {
			return
		}
	}
	for _, earlier := range p.doc.mistakes {
		within := len(earlier.Path) <= len(m.Path) && slices.Equal(earlier.Path, m.Path[:len(earlier.Path)])
		same := len(earlier.Path) == len(m.Path) && earlier.Text == m.Text
		if within && (earlier.reading && len(earlier.Path) > 0 || same) {
			return
		}
	}
	p.doc.mistakes = append(p.doc.mistakes, m)
}
