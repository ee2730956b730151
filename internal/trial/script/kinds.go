package script

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// kind is what an argument may look like.
type kind struct {
	example string
	ok      func(word string) bool
}

func matches(pattern string) func(string) bool {
	re := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return re.MatchString
}

var kinds = map[string]kind{
	"NODE":     {"n1", matches(`n[1-9]`)},
	"ORDER":    {"O1", matches(`O[0-9]{1,6}`)},
	"PAYMENT":  {"P1", matches(`P[0-9]{1,6}`)},
	"REFUND":   {"R1", matches(`R[0-9]{1,6}`)},
	"TOPUP":    {"T1", matches(`T[0-9]{1,6}`)},
	"PERSON":   {"U1", matches(`U[1-3]`)},
	"FRIEND":   {"F1", matches(`F[1-3]`)},
	"TRANSFER": {"X1", matches(`X[0-9]{1,6}`)},
	"PACKET":   {"K1", matches(`K[0-9]{1,6}`)},
	"TILL":     {"D1", matches(`D[0-9]{1,6}`)},
	"CASH":     {"C1", matches(`C[1-8]`)},
	"STAFF":    {"S1", matches(`S[1-3]`)},
	"SHOWN":    {"V1", matches(`V[1-9][0-9]?`)},
	"RECEIVE":  {"Q1", matches(`Q[1-9]`)},
	"ENTRANT":  {"E1", matches(`E[0-9]{1,6}`)},
	"MEMBER":   {"W1", matches(`W[0-9]{1,6}`)},
	"APPEAL":   {"A1", matches(`A[0-9]{1,6}`)},
	"REPORT":   {"Z1", matches(`Z[0-9]{1,6}`)},
	"SHOP":     {"H1", matches(`H[1-4]`)},
	"TAKING":   {"Y1", matches(`Y[1-4]`)},
	"COURIER":  {"c1", matches(`c[1-3]`)},
	"AMOUNT":   {"10", matches(`[1-9][0-9]{0,8}`)},
	"NUMBER":   {"3", matches(`[0-9]{1,19}`)},
	"TIME":     {"500ms", isTime},
	"OFFSET":   {"-1500ms", func(w string) bool { return isTime(strings.TrimPrefix(w, "-")) }},
	"STATE":    {"SUCCESS", matches(`NOTPAY|SUCCESS|CLOSED|REFUND|none`)},
	"ROLE":     {"voter", matches(`learner|voter|removed`)},
	"REASON":   {"removed", matches(`[a-z-]+`)},
	"VARIANT":  {"ack-before-fsync", matches(`[a-z-]+`)},
}

func isTime(word string) bool {
	d, err := time.ParseDuration(word)
	return err == nil && d >= 0 && d%time.Millisecond == 0 && d <= 24*time.Hour
}

// Millis reads a TIME or OFFSET argument as milliseconds.
func Millis(word string) int64 {
	d, err := time.ParseDuration(word)
	if err != nil {
		return 0
	}
	return d.Milliseconds()
}

// Number reads a NUMBER or AMOUNT argument.
func Number(word string) uint64 {
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
