package sheet_test

import (
	"errors"
	"fmt"
	"strings"
)

// readQR reads the modules of a QR code of versions 1 to 3 and level M, in
// which all codewords are one block: what a card needs. It mends nothing: a
// drawing has no dirt on it, so every codeword has to fit.
func readQR(rows [][]bool) (string, error) {
	n := len(rows)
	blocks := map[int]int{21: 16, 25: 28, 29: 44} // codewords of data, by size
	data := blocks[n]
	if data == 0 || len(rows[0]) != n {
		return "", fmt.Errorf("%d modules is not a size that is read here", n)
	}
	format := 0
	for _, at := range [][2]int{{8, 0}, {8, 1}, {8, 2}, {8, 3}, {8, 4}, {8, 5}, {8, 7}, {8, 8}, {7, 8}, {5, 8}, {4, 8}, {3, 8}, {2, 8}, {1, 8}, {0, 8}} {
		format = format<<1 | bit(rows[at[0]][at[1]])
	}
	format ^= 0x5412
	if format>>13 != 0 {
		return "", errors.New("the level is not M")
	}
	words := codewords(rows, masks[format>>10&7])
	if !fits(words) {
		return "", errors.New("the codewords do not fit together")
	}
	return qrText(words[:data])
}

var masks = []func(y, x int) bool{
	func(y, x int) bool { return (y+x)%2 == 0 },
	func(y, x int) bool { return y%2 == 0 },
	func(y, x int) bool { return x%3 == 0 },
	func(y, x int) bool { return (y+x)%3 == 0 },
	func(y, x int) bool { return (y/2+x/3)%2 == 0 },
	func(y, x int) bool { return y*x%2+y*x%3 == 0 },
	func(y, x int) bool { return (y*x%2+y*x%3)%2 == 0 },
	func(y, x int) bool { return ((y+x)%2+y*x%3)%2 == 0 },
}

// codewords walks up and down pairs of columns, from the right, around
// everything by which a code is found.
func codewords(rows [][]bool, mask func(y, x int) bool) (words []int) {
	n := len(rows)
	fixed := func(y, x int) bool {
		mark := n > 21 && y >= n-9 && y <= n-5 && x >= n-9 && x <= n-5
		return y == 6 || x == 6 || y < 9 && (x < 9 || x >= n-8) || y >= n-8 && x < 9 || mark
	}
	word, bits, up := 0, 0, true
	for right := n - 1; right > 0; right -= 2 {
		if right == 6 {
			right--
		}
		for i := range n {
			y := i
			if up {
				y = n - 1 - i
			}
			for _, x := range []int{right, right - 1} {
				if fixed(y, x) {
					continue
				}
				word, bits = word<<1|bit(rows[y][x] != mask(y, x)), bits+1
				if bits == 8 {
					words, word, bits = append(words, word), 0, 0
				}
			}
		}
		up = !up
	}
	return words
}

// fits computes the syndromes of the block, over the field of 256 with 0x11D.
func fits(words []int) bool {
	check := map[int]int{26: 10, 44: 16, 70: 26}[len(words)]
	root := 1
	for range check {
		sum := 0
		for _, w := range words {
			sum = times(sum, root) ^ w
		}
		if sum != 0 {
			return false
		}
		root = times(root, 2)
	}
	return check > 0
}

func times(a, b int) (product int) {
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			product ^= a
		}
		if a <<= 1; a > 255 {
			a ^= 0x11D
		}
	}
	return product
}

// qrText reads one segment in the alphanumeric mode, which is all that a card
// has: anything else makes a larger code.
func qrText(words []int) (string, error) {
	at := 0
	take := func(n int) (v int) {
		for range n {
			v = v<<1 | words[at/8]>>(7-at%8)&1
			at++
		}
		return v
	}
	if mode := take(4); mode != 2 {
		return "", fmt.Errorf("mode %d is not alphanumeric", mode)
	}
	const symbols = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	var text strings.Builder
	left := take(9)
	for ; left > 1; left -= 2 {
		v := take(11)
		if v >= len(symbols)*len(symbols) {
			return "", fmt.Errorf("a pair of %d", v)
		}
		text.WriteByte(symbols[v/len(symbols)])
		text.WriteByte(symbols[v%len(symbols)])
	}
	if left == 1 {
		text.WriteByte(symbols[take(6)%len(symbols)])
	}
	return text.String(), nil
}

func bit(black bool) int {
	if black {
		return 1
	}
	return 0
}
