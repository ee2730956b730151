package money

import (
	"fmt"
	"strconv"
	"strings"
)

// Format writes an amount of fen in yuan with two decimals: 1234 is "12.34",
// -5 is "-0.05".
func Format(fen int64) string {
	m := magnitude(fen)
	buf := make([]byte, 0, 24)
	if fen < 0 {
		buf = append(buf, '-')
	}
	buf = strconv.AppendUint(buf, m/100, 10)
	buf = append(buf, '.', byte('0'+m%100/10), byte('0'+m%10))
	return string(buf)
}

// Parse reads yuan as Format writes them, and also without or with one
// decimal: "12.34", "12.3" and "12" are 1234, 1230 and 1200 fen. Signs other
// than a leading '-', leading zeros, spaces, thousands separators and exponents
// are refused, because a person who writes them may mean another amount than we
// would read.
func Parse(yuan string) (int64, error) {
	digits, negative := strings.CutPrefix(yuan, "-")
	whole, decimals, point := strings.Cut(digits, ".")
	switch {
	case !isDigits(whole) || len(whole) > 1 && whole[0] == '0':
		return 0, parseError(yuan)
	case point && (!isDigits(decimals) || len(decimals) > 2):
		return 0, parseError(yuan)
	}
	decimals += "00"[len(decimals):]
	m, err := strconv.ParseUint(whole+decimals, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("amount %.40q is too large", yuan)
	}
	fen, ok := signed(m, negative)
	if !ok {
		return 0, fmt.Errorf("amount %.40q is too large", yuan)
	}
	return fen, nil
}

func parseError(yuan string) error {
	return fmt.Errorf("amount %.40q is not in yuan; write it like 12.34", yuan)
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
