package gs1

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Human writes a value as people read it, where that is not the value itself:
// dates with their century, decimals with their point and unit, temperatures,
// places, money, countries, and text without its percent escapes. The year is
// the one of the scan; it decides on the century. The element is one of [Parse].
//
//	(17)280200  2028-02-29      (3302)001875       18.75 kg     (4331)000550-  -5.50 °C
//	(8008)280229141530          2028-02-29 14:15:30             (3912)97801995 EUR 19.95
//	(4309)14212345670013405000  52.1234567, 1.3405              (4302)Am%20Tor Am Tor
//
// The text is for showing and may hold any character: it is to be escaped like
// every text that came with a scan.
func Human(e Element, year int) (text string, ok bool) {
	a, value := find(e.AI()), e.Value()
	if a == nil || a.check(value) != nil {
		return "", false
	}
	ai := e.AI()
	switch first := a.Parts[0]; {
	case slices.Contains(first.Rules, "percent"):
		text, _ = unescape(value, true)
		return text, text != value
	case slices.Contains(first.Rules, "date0"), slices.Contains(first.Rules, "date"):
		return a.humanTimes(value, year), true
	case slices.Contains(first.Rules, "date8"):
		return value[:4] + "-" + value[4:6] + "-" + value[6:8] + clock(value[8:]), true
	case slices.Contains(first.Rules, "country"), slices.Contains(first.Rules, "country999"):
		return humanCountries(ai, value)
	case slices.Contains(first.Rules, "yesno"):
		return [...]string{"no", "yes"}[value[0]-'0'], true
	}
	switch {
	case ai == "4309":
		return humanPlace(value), true
	case ai >= "4330" && ai <= "4333":
		return humanTemperature(ai, value), true
	case len(ai) == 4 && ai >= "3100" && ai <= "3699":
		return strings.TrimRight(point(value, int(ai[3]-'0'))+" "+a.unit(), " "), true
	case len(ai) == 4 && ai >= "3900" && ai <= "3959":
		return humanMoney(ai, value), true
	}
	return "", false
}

// unit is what stands in brackets in the title of a measure, such as kg.
func (a *AI) unit() string {
	_, rest, _ := strings.Cut(a.Title, "(")
	return strings.TrimSuffix(strings.TrimSuffix(rest, ", log"), ")")
}

// point puts the decimal point into a number. Zeros in front of it that mean
// nothing go; those behind it say how exact it is, and stay.
func point(digits string, decimals int) string {
	if short := decimals + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	cut := len(digits) - decimals
	whole := strings.TrimLeft(digits[:cut-1], "0") + digits[cut-1:cut]
	if decimals == 0 {
		return whole
	}
	return whole + "." + digits[cut:]
}

func humanMoney(ai, value string) string {
	decimals := int(ai[3] - '0')
	switch ai[:3] {
	case "391", "393":
		return currencies[value[:3]] + " " + point(value[3:], decimals)
	case "394":
		return point(value, decimals) + " %"
	}
	return point(value, decimals)
}

func humanTemperature(ai, value string) string {
	sign, unit := "", " °C"
	if strings.HasSuffix(value, "-") {
		sign = "-"
	}
	if ai == "4330" || ai == "4332" {
		unit = " °F"
	}
	return sign + point(value[:6], 2) + unit
}

// humanPlace writes latitude and longitude in degrees, north and east positive.
func humanPlace(value string) string {
	degrees := func(digits string) float64 {
		n, _ := strconv.ParseInt(digits, 10, 64)
		return float64(n) / 1e7
	}
	latitude, longitude := degrees(value[:10])-90, degrees(value[10:])
	if longitude > 180 {
		longitude -= 360
	}
	short := func(f float64) string {
		return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 7, 64), "0"), ".")
	}
	return short(latitude) + ", " + short(longitude)
}

func humanCountries(ai, value string) (string, bool) {
	name := func(number string) string {
		if short, ok := countries[number]; ok {
			return short
		}
		return number
	}
	switch {
	case ai == "421", strings.HasPrefix(ai, "703"):
		return name(value[:3]) + " " + value[3:], true
	case len(value)%3 == 0:
		var all []string
		for ; value != ""; value = value[3:] {
			all = append(all, name(value[:3]))
		}
		return strings.Join(all, ", "), true
	}
	return "", false
}

// humanTimes writes a date, what time of day follows it, or a second date.
func (a *AI) humanTimes(value string, year int) string {
	text := day(value[:6], year)
	switch rest := value[6:]; {
	case rest == "" || rest == noTime:
		return text
	case slices.Contains(a.Parts[1].Rules, "date"):
		return text + " to " + day(rest, year)
	default:
		return text + clock(rest)
	}
}

// day writes YYMMDD with its century; day 00 is the last of the month.
func day(date string, now int) string {
	year, month, d := Century(prefix(date), now), prefix(date[2:]), prefix(date[4:])
	if d == 0 {
		d = daysIn(year, month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, d)
}

// clock writes hours, minutes and seconds, as many as there are.
func clock(digits string) string {
	text := ""
	for ; len(digits) >= 2; digits = digits[2:] {
		text += ":" + digits[:2]
	}
	switch len(text) {
	case 0:
		return ""
	case 3:
		return " " + text[1:] + " h"
	}
	return " " + text[1:]
}
