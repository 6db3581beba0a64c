package ledger

import (
	"slices"
	"sort"
)

// ranges is a set of numbers: closed ranges, ascending, never touching.
type ranges [][2]uint64

// at is the index of the first range that ends at n or above.
func (r ranges) at(n uint64) int {
	if k := len(r); k > 0 && r[k-1][0] <= n { // in order, all happens at the end
		if r[k-1][1] >= n {
			return k - 1
		}
		return k
	}
	return sort.Search(len(r), func(i int) bool { return r[i][1] >= n })
}

// end is the last number of the range that holds n; ok is false if none does.
func (r ranges) end(n uint64) (end uint64, ok bool) {
	i := r.at(n)
	if i < len(r) && r[i][0] <= n {
		return r[i][1], true
	}
	return 0, false
}

func (r ranges) has(n uint64) bool { _, ok := r.end(n); return ok }

// next is the smallest number of the set that is n or above, or most.
func (r ranges) next(n, most uint64) uint64 {
	if i := r.at(n); i < len(r) {
		return min(max(r[i][0], n), most)
	}
	return most
}

// add puts [from, to] in.
func (r ranges) add(from, to uint64) ranges {
	i := r.at(from - 1) // one that ends right before joins too
	j := i
	for j < len(r) && r[j][0] <= to+1 {
		from, to = min(from, r[j][0]), max(to, r[j][1])
		j++
	}
	if j == i+1 { // grows in place, the common case
		r[i] = [2]uint64{from, to}
		return r
	}
	return slices.Replace(r, i, j, [2]uint64{from, to})
}

// remove takes [from, to] out.
func (r ranges) remove(from, to uint64) ranges {
	i := r.at(from)
	j := i
	var rest [][2]uint64
	for ; j < len(r) && r[j][0] <= to; j++ {
		if r[j][0] < from {
			rest = append(rest, [2]uint64{r[j][0], from - 1})
		}
		if r[j][1] > to {
			rest = append(rest, [2]uint64{to + 1, r[j][1]})
		}
	}
	if i == j {
		return r
	}
	return slices.Replace(r, i, j, rest...)
}
