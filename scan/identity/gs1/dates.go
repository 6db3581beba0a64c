package gs1

import "fmt"

// checkDate0 checks YYMMDD, where day 00 stands for the last of the month.
func checkDate0(part string) (code, message string) {
	if !IsDate(prefix(part), prefix(part[2:]), prefix(part[4:])) {
		return BadDate, fmt.Sprintf("%s is no date: expected year, month, day, two digits each", part)
	}
	return "", ""
}

func checkDate(part string) (code, message string) {
	if part[4:] == "00" {
		return BadDate, fmt.Sprintf("%s is no date: the day is 00", part)
	}
	return checkDate0(part)
}

// checkDate8 checks YYYYMMDD.
func checkDate8(part string) (code, message string) {
	year, month, day := number(part[:4]), prefix(part[4:]), prefix(part[6:])
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return BadDate, fmt.Sprintf("%s is no date: expected year (four digits), month, day", part)
	}
	return "", ""
}

// checkClock checks HHMM.
func checkClock(part string) (code, message string) {
	if part[:2] > "23" || part[2:] > "59" {
		return BadTime, fmt.Sprintf("%s is no time of day: expected 0000 to 2359", part)
	}
	return "", ""
}

// noTime is what the General Specifications have carriers write where a
// delivery has a date and no time. GS1's engine does not know it; a parcel is
// not turned away for it, and [Suspect] tells of it.
const noTime = "9999"

func checkClockOrNone(part string) (code, message string) {
	if part == noTime {
		return "", ""
	}
	return checkClock(part)
}

// IsDate reports whether there is such a day. The year has two digits; day 0
// stands for the last of the month. Of the years that two digits can mean
// until 2049, those divisible by four are leap years, so the date of today is
// not needed.
func IsDate(year, month, day int) bool {
	return year >= 0 && year <= 99 && month >= 1 && month <= 12 && day >= 0 && day <= daysIn(2000+year, month)
}

// daysIn says how many days a month has.
func daysIn(year, month int) int {
	days := [...]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return days[month]
}

// Century gives the year that two digits mean in a year: the one that is at
// most 49 years back and 50 ahead (GS1 General Specifications, 7.12).
func Century(year, now int) int {
	switch full := now - now%100 + year; {
	case year-now%100 >= 51:
		return full - 100
	case year-now%100 <= -50:
		return full + 100
	default:
		return full
	}
}
