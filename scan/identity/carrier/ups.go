package carrier

// A UPS number: 1Z, six characters of the shipper, two of the service, seven of
// the package, a check digit. (UPS's public sample 1Z999AA10123456784 and the
// numbers of tracking_number_data agree with the sum below.)

func isUPS(number string) bool {
	if number[:2] != "1Z" || !isDigit(number[17]) {
		return false
	}
	for i := 2; i < 17; i++ {
		if !isDigit(number[i]) && !isLetter(number[i]) {
			return false
		}
	}
	return true
}

// checkUPS adds up the fifteen characters after 1Z with the weights 1, 2 in
// turn. Letters count as (ASCII - 3) mod 10, so A is 2 and I is 0.
func checkUPS(number string) (want, got byte) {
	sum := 0
	for i, c := range []byte(number[2:17]) {
		value := int(c - '0')
		if isLetter(c) {
			value = int(c-3) % 10
		}
		sum += value * (1 + i%2)
	}
	return '0' + byte((10-sum%10)%10), number[17]
}

// serviceUPS names the one service that matters here: a SurePost parcel carries
// a USPS number as well, so a second number on it is no second parcel.
func serviceUPS(number string) string {
	if number[8:10] == "YW" {
		return "SurePost"
	}
	return ""
}
