package outbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
	"os"

	"scanpost/sync/event"
	"scanpost/sync/proof"
)

// carver finds what a damaged file still holds without believing a word of its
// structure. A record says itself where it begins ("{"specversion"…), which
// number it is (its id), and that it is whole: behind the event stand its leaf
// hash and, at the end, the count of hashes that its number asks for. A record
// of which a single bit changed is not found; one that is found was written by
// a station.
//
// One pass over the file, whatever is in it. A record lies in one piece even
// where it is longer than a page, since pages that belong together are
// neighbours.
type carver struct {
	only   []byte                                              // how the one record begins that is looked for; nil for all
	record func(epoch string, seq uint64, record []byte) error // bytes are valid within
	marks  map[string]mark                                     // by epoch, the furthest
	tokens [][]byte                                            // what stood behind "mark", to be understood when the epochs are known
	epochs map[string]bool
}

// mark is how far a log had come at one of its commits.
type mark struct {
	first, last, published uint64
}

const (
	opening     = `{"specversion":"1.0","id":"`
	markSize    = 40
	carveWindow = 1 << 20
	mostTokens  = 1 << 16
)

// longestRecord is an event with as many hashes as one can have.
const longestRecord = event.MaxSize + 65*proof.HashSize + 1 + 8

// carve goes through a file. What the disk does not let us read is passed over
// a page at a time.
func (c *carver) carve(f *os.File) error {
	c.marks, c.epochs = map[string]mark{}, map[string]bool{}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	buf := make([]byte, carveWindow+longestRecord+len(opening))
	for at := int64(0); at < size; at += carveWindow {
		n := int(min(int64(len(buf)), size-at))
		if err := readRough(f, buf[:n], at); err != nil {
			return err
		}
		// What begins beyond the window is of the next one.
		if err := c.window(buf[:n], min(n, carveWindow)); err != nil {
			return err
		}
	}
	for epoch := range c.epochs {
		for _, token := range c.tokens {
			if m, ok := parseMark(token, epoch); ok && m.last >= c.marks[epoch].last {
				best := c.marks[epoch]
				c.marks[epoch] = mark{max(m.first, best.first), m.last, max(m.published, best.published)}
			}
		}
	}
	return nil
}

// readRough reads what can be read, and leaves zeros for what can not.
func readRough(f io.ReaderAt, b []byte, at int64) error {
	if _, err := f.ReadAt(b, at); err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	const page = 4096
	for from := 0; from < len(b); from += page {
		part := b[from:min(from+page, len(b))]
		if _, err := f.ReadAt(part, at+int64(from)); err != nil {
			clear(part)
		}
	}
	return nil
}

var (
	openingBytes = []byte(opening)
	epochBytes   = []byte("epoch")
)

func (c *carver) window(b []byte, until int) error {
	begin := openingBytes
	if c.only != nil {
		begin = c.only
	}
	for at := 0; ; {
		i := bytes.Index(b[at:], begin)
		if i < 0 || at+i >= until {
			break
		}
		at += i
		n, epoch, seq := recordAt(b[at:])
		if n == 0 {
			at++
			continue
		}
		c.epochs[epoch] = true
		if err := c.record(epoch, seq, b[at:at+n]); err != nil {
			return err
		}
		at += n
	}
	if c.only != nil {
		return nil
	}
	for at := 0; ; at++ { // the log's own words, for a file without a whole event
		i := bytes.Index(b[at:], epochBytes)
		if i < 0 || at+i >= until {
			break
		}
		at += i
		if name := b[at+len(epochBytes):]; len(name) >= 16 {
			if _, _, ok := event.ParseID(string(name[:16]) + "-00000000000000000001"); ok {
				c.epochs[string(name[:16])] = true
			}
		}
	}
	for at := 0; len(c.tokens) < mostTokens; at++ {
		i := bytes.Index(b[at:], markKey)
		if i < 0 || at+i >= until {
			break
		}
		at += i
		if token := b[at+len(markKey):]; len(token) >= markSize {
			c.tokens = append(c.tokens, bytes.Clone(token[:markSize]))
		}
	}
	return nil
}

// recordAt reads the record that b begins with: how long it is, and which
// number of which epoch; n is 0 if it is none, or not whole.
func recordAt(b []byte) (n int, epoch string, seq uint64) {
	const id = len(opening)
	if len(b) < id+37 {
		return 0, "", 0
	}
	epoch, seq, ok := event.ParseID(string(b[id : id+37]))
	if !ok || seq == 0 {
		return 0, "", 0
	}
	end := objectEnd(b[:min(len(b), event.MaxSize)])
	if end == 0 {
		return 0, "", 0
	}
	k := proof.Count(seq)
	n = end + k*proof.HashSize + 8 + 1
	if n > len(b) || int(b[n-1]) != k || proof.RecordHash(b[:end]) != proof.Hash(b[end:end+proof.HashSize]) {
		return 0, "", 0
	}
	return n, epoch, seq
}

// objectEnd is the length of the JSON object that b begins with; 0 if it does
// not end.
func objectEnd(b []byte) int {
	depth, text := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// appendMark writes the newest number and time and the published cursor, and
// for whoever has to carve the file, the oldest number held and a checksum that
// only fits marks of this epoch.
func appendMark(b []byte, epoch string, s state) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint64(b, s.last)
	b = binary.BigEndian.AppendUint64(b, uint64(s.lastAt.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, s.published)
	b = binary.BigEndian.AppendUint64(b, s.first)
	return binary.BigEndian.AppendUint64(b, markSum(epoch, b[start:]))
}

func parseMark(b []byte, epoch string) (mark, bool) {
	if len(b) < markSize || binary.BigEndian.Uint64(b[32:]) != markSum(epoch, b[:32]) {
		return mark{}, false
	}
	return mark{first: binary.BigEndian.Uint64(b[24:]), last: binary.BigEndian.Uint64(b), published: binary.BigEndian.Uint64(b[16:])}, true
}

func markSum(epoch string, b []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("scanpost mark of "))
	_, _ = h.Write([]byte(epoch))
	_, _ = h.Write(b)
	return h.Sum64()
}
