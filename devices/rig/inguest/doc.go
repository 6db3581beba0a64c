// Package inguest tests package port from inside the guest, on real drivers:
// run.sh builds its test as a program of its own, and a test on the host starts
// it there and plays the far end.
//
// It asks the host for a device by a connection of its own and tells it what
// the device is to do; when the connection ends the device is pulled.
package inguest

// Request is one line of the connection, in JSON.
type Request struct {
	Do   string // "plug", "send", "heard", "pull", "deaf"
	Kind string // plug: "acm", "ftdi" or "hid"
	Data []byte // send
	N    int    // heard: how many bytes to wait for
}

// Answer is the host's line to each.
type Answer struct {
	Address string // plug: as it would stand in a configuration
	Data    []byte // heard
	Error   string // why it could not be done
}
