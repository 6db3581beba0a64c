package strict

import (
	"bytes"
	"errors"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

const (
	maxFile   = 1 << 20 // a station's configuration has a few kilobytes; a wrong path may name anything
	maxSyntax = 20      // after so many the file is not TOML at all
)

// Parse reads a TOML document. Mistakes of syntax are found at once too, as
// long as each is confined to its own line; they and all later ones are
// returned by [Doc.Err]. The file's name is only used in sentences.
func Parse(file string, data []byte) *Doc {
	doc := &Doc{file: file, noun: "key", root: &node{}}
	if len(data) > maxFile {
		doc.broken = true
		doc.mistakes = append(doc.mistakes, &Mistake{File: file, Text: "is larger than 1 MiB: is it the right file?", reading: true})
		return doc
	}
	data = bytes.Clone(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) // some editors begin a file with a mark
	for range maxSyntax {
		doc.values = map[string]any{}
		err := toml.Unmarshal(data, &doc.values)
		if err == nil {
			doc.root = lines(data)
			return doc
		}
		var at *toml.DecodeError
		if !errors.As(err, &at) {
			doc.mistakes = append(doc.mistakes, &Mistake{File: file, Text: sentence(err), reading: true})
			break
		}
		line, _ := at.Position()
		from, to := lineAt(data, line)
		doc.mistakes = append(doc.mistakes, &Mistake{File: file, Line: line, Path: pathAt(data, from, to), Text: sentence(err), reading: true})
		if !confined(data, from, to) {
			break
		}
		// Blank the line and read the rest as if it were not there.
		for i := from; i < to; i++ {
			data[i] = ' '
		}
	}
	// What could not be read to its end is not used at all: half a document
	// would be full of keys that seem to be missing.
	doc.values, doc.root, doc.broken = map[string]any{}, &node{}, true
	return doc
}

// sentence is the library's word, with what most often lies behind it.
func sentence(err error) string {
	text := strings.TrimPrefix(err.Error(), "toml: ")
	if strings.Contains(text, "at start of value") || text == "strings must be quoted" {
		text += " (text is written in quotes)"
	}
	return text
}

// lineAt returns where a line, counted from 1, begins and ends.
func lineAt(data []byte, line int) (from, to int) {
	for ; line > 1; line-- {
		next := bytes.IndexByte(data[from:], '\n')
		if next < 0 {
			return len(data), len(data)
		}
		from += next + 1
	}
	if end := bytes.IndexByte(data[from:], '\n'); end >= 0 {
		return from, from + end
	}
	return from, len(data)
}

// confined reports whether a mistake in this line leaves the rest of the
// document readable: the line begins an entry, and the entry ends in it.
func confined(data []byte, from, to int) bool {
	line := bytes.TrimSpace(data[from:to])
	if len(line) == 0 || line[0] == '[' { // after a broken header, whose keys follow?
		return false
	}
	var p unstable.Parser
	if !parses(&p, data[:from]) {
		return false
	}
	if parses(&p, data[from:to]) {
		return true // well-formed by itself, as a key that is set twice
	}
	_, value, _ := bytes.Cut(line, []byte("="))
	return !bytes.ContainsAny(value, "[{") && !bytes.Contains(value, []byte(`"""`)) && !bytes.Contains(value, []byte("'''"))
}

func parses(p *unstable.Parser, data []byte) bool {
	for p.Reset(data); p.NextExpression(); {
	}
	return p.Error() == nil
}

// pathAt guesses which key a line sets that cannot be read, so that the
// caller does not miss the key as well.
func pathAt(data []byte, from, to int) []any {
	key, _, found := bytes.Cut(data[from:to], []byte("="))
	var p unstable.Parser
	if !found || !parses(&p, append(bytes.Clone(key), "=0"...)) || !parses(&p, data[:from]) {
		return nil
	}
	w := &walker{root: &node{}}
	w.data = append(bytes.Clone(data[:from]), append(bytes.Clone(key), "=0"...)...)
	w.walk()
	return w.last
}

// A node is one key or element of the document with its line.
type node struct {
	line  int
	keys  map[string]*node
	items []*node // elements of an array, or of [[tables]]
}

// at finds a key. Without it, it returns the innermost one around it.
func (n *node) at(path []any) (*node, bool) {
	if n == nil {
		return nil, false
	}
	for _, step := range path {
		var next *node
		switch step := step.(type) {
		case string:
			next = n.keys[step]
		case int:
			if step >= 0 && step < len(n.items) {
				next = n.items[step]
			}
		}
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, true
}

// lines walks a document that is known to be good.
func lines(data []byte) *node {
	w := &walker{root: &node{}, data: data}
	w.walk()
	return w.root
}

type walker struct {
	p      unstable.Parser
	data   []byte
	breaks []int // offsets of line ends
	root   *node
	last   []any // path of the entry met last
}

func (w *walker) walk() {
	for i, c := range w.data {
		if c == '\n' {
			w.breaks = append(w.breaks, i)
		}
	}
	w.root.line = 1
	table, tablePath := w.root, []any(nil)
	for w.p.Reset(w.data); w.p.NextExpression(); {
		switch e := w.p.Expression(); e.Kind {
		case unstable.Table:
			table, tablePath = w.descend(w.root, nil, e.Key(), false)
		case unstable.ArrayTable:
			table, tablePath = w.descend(w.root, nil, e.Key(), true)
		case unstable.KeyValue:
			var n *node
			n, w.last = w.descend(table, tablePath, e.Key(), false)
			w.value(n, e.Value())
		}
	}
}

// descend follows a dotted key. On its way an array of tables means its last
// element; with add, the key's own last part gets a new one.
func (w *walker) descend(n *node, path []any, key unstable.Iterator, add bool) (*node, []any) {
	path = append([]any(nil), path...)
	for key.Next() {
		part := key.Node()
		name, line := string(part.Data), w.line(part)
		next := n.keys[name]
		if next == nil {
			next = &node{line: line}
			if n.keys == nil {
				n.keys = map[string]*node{}
			}
			n.keys[name] = next
		}
		n, path = next, append(path, name)
		if add && key.IsLast() {
			n.items = append(n.items, &node{line: line})
		}
		if len(n.items) > 0 {
			path = append(path, len(n.items)-1)
			n = n.items[len(n.items)-1]
		}
	}
	return n, path
}

// value notes the lines within an array or inline table. An element without
// a place of its own stands where its first key stands, or its owner.
func (w *walker) value(n *node, v *unstable.Node) {
	switch v.Kind {
	case unstable.Array:
		for it := v.Children(); it.Next(); {
			item := &node{line: n.line}
			if it.Node().Raw.Length > 0 {
				item.line = w.line(it.Node())
			}
			w.value(item, it.Node())
			n.items = append(n.items, item)
		}
	case unstable.InlineTable:
		first := true
		for it := v.Children(); it.Next(); {
			kv := it.Node()
			key := kv.Key()
			key.Next()
			if first {
				n.line, first = w.line(key.Node()), false
			}
			inner, _ := w.descend(n, nil, kv.Key(), false)
			w.value(inner, kv.Value())
		}
	}
}

func (w *walker) line(n *unstable.Node) int {
	return sort.SearchInts(w.breaks, int(n.Raw.Offset)) + 1
}
