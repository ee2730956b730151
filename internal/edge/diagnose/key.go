package diagnose

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"fmt"
	"math/big"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// opened is a signature with its maker's key taken off.
type opened struct {
	key Key
	// hash made the digest; 0 means that none is named and digest is what was
	// put in.
	hash   crypto.Hash
	digest []byte
}

// digestInfos stand before a digest (RFC 8017, 9.2).
var digestInfos = []struct {
	hash   crypto.Hash
	prefix []byte
}{
	{crypto.SHA256, []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}},
	{crypto.SHA1, []byte{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}},
	{crypto.MD5, []byte{0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05, 0x05, 0x00, 0x04, 0x10}},
	{crypto.SHA384, []byte{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30}},
	{crypto.SHA512, []byte{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40}},
}

// open raises the signature to the key's public exponent. What another key made
// comes out as noise: the chance that noise begins like this is below 2^-60.
func open(raw []byte, k Key) (opened, bool) {
	encoded := encodedMessage(raw, k.Public)
	if len(encoded) < 11 || encoded[0] != 0 || encoded[1] != 1 {
		return opened{}, false
	}
	padding := 2
	for padding < len(encoded) && encoded[padding] == 0xff {
		padding++
	}
	if padding < 10 || padding == len(encoded) || encoded[padding] != 0 {
		return opened{}, false
	}
	content := encoded[padding+1:]
	for _, d := range digestInfos {
		if digest, ok := bytes.CutPrefix(content, d.prefix); ok && len(digest) == d.hash.Size() {
			return opened{k, d.hash, digest}, true
		}
	}
	return opened{k, 0, content}, true
}

func encodedMessage(raw []byte, key *rsa.PublicKey) []byte {
	if key == nil || len(raw) != key.Size() {
		return nil
	}
	m := new(big.Int).SetBytes(raw)
	if m.Cmp(key.N) >= 0 {
		return nil
	}
	return m.Exp(m, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
}

// maker finds whose key made a signature, the one named first.
func maker(raw []byte, named *Key, all []Key) (opened, bool) {
	if named != nil {
		if o, ok := open(raw, *named); ok {
			return o, true
		}
	}
	for _, k := range all {
		if o, ok := open(raw, k); ok {
			return o, true
		}
	}
	return opened{}, false
}

// probabilistic says whether a signature is RSA-PSS over a message.
func probabilistic(raw []byte, keys []Key, message []byte) bool {
	h := crypto.SHA256.New()
	h.Write(message)
	for _, k := range keys {
		if k.Public != nil && rsa.VerifyPSS(k.Public, crypto.SHA256, h.Sum(nil), raw, nil) == nil {
			return true
		}
	}
	return false
}

// named finds the key that a serial number or id names.
func named(id string, keys []Key) *Key {
	serial, isSerial := seal.NormalSerial(id)
	for i := range keys {
		if keys[i].ID == id || isSerial && keys[i].ID == serial {
			return &keys[i]
		}
	}
	return nil
}

// misspelt finds a key whose serial number was written in another way.
func misspelt(id string, keys []Key) (*Key, Text) {
	if bare := strings.NewReplacer(":", "", " ", "", "-", "").Replace(id); bare != id {
		if k := named(bare, keys); k != nil {
			return k, Text{"序列号须为连续的十六进制字符，不带冒号、空格或连字符。", "The serial number is written as plain hexadecimal, without colons, blanks or dashes."}
		}
	}
	if n, ok := new(big.Int).SetString(id, 10); ok {
		if k := named(fmt.Sprintf("%X", n), keys); k != nil {
			return k, Text{"序列号写成了十进制；应为十六进制：" + k.ID + "。", "The serial number is in decimal; it has to be hexadecimal: " + k.ID + "."}
		}
	}
	return nil, Text{}
}

// hashName is how findings speak of a hash.
func hashName(h crypto.Hash) string {
	if h == 0 {
		return "no hash"
	}
	return h.String()
}
