package ident

// ValidMchid says whether s can be a merchant number: 8 to 10 digits.
func ValidMchid(s string) bool { return within(s, 8, 10, digit) }

// ValidAppid says whether s can be an application id: "wx" and 16 lower-case
// hexadecimal digits.
func ValidAppid(s string) bool {
	return len(s) == 18 && s[:2] == "wx" && within(s[2:], 16, 16, digit|hexLetter)
}

// ValidOpenid says whether s can be an openid: 28 characters of 0-9 A-Z a-z _ -
// that begin with "o".
func ValidOpenid(s string) bool {
	return within(s, 28, 28, digit|lower|upper|dash) && s[0] == 'o'
}

// ValidOutTradeNo says whether s can be a merchant's order number: 6 to 32
// characters of 0-9 A-Z a-z _ - | *.
func ValidOutTradeNo(s string) bool {
	return within(s, 6, 32, digit|lower|upper|dash|barStar)
}

// ValidOutRefundNo says whether s can be a merchant's refund number: 1 to 64
// characters of 0-9 A-Z a-z _ - | * @.
func ValidOutRefundNo(s string) bool {
	return within(s, 1, 64, digit|lower|upper|dash|barStar|at)
}

// ValidClientID says whether s can be a person's own name for what they ask for: 1
// to 64 characters of 0-9 A-Z a-z _ -.
func ValidClientID(s string) bool { return within(s, 1, 64, digit|lower|upper|dash) }

// ValidAPIv3Key says whether s can be a merchant's APIv3 key: exactly 32 digits
// and letters.
func ValidAPIv3Key(s string) bool { return within(s, 32, 32, digit|lower|upper) }

// ValidKeyName says whether s can name a key of the keystore or the keyring: 32
// hex digits, lower case.
func ValidKeyName(s string) bool { return within(s, 32, 32, digit|hexLetter) }

// class is a set of characters; classes are combined with |.
type class uint8

const (
	digit     class = 1 << iota // 0-9
	hexLetter                   // a-f
	lower                       // a-z
	upper                       // A-Z
	dash                        // _ -
	barStar                     // | *
	at                          // @
)

// classes gives the classes of each byte; bytes from 0x80 up are in none.
var classes = func() (t [256]class) {
	mark := func(from, to byte, c class) {
		for b := int(from); b <= int(to); b++ {
			t[b] |= c
		}
	}
	mark('0', '9', digit)
	mark('a', 'f', hexLetter)
	mark('a', 'z', lower)
	mark('A', 'Z', upper)
	mark('_', '_', dash)
	mark('-', '-', dash)
	mark('|', '|', barStar)
	mark('*', '*', barStar)
	mark('@', '@', at)
	return t
}()

// within says whether s has shortest to longest bytes, all of them in allowed.
func within(s string, shortest, longest int, allowed class) bool {
	if len(s) < shortest || len(s) > longest {
		return false
	}
	for i := range len(s) {
		if classes[s[i]]&allowed == 0 {
			return false
		}
	}
	return true
}
