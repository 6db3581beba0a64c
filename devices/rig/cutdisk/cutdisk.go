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

// sector is what a drive writes as a whole or not at all.
const sector = 512

// Disk is an image and its cache.
type Disk struct {
	listener net.Listener
	size     int64

	mu    sync.Mutex
	file  *os.File
	dirty map[int64][]byte // by number of the sector: written and not flushed
	cut   bool
	slow  time.Duration
	count Count
}

// Count is what the disk has seen.
type Count struct{ Written, Flushes, Lost int } // sectors, requests, sectors

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
	d := &Disk{file: f, size: info.Size() / sector * sector, listener: l, dirty: map[int64][]byte{}}
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

// Count is what the disk has seen so far.
func (d *Disk) Count() Count {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}

// Cut is the loss of power: nothing reaches the image from now on, except that
// each sector that was not flushed survives with this probability.
func (d *Disk) Cut(survive float64, seed uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cut {
		return nil
	}
	d.cut = true
	r := rand.New(rand.NewPCG(seed, 1))
	errs := []error{d.listener.Close()}
	var numbers []int64
	for n := range d.dirty {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers) // so that a seed always means the same
	for _, n := range numbers {
		if r.Float64() >= survive {
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
	return nil
}

func (d *Disk) flush() error {
	d.mu.Lock()
	slow := d.slow
	d.mu.Unlock()
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
