// Package e2e tests the real program from outside: bytes go into a pseudo
// terminal, and what a tracking system knows at the end is compared with what
// the scanner was told. There is no code here but tests.
package e2e
