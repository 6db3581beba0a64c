// Package oracle compares what package identity reads with what others read,
// over thousands of generated codes. The others are packages for Node that
// were written apart from ours and from each other:
//
//	gs1       bwip-js 4.11.4 with lintreqs: contents and pairs of element strings, Digital Links
//	epc       epc-tds 1.4.1: the schemes of TDS 1 that it knows
//	tracking  ts-tracking-number 1.0.17: seven couriers, by older rules and one answer each
//
// `make oracle` installs them outside of the repository and runs the tests,
// which have the build tag oracle; without Node it says in one sentence that
// there is nothing to compare with. Where an oracle differs from us and we
// believe ourselves, the test lists the difference and says why; a difference
// that is not in its list fails it, and so does one that no longer shows.
//
// The package holds nothing but its tests.
package oracle
