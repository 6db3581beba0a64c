package carrier

import "scanpost/scan/identity/gs1"

// The check digits of the carriers. Each function is given a number of the
// right form, whose last character is the one to check.

func mod10(digits string) byte { return gs1.CheckDigit(digits) }

func checkMod10(n string) bool { return n[len(n)-1] == mod10(n[:len(n)-1]) }

// after checks what stands behind some characters that are not summed up.
func after(from int, check func(string) bool) func(string) bool {
	return func(n string) bool { return check(n[from:]) }
}

func between(from, to int, check func(string) bool) func(string) bool {
	return func(n string) bool { return check(n[from:to]) }
}

// sumUPS adds up with the weights 1, 2 in turn from the left, without adding up
// the digits of a product. Letters count as (ASCII - 3) mod 10, so A is 2 and I
// is 0.
func sumUPS(n string) byte {
	sum := 0
	for i := range len(n) {
		value := int(n[i] - '0')
		if isLetter(n[i]) {
			value = int(n[i]-3) % 10
		}
		sum += value * (1 + i%2)
	}
	return '0' + byte((10-sum%10)%10)
}

func checkUPS(n string) bool      { return n[17] == sumUPS(n[2:17]) }
func checkWaybill(n string) bool  { return n[10] == sumUPS(n[1:10]) }
func checkLettered(n string) bool { return n[len(n)-1] == sumUPS(n[:len(n)-1]) }

// checkFedEx: weights 1, 3, 7 in turn from the right, modulo 11, where 10
// counts as 0. It takes numbers of any length: in front of the twelve digits of
// a tracking number some bar codes have two more that are summed up.
func checkFedEx(n string) bool {
	sum, last := 0, len(n)-1
	for i, w := last-1, 0; i >= 0; i, w = i-1, (w+1)%3 {
		sum += int(n[i]-'0') * [...]int{1, 3, 7}[w]
	}
	return int(n[last]-'0') == sum%11%10
}

// checkMod7: the number before the last digit, modulo 7.
func checkMod7(n string) bool {
	rest, last := 0, len(n)-1
	for i := range last {
		rest = (rest*10 + int(n[i]-'0')) % 7
	}
	return int(n[last]-'0') == rest
}

// checkLuhn doubles every other digit from the right and adds up the digits of
// the products.
func checkLuhn(n string) bool {
	sum := 0
	for i := range len(n) {
		d := int(n[len(n)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// checkPost is that of Deutsche Post: weights 4, 9 in turn from the left.
func checkPost(n string) bool {
	sum, last := 0, len(n)-1
	for i := range last {
		sum += int(n[i]-'0') * (4 + i%2*5)
	}
	return int(n[last]-'0') == (10-sum%10)%10
}

// checkGLS: weights 3, 1 in turn from the left, and one more.
func checkGLS(n string) bool {
	sum, last := 1, len(n)-1
	for i := range last {
		sum += int(n[i]-'0') * (3 - i%2*2)
	}
	return int(n[last]-'0') == (10-sum%10)%10
}

// check3736 is ISO 7064 MOD 37,36 over digits and letters.
func check3736(n string) bool {
	value := func(c byte) int {
		if isDigit(c) {
			return int(c - '0')
		}
		return int(c-'A') + 10
	}
	p, last := 36, len(n)-1
	for i := range last {
		s := (p + value(n[i])) % 36
		if s == 0 {
			s = 36
		}
		p = s * 2 % 37
	}
	return value(n[last]) == (37-p)%36
}

// checkAusPost is mod 10, where a letter counts as the last digit of its ASCII code.
func checkAusPost(n string) bool {
	sum, last := 0, len(n)-1
	for i := range last {
		value := int(n[i] - '0')
		if isLetter(n[i]) {
			value = int(n[i]) % 10
		}
		sum += value * (1 + (last-i)%2*2)
	}
	return int(n[last]-'0') == (10-sum%10)%10
}

// checkWith checks a USPS number that is printed without the two digits in
// front: they count all the same. Odd numbers of digits are in between.
func checkWith(front string) func(string) bool {
	start := int(front[0]-'0')*3 + int(front[1]-'0')
	return func(n string) bool {
		sum, last := start, len(n)-1
		for i := range last {
			sum += int(n[i]-'0') * (1 + (last-i)%2*2)
		}
		return int(n[last]-'0') == (10-sum%10)%10
	}
}
