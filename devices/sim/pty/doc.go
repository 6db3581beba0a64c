// Package pty makes pseudo terminals whose far end stands for a serial port,
// for tests and the demo.
//
// Unlike the usual helper packages it keeps the master in the runtime's
// poller, so deadlines work and Close ends a blocked Read; it keeps the port's
// end open once itself, so that the master does not fail while the program
// under test has closed its port; and the line is raw from the start. A
// symbolic link gives the port a name that outlives an unplug: the next pair
// takes it over. What a pty can not show: parity, pace, modem lines.
package pty
