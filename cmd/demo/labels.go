package demo

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// parcel is what travels through the warehouse, and what is stuck on it.
type parcel struct {
	unit    string
	code    string // what a scanner sends for its SSCC label, after the AIM identifier
	carrier string // and for its carrier's label
	epc     []byte // of its radio tag, which says the same SSCC; nil without one
}

func newParcel(n int) parcel {
	unit, code := label(n)
	_, carrier := carrierLabel(n)
	return parcel{unit: unit, code: code, carrier: carrier}
}

// label makes the n-th parcel's SSCC: the company prefix of GS1's own
// examples, and what a scanner sends for it.
func label(n int) (unit, code string) {
	digits := fmt.Sprintf("%c%s%09d", ssccExtension, ssccPrefix, n)
	sum := 0
	for i := range digits {
		weight := 3 // from the right-most data digit leftwards 3, 1, 3, ...
		if (len(digits)-1-i)%2 == 1 {
			weight = 1
		}
		sum += weight * int(digits[i]-'0')
	}
	unit = "sscc:" + digits + fmt.Sprint((10-sum%10)%10)
	return unit, labelOf(unit)
}

const (
	ssccExtension = '1'
	ssccPrefix    = "0614141"
)

// labelOf is what a scanner sends for the SSCC label of a unit.
func labelOf(unit string) string { return "]C100" + strings.TrimPrefix(unit, "sscc:") }

// smudge is a label read wrongly: two digits changed places and bytes that no
// label holds.
func smudge(code string) string {
	b := []byte(code)
	b[9], b[10], b[12] = 0xfe, 0x80, '?'
	return string(b)
}

// carrierLabel makes the n-th parcel's UPS number, of the shipper in UPS's own
// example, and what a scanner sends for it.
func carrierLabel(n int) (unit, code string) {
	number := fmt.Sprintf("999AA101%07d", n%1e7)
	sum := 0
	for i, c := range []byte(number) {
		value := int(c - '0')
		if c >= 'A' {
			value = int(c-'?') % 10 // A counts 2, B 3, and so on
		}
		sum += value * (1 + i%2)
	}
	number = fmt.Sprintf("1Z%s%d", number, (10-sum%10)%10)
	return "ups:" + number, "]C0" + number
}

// tagOf writes a unit's SSCC into a radio tag, as SSCC-96 (GS1 EPC Tag Data
// Standard):
//
//	header 8 | filter 3 | partition 3 | company prefix 24 | serial reference 34 | 24 zero bits
//
// The serial reference begins with the SSCC's extension digit, and its check
// digit is left out. Partition 5 says that the company prefix has 7 digits.
func tagOf(unit string) []byte {
	sscc := strings.TrimPrefix(unit, "sscc:")
	prefix, _ := strconv.ParseUint(sscc[1:8], 10, 64)
	serial, _ := strconv.ParseUint(sscc[:1]+sscc[8:17], 10, 64)
	const header, logistic, partition = 0x31, 2, 5
	top := header<<56 | uint64(logistic)<<53 | partition<<50 | prefix<<26 | serial>>8
	epc := binary.BigEndian.AppendUint64(nil, top)
	return append(epc, byte(serial), 0, 0, 0)
}
