package gs1

import (
	"fmt"
	"strings"
)

// coupon reads the digits of a North American coupon, field by field. The
// first field that is wrong is kept, and everything after it is ignored.
type coupon struct{ rest, wrong string }

// take reads a field of so many digits.
func (c *coupon) take(n int, name string) string {
	if c.wrong != "" || n > len(c.rest) {
		c.fail(name)
		return ""
	}
	field := c.rest[:n]
	c.rest = c.rest[n:]
	return field
}

func (c *coupon) fail(name string) {
	if c.wrong == "" {
		c.wrong = name
	}
}

// one reads a digit that must be one of some.
func (c *coupon) one(allowed, name string) byte {
	if digit := c.take(1, name); digit != "" && strings.Contains(allowed, digit) {
		return digit[0]
	}
	c.fail(name)
	return '0'
}

// sized reads a field behind the digit that says how long it is, beyond a
// least length.
func (c *coupon) sized(allowed string, least int, name string) {
	n := int(c.one(allowed, name)-'0') + least
	c.take(n, name)
}

// option reports whether the optional field with a number comes next.
func (c *coupon) option(number byte) bool {
	if c.wrong == "" && c.rest != "" && c.rest[0] == number {
		c.rest = c.rest[1:]
		return true
	}
	return false
}

func (c *coupon) date(name string) string {
	date := c.take(6, name)
	if date == "" {
		return ""
	}
	if code, _ := checkDate(date); code != "" {
		c.fail(name)
	}
	return date
}

// purchase reads what has to be bought: how much, of what unit, of which family.
func (c *coupon) purchase(which string) {
	c.sized("12345", 0, which+" requirement")
	c.one("012349", which+" requirement code")
	c.take(3, which+" family code")
}

// company reads the company prefix of a further purchase; 9 means that of the first.
func (c *coupon) company(which string) {
	if !c.option('9') {
		c.sized("0123456", 6, which+" company prefix")
	}
}

func (c *coupon) result() (code, message string) {
	switch {
	case c.wrong != "":
		return BadCoupon, "has a coupon whose " + c.wrong + " is missing or wrong"
	case c.rest != "":
		return BadCoupon, fmt.Sprintf("has a coupon that goes on with %s, which is no field of it", c.rest[:1])
	}
	return "", ""
}

// checkCoupon checks the North American coupon code of AI 8110.
func checkCoupon(part string) (code, message string) {
	if !Digits(part) {
		return BadCoupon, "has a coupon that is not digits only"
	}
	c := coupon{rest: part}
	c.sized("0123456", 6, "company prefix")
	c.take(6, "offer code")
	c.sized("12345", 0, "save value")
	c.purchase("first purchase")
	if c.option('1') {
		c.one("0123", "additional purchase rules code")
		c.purchase("second purchase")
		c.company("second purchase")
	}
	if c.option('2') {
		c.purchase("third purchase")
		c.company("third purchase")
	}
	expires := ""
	if c.option('3') {
		expires = c.date("expiration date")
	}
	if c.option('4') {
		if starts := c.date("start date"); expires != "" && expires < starts {
			c.fail("expiration date")
		}
	}
	if c.option('5') {
		c.sized("0123456789", 6, "serial number")
	}
	if c.option('6') {
		c.sized("1234567", 6, "retailer")
	}
	if c.option('9') {
		c.one("01256", "save value code")
		c.one("012", "item that the save value applies to")
		c.take(1, "store coupon flag")
		c.one("01", "flag against multiplying")
	}
	return c.result()
}

// checkOffer checks the coupon of AI 8112, whose rules are in a file of offers.
func checkOffer(part string) (code, message string) {
	if !Digits(part) {
		return BadCoupon, "has a coupon that is not digits only"
	}
	c := coupon{rest: part}
	c.one("01", "format")
	c.sized("0123456", 6, "funder")
	c.take(6, "offer code")
	c.sized("0123456789", 6, "serial number")
	return c.result()
}
