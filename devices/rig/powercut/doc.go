// Package powercut proves the first promise where it is made: with the real
// program on a real file system, on a disk whose cache is lost with its power.
//
//	test, on the host                          guest, in QEMU
//	line     a scanner: a code, then it waits  ── serial ──▶  scanpost run, the static binary
//	         for its good signal, one byte     ◀──────────
//	hub      broker, and a consumer that keeps ◀── MQTT ────
//	         every event and confirms it
//	cutdisk  the disk and its cache            ◀── NBD ─────  /data, ext4
//
// The program reads codes from three scanners that go on as soon as they have
// their signal. At some moment the power is cut: first the disk, where of all
// that was written and not flushed a random part survives, sector by sector,
// then the whole machine. It is switched on again, the file system recovers,
// and the program is started as after any other boot.
//
// A good signal counts when it has arrived at the scanner, outside the guest.
// From then on its code must be in the outbox after every further cut. Nothing
// else is believed: not what the program says of itself, and not what the guest
// thinks that it has written.
//
// docs/loss.md says what this shows and what it can not. The test is not run by
// default: make powercut.
package powercut
