package paycode

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A payer's code is 18 digits, as scanners at tills know them: a prefix from 10 to
// 15, nine digits of the device's alias, and seven that a secret makes of the time
// and of how often the person tapped. There is no check digit.
const (
	// StepMs is how long one step lasts, in wall-clock milliseconds.
	StepMs = 30_000
	// Taps is how many codes one step has.
	Taps = 16
	// MaxAlias is above the highest alias.
	MaxAlias = 1_000_000_000
	// maxDigits is above the highest last seven digits.
	maxDigits = 10_000_000
	// Length is how many digits a code has.
	Length       = 18
	prefixLength = 2
	aliasLength  = 9
	firstPrefix  = 10
	prefixes     = 6
	maxSeparated = 32
)

// StepAt is the step at a wall-clock time, Unix milliseconds.
func StepAt(ms int64) uint64 { return uint64(max(ms, 0)) / StepMs }

// Make is the code that a device shows at a step after so many taps, 0 to 15. The
// secret is given to the device with its alias.
func Make(secret []byte, alias uint32, step uint64, tap uint32) string {
	prefix, digits := made(secret, step, tap)
	return pad(prefix, prefixLength) + pad(alias, aliasLength) + pad(digits, Length-prefixLength-aliasLength)
}

func made(secret []byte, step uint64, tap uint32) (prefix, digits uint32) {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("holdfast pay code 1\n"))
	mac.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, step), tap))
	sum := mac.Sum(nil)
	return firstPrefix + uint32(sum[8])%prefixes, uint32(binary.BigEndian.Uint64(sum) % maxDigits)
}

func pad(n uint32, width int) string {
	s := strconv.FormatUint(uint64(n), 10)
	return strings.Repeat("0", width-len(s)) + s
}

// Read is what a shown code says.
type Read struct {
	prefix, Alias, Digits uint32
}

// Parse reads a code as a scanner gives it, or as somebody types it, with spaces.
func Parse(shown string) (r Read, ok bool) {
	if len(shown) > maxSeparated {
		return Read{}, false
	}
	shown = strings.ReplaceAll(shown, " ", "")
	if len(shown) != Length || strings.Trim(shown, "0123456789") != "" {
		return Read{}, false
	}
	part := func(from, to int) uint32 {
		n, _ := strconv.ParseUint(shown[from:to], 10, 32) // at most nine digits
		return uint32(n)
	}
	r = Read{part(0, prefixLength), part(prefixLength, prefixLength+aliasLength), part(prefixLength+aliasLength, Length)}
	return r, r.prefix >= firstPrefix && r.prefix < firstPrefix+prefixes
}

// Find says at which step, from one to another, and after how many taps a secret makes
// the code. The steps nearest to the last come first.
func (r Read) Find(secret []byte, from, to uint64) (step uint64, tap uint32, ok bool) {
	for step := to; step >= from && step > 0; step-- {
		for tap := range uint32(Taps) {
			if prefix, digits := made(secret, step, tap); prefix == r.prefix && digits == r.Digits {
				return step, tap, true
			}
		}
	}
	return 0, 0, false
}

// attemptSize is alias, step, tap and digits.
const attemptSize = 4 + 8 + 1 + 4

// Attempt is the identity of the payment by a code: what an order keeps of it.
func Attempt(c *pb.ShownCode) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, attemptSize), c.Alias)
	b = append(binary.BigEndian.AppendUint64(b, c.Step), byte(c.Tap))
	return binary.BigEndian.AppendUint32(b, c.Digits)
}

// Shown is the code that an order was placed with, nil when it was with none. Which
// device it was, and who judged it, the journal has.
func Shown(o *pb.Order) *pb.ShownCode {
	if o.Product != pb.Product_PRODUCT_MICROPAY || len(o.Attempt) != attemptSize {
		return nil
	}
	return shownIn(o.Attempt)
}

func shownIn(a []byte) *pb.ShownCode {
	return &pb.ShownCode{Alias: binary.BigEndian.Uint32(a), Step: binary.BigEndian.Uint64(a[4:]), Tap: uint32(a[12]), Digits: binary.BigEndian.Uint32(a[13:])}
}

// Placed says whether an order was placed with the code.
func (r Read) Placed(o *pb.Order) bool { return r.of(Shown(o)) }

func (r Read) of(c *pb.ShownCode) bool {
	return c != nil && c.Alias == r.Alias && c.Digits == r.Digits
}
