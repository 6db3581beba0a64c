package epc

import (
	"testing"
)

// A key costs one allocation, which is the key; looked up and not kept, none.
func TestAllocations(t *testing.T) {
	var buf [192]byte
	for _, v := range append(vectors, vector{id: "raw", hex: "E2806890000000500E88C6A4"}, vector{id: "long raw", hex: "FF" + hexOf(60)}) {
		epc := unhex(t, v.hex)
		if n := testing.AllocsPerRun(100, func() { Key(epc, 0, Prefixes{"4012345"}) }); n > 1 {
			t.Errorf("%s: Key allocates %v times", v.id, n)
		}
		if n := testing.AllocsPerRun(100, func() { AppendKey(buf[:0], epc, 0, nil) }); n > 0 {
			t.Errorf("%s: AppendKey allocates %v times", v.id, n)
		}
	}
}

func hexOf(n int) (s string) {
	for range n {
		s += "A5"
	}
	return s
}

func BenchmarkKey(b *testing.B) {
	for _, c := range [][2]string{
		{"sscc-96", "3154F4E4E4CE0A6A14000000"}, {"sgtin-96", "3074257BF7194E4000001A85"},
		{"sscc+", "F92340123453111111115000"}, {"sgtin-198", "3666C4409047E159B2C2BF100000000000000000000000000000"},
		{"cpi-96", "3C76451FD400C0E680003039"}, {"raw", "E2806890000000500E88C6A4"},
	} {
		epc := unhex(b, c[1])
		b.Run(c[0], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if key, _ := Key(epc, 0x3000, nil); key == "" {
					b.Fatal(key)
				}
			}
		})
	}
	b.Run("sscc-96, not kept", func(b *testing.B) {
		var buf [192]byte
		epc := unhex(b, "3154F4E4E4CE0A6A14000000")
		b.ReportAllocs()
		for b.Loop() {
			AppendKey(buf[:0], epc, 0x3000, nil)
		}
	})
}

func BenchmarkCRC(b *testing.B) {
	epc := unhex(b, "3154F4E4E4CE0A6A14000000")
	for b.Loop() {
		if Damaged(0x3000, epc, 0x6990) {
			b.Fatal("damaged")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	epc := unhex(b, "3154F4E4E4CE0A6A14000000")
	b.ReportAllocs()
	for b.Loop() {
		Decode(epc, 0x3000, nil)
	}
}
