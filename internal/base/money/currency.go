package money

// Currency is an ISO 4217 numeric code, as records carry it.
type Currency = uint32

// CNY is the renminbi yuan, in fen. It is the only currency the merchant API
// knows.
const CNY Currency = 156

// Known says whether amounts in c can be booked.
func Known(c Currency) bool { return c == CNY }

// CurrencyCode returns the three letters of a known currency, "CNY", and ""
// for any other.
func CurrencyCode(c Currency) string {
	if c == CNY {
		return "CNY"
	}
	return ""
}

// ParseCurrency finds a known currency by its three upper-case letters.
func ParseCurrency(letters string) (Currency, bool) {
	if letters == "CNY" {
		return CNY, true
	}
	return 0, false
}
