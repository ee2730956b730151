// Package ident builds, reads and checks the identifiers that people and
// merchants see. Inside, orders, refunds, notices and people are counters; what
// is shown carries the counter, so no index is needed to find the record again:
//
//	transaction_id  42000 yyyyMMdd ooooooooooooooo        28 digits, o: order id
//	refund_id       503000 yyyyMMdd rrrrrrrrrrrrrrr       29 digits, r: refund id
//	prepay_id       wx yyyyMMddHHmmss hhhhhhhhhhhhhhhhhhhh 36 characters, h: order
//	                                                      id and salt, scrambled
//
// Reading an identifier says which record it may name, not that it is the
// record's: compare it with the one the record would be given.
//
// Lengths and alphabets are those of WeChat Pay APIv3.
package ident

import (
	"strconv"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/must"
)

// MaxCounter is the largest order or refund id that fits an identifier: 15
// digits, enough for 80,000 payments a second for 390 years.
const MaxCounter uint64 = 999_999_999_999_999

const (
	transactionPrefix = "42000"
	refundPrefix      = "503000"
	dayDigits         = 8
	counterDigits     = 15
)

// TransactionID names a payment: "42000", the business day of paidAt (Unix
// milliseconds, at offset seconds from UTC), and the order's id in 15 digits.
// orderID lies between 1 and MaxCounter.
func TransactionID(orderID uint64, paidAt int64, offset int32) string {
	return build(transactionPrefix, orderID, paidAt, offset)
}

// ParseTransactionID returns the order id inside a transaction_id. It returns
// false for anything TransactionID cannot have built: another length or prefix,
// a character that is no digit, a day the calendar doesn't have, order 0.
func ParseTransactionID(s string) (orderID uint64, ok bool) {
	return parse(transactionPrefix, s)
}

// RefundID names a refund: "503000", the business day of createdAt (Unix
// milliseconds, at offset seconds from UTC), and the refund's id in 15 digits.
// refundID lies between 1 and MaxCounter.
func RefundID(refundID uint64, createdAt int64, offset int32) string {
	return build(refundPrefix, refundID, createdAt, offset)
}

// ParseRefundID returns the refund id inside a refund_id, as strictly as
// ParseTransactionID.
func ParseRefundID(s string) (refundID uint64, ok bool) {
	return parse(refundPrefix, s)
}

func build(prefix string, counter uint64, at int64, offset int32) string {
	checkCounter(counter)
	buf := make([]byte, 0, 32)
	buf = append(buf, prefix...)
	buf = appendDay(buf, at, offset)
	return string(appendPadded(buf, counter, counterDigits))
}

func parse(prefix, s string) (uint64, bool) {
	length := len(prefix) + dayDigits + counterDigits
	if !within(s, length, length, digit) || s[:len(prefix)] != prefix {
		return 0, false
	}
	day, counter := s[len(prefix):len(prefix)+dayDigits], s[len(prefix)+dayDigits:]
	if !calendarHas(dayLayout, day) {
		return 0, false
	}
	n, err := strconv.ParseUint(counter, 10, 64)
	return n, err == nil && n > 0
}

const (
	dayLayout    = "20060102"
	secondLayout = "20060102150405"
)

// checkCounter asserts without must.That, whose arguments would be allocated for
// each identifier of each payment.
func checkCounter(n uint64) {
	if n < 1 || n > MaxCounter {
		must.Never("an identifier's counter has 1 to 15 digits: %d", n)
	}
}

func appendDay(buf []byte, at int64, offset int32) []byte {
	return local(at, offset).AppendFormat(buf, dayLayout)
}

// local shifts the instant instead of attaching a zone: the digits are the same
// and no zone has to be made.
func local(at int64, offset int32) time.Time {
	t := time.UnixMilli(at + int64(offset)*1000).UTC()
	if t.Year() < 1970 || t.Year() > 9999 {
		must.Never("a business time lies in the years 1970 to 9999: %d ms", at)
	}
	return t
}

func calendarHas(layout, s string) bool {
	t, err := time.Parse(layout, s)
	return err == nil && t.Year() >= 1970
}

// appendPadded appends n with zeros in front, width digits in all.
func appendPadded(buf []byte, n uint64, width int) []byte {
	start := len(buf)
	for range width {
		buf = append(buf, '0')
	}
	for i := start + width - 1; i >= start && n > 0; i-- {
		buf[i] = byte('0' + n%10)
		n /= 10
	}
	return buf
}
