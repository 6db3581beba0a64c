package outbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// examine looks at the skeleton of a bbolt file before bbolt does. bbolt
// trusts its pages: one flipped bit in a branch can send it round in a circle
// until the stack overflows, which no recover can catch, and one in the list of
// free pages makes it overwrite a page in use. Branches and free list are a
// hundredth of the file, so looking at them costs a start some milliseconds.
//
// Every page may be referred to once, whether from the tree or as free; that
// rules out circles. The pages of events are read only where something will be
// added, and all of them when bbolt is going to read them all; an event's own
// bytes are guarded by its hash.
func examine(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	x := &examiner{file: f}
	err = x.examine()
	if err != nil && !errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

type examiner struct {
	file     io.ReaderAt
	pageSize int64
	high     uint64 // pages in use lie below
	seen     []uint64
	deep     bool // look at every leaf
}

// The file format, as bbolt's internal/common has it. All in host byte order.
const (
	pageHeader = 16 // id u64, flags u16, count u16, overflow u32
	elementLen = 16 // branch: pos u32, ksize u32, page u64; leaf: flags, pos, ksize, vsize u32
	branchPage = 0x01
	leafPage   = 0x02
	metaPage   = 0x04
	freePage   = 0x10
	noFreelist = ^uint64(0)
	maxDepth   = 32
)

var host = binary.NativeEndian

// meta is the state of the file after one transaction: magic, version, page
// size, flags u32; root, sequence, freelist, high, txid, checksum u64.
type meta struct {
	pageSize             uint32
	root, freelist, high uint64
	txid                 uint64
}

// readMeta reads the meta page at an offset; ok is false if it is not sound.
func (x *examiner) readMeta(at int64) (m meta, ok bool) {
	b := make([]byte, pageHeader+64)
	if _, err := x.file.ReadAt(b, at); err != nil {
		return m, false
	}
	b = b[pageHeader:]
	m = meta{
		pageSize: host.Uint32(b[8:]), root: host.Uint64(b[16:]), freelist: host.Uint64(b[32:]),
		high: host.Uint64(b[40:]), txid: host.Uint64(b[48:]),
	}
	sum := fnv.New64a()
	sum.Write(b[:56])
	ok = host.Uint32(b) == 0xED0CDAED && host.Uint32(b[4:]) == 2 && sum.Sum64() == host.Uint64(b[56:])
	return m, ok
}

func damage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

func (x *examiner) examine() error {
	size, err := x.file.(*os.File).Stat()
	if err != nil {
		return err
	}
	x.pageSize = int64(os.Getpagesize())
	m, ok := x.readMeta(0)
	if ok {
		x.pageSize = int64(m.pageSize)
	}
	if x.pageSize < 512 || x.pageSize > 1<<20 {
		return damage("pages of %d bytes", x.pageSize)
	}
	if second, ok2 := x.readMeta(x.pageSize); ok2 && (!ok || second.txid > m.txid) {
		m, ok = second, true
	}
	switch {
	case !ok:
		return damage("neither of its first two pages is sound")
	case int64(m.pageSize) != x.pageSize || m.high > 1<<40 || int64(m.high)*x.pageSize > size.Size():
		return damage("it should hold %d pages of %d bytes and is %d bytes long: was it cut off?", m.high, m.pageSize, size.Size())
	}
	x.high = m.high
	x.seen = make([]uint64, m.high/64+1)
	x.mark(0)
	x.mark(1)
	if m.freelist == noFreelist {
		x.deep = true // bbolt will walk all of it
	} else if err := x.freelist(m.freelist); err != nil {
		return err
	}
	return x.tree(m.root, true, true, 0)
}

// mark notes a reference to a page; false if there was one before.
func (x *examiner) mark(id uint64) bool {
	if id >= x.high || x.seen[id/64]&(1<<(id%64)) != 0 {
		return false
	}
	x.seen[id/64] |= 1 << (id % 64)
	return true
}

// page reads a whole page and marks what overflows from it.
func (x *examiner) page(id uint64) (b []byte, flags uint16, count int, err error) {
	head := make([]byte, pageHeader)
	if _, err := x.file.ReadAt(head, int64(id)*x.pageSize); err != nil {
		return nil, 0, 0, err
	}
	flags, count = host.Uint16(head[8:]), int(host.Uint16(head[10:]))
	overflow := uint64(host.Uint32(head[12:]))
	if host.Uint64(head) != id || id+overflow >= x.high {
		return nil, 0, 0, damage("page %d says it is page %d and %d more", id, host.Uint64(head), overflow)
	}
	for i := uint64(1); i <= overflow; i++ {
		if !x.mark(id + i) {
			return nil, 0, 0, damage("page %d is used twice", id+i)
		}
	}
	b = make([]byte, (int64(overflow)+1)*x.pageSize)
	_, err = x.file.ReadAt(b, int64(id)*x.pageSize)
	return b, flags, count, err
}

func (x *examiner) freelist(id uint64) error {
	if !x.mark(id) {
		return damage("the list of free pages lies on page %d", id)
	}
	b, flags, count, err := x.page(id)
	if err != nil {
		return err
	}
	if flags != freePage {
		return damage("page %d is not the list of free pages", id)
	}
	b = b[pageHeader:]
	n := uint64(count)
	if count == 0xFFFF {
		n, b = host.Uint64(b), b[8:]
	}
	if n > uint64(len(b)/8) {
		return damage("a list of %d free pages on page %d", n, id)
	}
	for i := range n {
		if free := host.Uint64(b[8*i:]); !x.mark(free) {
			return damage("page %d is free and in use, or free twice", free)
		}
	}
	return nil
}

// tree walks the branches from page id down. With buckets, the leaves hold
// buckets; edge says that the page is the first or last of its level.
func (x *examiner) tree(id uint64, buckets, edge bool, depth int) error {
	if !x.mark(id) {
		return damage("page %d is used twice, or lies beyond the end", id)
	}
	if depth > maxDepth {
		return damage("branches nested %d deep", depth)
	}
	b, flags, count, err := x.page(id)
	if err != nil {
		return err
	}
	if flags == leafPage {
		return x.leaf(b, count, id, buckets)
	}
	if flags != branchPage || count < 1 || pageHeader+count*elementLen > len(b) {
		return damage("page %d of kind %#x with %d entries", id, flags, count)
	}
	var before []byte
	leaves := false
	for i := range count {
		at := pageHeader + i*elementLen
		k, err := slice(b, at, host.Uint32(b[at:]), host.Uint32(b[at+4:]), id)
		if err != nil {
			return err
		}
		if i > 0 && bytes.Compare(before, k) >= 0 {
			return damage("the keys of page %d are out of order", id)
		}
		before = k
		child := host.Uint64(b[at+8:])
		atEdge := edge && (i == 0 || i == count-1)
		if i > 0 && leaves && !buckets && !atEdge && !x.deep {
			// All on one level are leaves if the first is. It is marked,
			// and read only when its events are.
			if !x.mark(child) {
				return damage("page %d is used twice, or lies beyond the end", child)
			}
			continue
		}
		if i == 0 {
			if leaves, err = x.isLeaf(child); err != nil {
				return err
			}
		}
		if err := x.tree(child, buckets, atEdge, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (x *examiner) isLeaf(id uint64) (bool, error) {
	if id >= x.high {
		return false, damage("page %d lies beyond the end", id)
	}
	b := make([]byte, pageHeader)
	_, err := x.file.ReadAt(b, int64(id)*x.pageSize)
	return host.Uint16(b[8:]) == leafPage, err
}

// leaf looks at the entries of a leaf page or of a bucket's inner page.
func (x *examiner) leaf(b []byte, count int, id uint64, buckets bool) error {
	if pageHeader+count*elementLen > len(b) {
		return damage("page %d with %d entries", id, count)
	}
	for i := range count {
		at := pageHeader + i*elementLen
		flags, pos := host.Uint32(b[at:]), host.Uint32(b[at+4:])
		ksize, vsize := host.Uint32(b[at+8:]), host.Uint32(b[at+12:])
		if _, err := slice(b, at, pos, ksize, id); err != nil {
			return err
		}
		v, err := slice(b, at+int(pos)+int(ksize), 0, vsize, id)
		if err != nil {
			return err
		}
		if (flags&1 != 0) != buckets {
			return damage("entry %d of page %d is of kind %d", i, id, flags)
		}
		if !buckets {
			continue
		}
		if len(v) < 16 {
			return damage("bucket %d of page %d has %d bytes", i, id, len(v))
		}
		if root := host.Uint64(v); root != 0 {
			if err := x.tree(root, false, true, 1); err != nil {
				return err
			}
			continue
		}
		if inner := v[16:]; len(inner) < pageHeader || host.Uint16(inner[8:]) != leafPage {
			return damage("bucket %d of page %d is no page", i, id)
		} else if err := x.leaf(inner, int(host.Uint16(inner[10:])), id, false); err != nil {
			return err
		}
	}
	return nil
}

// slice is n bytes of b at base+pos.
func slice(b []byte, base int, pos, n uint32, id uint64) ([]byte, error) {
	start := uint64(base) + uint64(pos)
	if end := start + uint64(n); end <= uint64(len(b)) {
		return b[start:end], nil
	}
	return nil, damage("an entry of page %d reaches beyond it", id)
}
