package seal

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"strings"
)

// maxSerial is the length of a serial number in bytes (RFC 5280, 4.1.2.2).
const maxSerial = 20

// Serial writes a certificate's serial number as the API does: upper-case hex,
// two digits a byte.
func Serial(cert *x509.Certificate) string {
	return strings.ToUpper(hex.EncodeToString(cert.SerialNumber.Bytes()))
}

// NormalSerial brings a serial number that a client wrote into Serial's form:
// clients differ in case and in leading zeros. It returns false for what is no
// serial number.
func NormalSerial(s string) (string, bool) {
	if s == "" || len(s) > 2*maxSerial+2 {
		return "", false
	}
	s = strings.TrimLeft(s, "0")
	if len(s)%2 == 1 {
		s = "0" + s
	}
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) == 0 || len(raw) > maxSerial {
		return "", false
	}
	return strings.ToUpper(s), true
}

// NewSerial draws a serial number of 20 bytes whose first lies between 0x10 and
// 0x7f: positive as DER writes it, and 40 hex digits to a client that drops
// leading zeros as well as to one that doesn't.
func NewSerial(random io.Reader) (*big.Int, error) {
	var raw [maxSerial]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	// 0x70 values for 256 draws: some first bytes are a little more likely, which
	// 152 other random bits make irrelevant.
	raw[0] = 0x10 + raw[0]%0x70
	return new(big.Int).SetBytes(raw[:]), nil
}
