package wechatv3

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// Authorization is the header of that name, taken apart.
type Authorization struct {
	Mchid string
	// Nonce and Timestamp are signed exactly as they were sent.
	Nonce, Timestamp string
	// At is Timestamp as a number, Unix seconds.
	At int64
	// Serial is the merchant certificate's serial number as sent.
	Serial string
	// Signature is base64.
	Signature string
}

var (
	// ErrForeign: there is no header, or it is of another scheme altogether.
	ErrForeign = errors.New("no " + seal.Scheme + " authorization")
	// ErrScheme: the API's scheme with an algorithm that is not served.
	ErrScheme = errors.New("the scheme must be " + seal.Scheme)
)

// maxAuthorization bounds the header: five values and the longest signature.
const maxAuthorization = 4096

// ParseAuthorization takes an Authorization header apart. The five values may
// come in any order with white space after the commas, because clients differ;
// a value that is missing, repeated or malformed is refused, and a name that is
// not known is passed over. Errors: ErrForeign, ErrScheme, or a sentence on
// what is malformed.
func ParseAuthorization(header string) (Authorization, error) {
	var a Authorization
	if len(header) > maxAuthorization {
		return a, fmt.Errorf("the header has more than %d bytes", maxAuthorization)
	}
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case scheme == seal.Scheme:
	case strings.HasPrefix(scheme, "WECHATPAY2-"):
		return a, ErrScheme
	default:
		return a, ErrForeign
	}
	for {
		name, value, more, err := nextPair(&rest)
		if err != nil {
			return Authorization{}, err
		}
		if err := a.set(name, value); err != nil {
			return Authorization{}, err
		}
		if !more {
			return a, a.complete()
		}
	}
}

// nextPair takes one key="value" off rest; more says that a comma followed.
func nextPair(rest *string) (name, value string, more bool, err error) {
	s := strings.TrimLeft(*rest, " \t")
	name, s, ok := strings.Cut(s, `="`)
	if !ok || name == "" || strings.ContainsAny(name, " \t,\"'") {
		return "", "", false, errors.New(`values must be written name="value" and separated by commas`)
	}
	value, s, ok = strings.Cut(s, `"`)
	if !ok {
		return "", "", false, fmt.Errorf("%.20s has no closing quote", name)
	}
	s = strings.TrimLeft(s, " \t")
	if s == "" {
		return name, value, false, nil
	}
	if s[0] != ',' {
		return "", "", false, fmt.Errorf("a comma must follow the value of %.20s", name)
	}
	*rest = s[1:]
	return name, value, true, nil
}

func (a *Authorization) set(name, value string) error {
	var to *string
	longest := 64
	switch name {
	case "mchid":
		to, longest = &a.Mchid, 32
	case "nonce_str":
		to, longest = &a.Nonce, 128
	case "timestamp":
		to, longest = &a.Timestamp, 12
	case "serial_no":
		to = &a.Serial
	case "signature":
		to, longest = &a.Signature, 1024
	default:
		return nil
	}
	if *to != "" {
		return fmt.Errorf("%s is given twice", name)
	}
	if value == "" || len(value) > longest {
		return fmt.Errorf("%s must have 1 to %d characters", name, longest)
	}
	*to = value
	return nil
}

func (a *Authorization) complete() error {
	for _, v := range []struct{ name, value string }{
		{"mchid", a.Mchid}, {"nonce_str", a.Nonce}, {"timestamp", a.Timestamp}, {"serial_no", a.Serial}, {"signature", a.Signature},
	} {
		if v.value == "" {
			return fmt.Errorf("%s is missing", v.name)
		}
	}
	at, err := strconv.ParseUint(a.Timestamp, 10, 63)
	if err != nil {
		return errors.New("timestamp must be Unix seconds, digits only")
	}
	a.At = int64(at)
	return nil
}
