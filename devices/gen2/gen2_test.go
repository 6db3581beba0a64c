package gen2

import "testing"

// The CRC is the one that the standard calls CRC-16, by its check value.
func TestCRC(t *testing.T) {
	if got := CRC([]byte("123456789")); got != 0xD64E {
		t.Errorf("got %04X want D64E", got)
	}
	tag := []byte("\x30\x00\x31\x54\xF4\xE4\xE4\xCE\x0A\x6A\x14\x00\x00\x00\x69\x90")
	if !Whole(tag) {
		t.Error("a captured tag is refused")
	}
	for i := range tag {
		tag[i] ^= 0x10
		if Whole(tag) {
			t.Errorf("a bit wrong in byte %d is not seen", i)
		}
		tag[i] ^= 0x10
	}
	if Whole(nil) || Whole(tag[:1]) {
		t.Error("nothing is taken for whole")
	}
}

// A control word that tells another length than the EPC has is noted.
func TestNote(t *testing.T) {
	for _, c := range []struct {
		name           string
		pc             uint16
		epc, extension int
		want           string
	}{
		{"96 bits", 0x3000, 12, 0, ""},
		{"96 bits and user memory", 0x3400, 12, 0, ""},
		{"one word", 0x0800, 2, 0, ""},
		{"31 words", 0xF800, 62, 0, ""},
		{"too long", 0x3000, 14, 0, Mismatch},
		{"too short", 0x3000, 10, 0, Mismatch},
		{"extension counted", 0x3A00, 12, 2, ""},
		{"extension not counted", 0x3200, 12, 2, ""},
	} {
		if got := Note(c.pc, c.epc, c.extension); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	if Extended(0x3000) || !Extended(0x3200) {
		t.Error("extension")
	}
}
