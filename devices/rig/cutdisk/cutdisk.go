// Package cutdisk is a disk with a volatile cache, for power cuts and slow
// disks.
//
// It serves a raw image to QEMU by the NBD protocol. What is written stays in
// memory until the guest flushes; Cut throws away what was not, or lets a random
// part of it survive, as real drives do. To kill QEMU alone is milder: what the
// guest had handed to its disk is then safe in the host's page cache, flushed
// or not, so a missing flush is not found.
//
//	-drive file=nbd:unix:/some/sock,format=raw,if=virtio,cache=writeback
//
// Cut the disk first, then kill QEMU. An acknowledgement counts as given when it
// has left the guest.
package cutdisk

import (
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// sector is what a drive writes as a whole or not at all, unless it is larger:
// see [Disk.Whole].
const sector = 512

// Disk is an image and its cache.
type Disk struct {
	listener net.Listener
	size     int64

	mu    sync.Mutex
	file  *os.File
	dirty map[int64][]byte // by number of the sector: written and not flushed
	whole int64            // sectors that share their fate
	cut   bool
	ended chan struct{} // closed by the cut
	ambush
	slow  time.Duration
	count Count
}

// ambush is a cut that waits for its request.
type ambush struct {
	left    int // requests until then; 0 for none
	survive float64
	seed    uint64
}

// Count is what the disk has seen.
type Count struct {
	Written, Flushes int // sectors, requests
	Unflushed, Lost  int // sectors: in the cache at the cut, and of these dropped
}

// Serve opens an image and listens on a unix socket.
func Serve(image, socket string) (*Disk, error) {
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	os.Remove(socket)
	l, err := net.Listen("unix", socket)
	if err != nil {
		f.Close()
		return nil, err
	}
	d := &Disk{file: f, size: info.Size() / sector * sector, listener: l, dirty: map[int64][]byte{}, whole: 1, ended: make(chan struct{})}
	go d.accept()
	return d, nil
}

func (d *Disk) accept() {
	for {
		c, err := d.listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			d.serve(c)
		}()
	}
}

// Slow makes each flush take this long, from now on.
func (d *Disk) Slow(flush time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slow = flush
}

// Whole says how many bytes the drive writes as a whole or not at all: 512
// unless told, 4096 for most of those that are sold. With 512 a cut can tear a
// page of the file system.
func (d *Disk) Whole(bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.whole = max(1, int64(bytes)/sector)
}

// Count is what the disk has seen so far.
func (d *Disk) Count() Count {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}

// Cut is the loss of power: nothing reaches the image from now on, except that
// each sector that was not flushed, or each [Disk.Whole] of them, survives with
// this probability.
func (d *Disk) Cut(survive float64, seed uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cutNow(survive, seed)
}

// CutAt is a Cut within the request, to write or to flush, that comes as the
// n-th from now: it is not answered, and what it was to flush is not flushed.
// The channel is closed when it has happened.
func (d *Disk) CutAt(n int, survive float64, seed uint64) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ambush = ambush{n, survive, seed}
	return d.ended
}

// step counts a request; false says that the power went within it. The caller
// holds mu.
func (d *Disk) step() bool {
	if d.left > 0 {
		if d.left--; d.left == 0 {
			// What the image does not take is not on the disk either.
			_ = d.cutNow(d.survive, d.seed)
		}
	}
	return !d.cut
}

func (d *Disk) cutNow(survive float64, seed uint64) error {
	if d.cut {
		return nil
	}
	d.cut = true
	close(d.ended)
	r := rand.New(rand.NewPCG(seed, 1))
	errs := []error{d.listener.Close()}
	var numbers []int64
	for n := range d.dirty {
		numbers = append(numbers, n)
	}
	d.count.Unflushed = len(numbers)
	slices.Sort(numbers) // so that a seed always means the same
	last, lost := int64(-1), false
	for _, n := range numbers {
		if n/d.whole != last {
			last, lost = n/d.whole, r.Float64() >= survive
		}
		if lost {
			d.count.Lost++
			continue
		}
		_, err := d.file.WriteAt(d.dirty[n], n*sector)
		errs = append(errs, err)
	}
	d.dirty = nil
	return errors.Join(append(errs, d.file.Close())...)
}

// Close is an orderly end: everything is written.
func (d *Disk) Close() error { return d.Cut(1, 0) }

func (d *Disk) read(b []byte, at int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cut {
		return os.ErrClosed
	}
	if _, err := d.file.ReadAt(b, at); err != nil {
		return err
	}
	for i := 0; i < len(b); i += sector {
		copy(b[i:], d.dirty[(at+int64(i))/sector])
	}
	return nil
}

// write keeps b.
func (d *Disk) write(b []byte, at int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cut {
		return os.ErrClosed
	}
	for i := 0; i < len(b); i += sector {
		d.dirty[(at+int64(i))/sector] = b[i : i+sector : i+sector]
		d.count.Written++
	}
	if !d.step() {
		return os.ErrClosed
	}
	return nil
}

// harden puts what was just written past the cache.
func (d *Disk) harden(b []byte, at int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cut {
		return os.ErrClosed
	}
	for n := at / sector; n < (at+int64(len(b)))/sector; n++ {
		delete(d.dirty, n)
	}
	_, err := d.file.WriteAt(b, at)
	return err
}

func (d *Disk) flush() error {
	d.mu.Lock()
	slow, on := d.slow, d.step()
	d.mu.Unlock()
	if !on {
		return os.ErrClosed
	}
	time.Sleep(slow)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cut {
		return os.ErrClosed
	}
	for n, s := range d.dirty {
		if _, err := d.file.WriteAt(s, n*sector); err != nil {
			return err
		}
	}
	clear(d.dirty)
	d.count.Flushes++
	return nil
}
