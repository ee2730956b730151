package ident

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/must"
)

const (
	prepayPrefix = "wx"
	secondDigits = 14
	hexDigits    = 20 // 80 bits: 50 of order id, 30 of salt
	idBits       = 50
	saltBits     = 30
	halfBits     = (idBits + saltBits) / 2
	halfMask     = 1<<halfBits - 1
)

// PrepayID mints the handle of a payable order: "wx", the business second of at
// (Unix milliseconds, at offset seconds from UTC), and 20 hexadecimal digits
// that hold the order's id and 30 bits of seed, scrambled together under the
// second. Two ids of one order share nothing that can be seen, and neither tells
// how many orders there are at a glance.
//
// The scrambling is no encryption: who reads this file can build the prepay_id
// of any order. So a prepay_id proves nothing; the order remembers its newest.
//
// orderID lies between 1 and MaxCounter; seed has at least 4 bytes, other ones
// for each call.
func PrepayID(orderID uint64, at int64, offset int32, seed []byte) string {
	return string(AppendPrepayID(make([]byte, 0, 40), orderID, at, offset, seed))
}

// AppendPrepayID appends what PrepayID returns.
func AppendPrepayID(buf []byte, orderID uint64, at int64, offset int32, seed []byte) []byte {
	checkCounter(orderID)
	must.That(len(seed) >= 4, "a prepay_id's seed has at least 4 bytes")
	buf = append(buf, prepayPrefix...)
	start := len(buf)
	buf = local(at, offset).AppendFormat(buf, secondLayout)
	salt := binary.BigEndian.Uint32(seed) >> (32 - saltBits)
	left, right := scramble(tweak(string(buf[start:])), orderID>>(idBits-halfBits),
		(orderID<<saltBits|uint64(salt))&halfMask)
	return appendHalves(buf, left, right)
}

// ParsePrepayID returns the order id inside a prepay_id. It returns false for
// another length, prefix or alphabet (hexadecimal digits are lower-case), for a
// second the calendar doesn't have, and where the order id falls outside 1 to
// MaxCounter.
func ParsePrepayID(s string) (orderID uint64, ok bool) {
	if len(s) != len(prepayPrefix)+secondDigits+hexDigits || s[:len(prepayPrefix)] != prepayPrefix {
		return 0, false
	}
	second, digits := s[len(prepayPrefix):len(prepayPrefix)+secondDigits], s[len(prepayPrefix)+secondDigits:]
	if !within(second, secondDigits, secondDigits, digit) || !calendarHas(secondLayout, second) ||
		!within(digits, hexDigits, hexDigits, digit|hexLetter) {
		return 0, false
	}
	left, errLeft := strconv.ParseUint(digits[:hexDigits/2], 16, 64)
	right, errRight := strconv.ParseUint(digits[hexDigits/2:], 16, 64)
	if errLeft != nil || errRight != nil {
		return 0, false
	}
	left, right = unscramble(tweak(second), left, right)
	orderID = left<<(idBits-halfBits) | right>>saltBits
	return orderID, orderID >= 1 && orderID <= MaxCounter
}

// rounds is even, so that each half is mixed as often as the other. Fewer than
// four leave patterns one can see.
const rounds = 6

// scramble is a balanced Feistel network on two halves of 40 bits: whatever the
// round function, running it backwards undoes it.
func scramble(key, left, right uint64) (uint64, uint64) {
	for round := range uint64(rounds) {
		left, right = right, left^mix(key, round, right)
	}
	return left, right
}

func unscramble(key, left, right uint64) (uint64, uint64) {
	for round := uint64(rounds); round > 0; round-- {
		left, right = right^mix(key, round-1, left), left
	}
	return left, right
}

// mix is SplitMix64's finalizer over half, round and key, cut to 40 bits.
func mix(key, round, half uint64) uint64 {
	z := (half ^ key) + (round+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return (z ^ z>>31) & halfMask
}

// tweak turns the second's 14 digits into the network's key: an id whose second
// was changed by hand reads as another order, almost surely none.
func tweak(second string) uint64 {
	n, err := strconv.ParseUint(second, 10, 64)
	must.NoError(err, "read 14 digits")
	return n * 0xd1342543de82ef95
}

func appendHalves(buf []byte, left, right uint64) []byte {
	var raw [10]byte
	binary.BigEndian.PutUint16(raw[8:], uint16(right))
	binary.BigEndian.PutUint64(raw[:8], left<<24|right>>16)
	return hex.AppendEncode(buf, raw[:])
}

// PrepayTime returns when a well-formed prepay_id was minted, to the second, in
// Unix milliseconds; offset is the one it was minted with.
func PrepayTime(s string, offset int32) (at int64, ok bool) {
	if _, ok := ParsePrepayID(s); !ok {
		return 0, false
	}
	second := s[len(prepayPrefix) : len(prepayPrefix)+secondDigits]
	t, err := time.Parse(secondLayout, second)
	if err != nil {
		return 0, false
	}
	return t.UnixMilli() - int64(offset)*1000, true
}
