package sheet_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// symbols are the widths of bar, space, bar, space, bar, space of each Code 128
// character, by its value, as the standard's table gives them. The stop has a
// bar more.
var symbols = strings.Fields(`
212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122 123221
223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123 131321
112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131
311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114
122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141
214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112`)

const (
	setC, setB, setA       = 99, 100, 101
	startA, startB, startC = 103, 104, 105
	stop                   = 106
)

// readCode128 reads a row of modules, black first, as a scanner does: widths,
// characters, the sum, and then what they mean.
func readCode128(row []bool) (string, error) {
	values, err := characters(widths(row))
	if err != nil {
		return "", err
	}
	sum, end := values[0], len(values)-2
	for i, v := range values[1:end] {
		sum += (i + 1) * v
	}
	if values[end] != sum%103 {
		return "", fmt.Errorf("the sum is %d and not %d", values[end], sum%103)
	}
	var text strings.Builder
	set := values[0]
	for _, v := range values[1:end] {
		switch {
		case set == startC && v <= 99:
			fmt.Fprintf(&text, "%02d", v)
		case v == setC:
			set = startC
		case v == setB && set != startB:
			set = startB
		case v == setA && set != startA:
			set = startA
		case v == 96 && set != startC:
			text.WriteString("{FNC3}")
		case v < 64:
			text.WriteByte(byte(v) + ' ')
		case v < 96 && set == startA:
			text.WriteByte(byte(v) - 64)
		case v < 96 && set == startB:
			text.WriteByte(byte(v) + ' ')
		default:
			return "", fmt.Errorf("character %d in set %d is not one that we draw", v, set)
		}
	}
	return text.String(), nil
}

func widths(row []bool) string {
	var b strings.Builder
	for i := 0; i < len(row); {
		from := i
		for i < len(row) && row[i] == row[from] {
			i++
		}
		b.WriteByte('0' + byte(min(i-from, 9)))
	}
	return b.String()
}

func characters(widths string) ([]int, error) {
	var values []int
	for len(widths) > 0 {
		n := 6
		if len(widths) == 7 {
			n = 7
		}
		v := slices.Index(symbols, widths[:min(n, len(widths))])
		if v < 0 {
			return nil, fmt.Errorf("no character is %.7s wide", widths)
		}
		values, widths = append(values, v), widths[n:]
	}
	if len(values) < 4 || values[0] < startA || values[len(values)-1] != stop {
		return nil, errors.New("no start or no stop")
	}
	return values, nil
}
