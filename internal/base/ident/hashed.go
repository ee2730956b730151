package ident

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
)

// Openid derives what a merchant's application knows a payer by: 28 characters
// that begin with "o", a function of seed alone. A person has another one for
// each appid, so put the appid (or a seed of its own) into seed.
func Openid(seed []byte) string {
	h := sha256.New()
	h.Write([]byte("holdfast openid\n"))
	h.Write(seed)
	return "o" + base64.RawURLEncoding.EncodeToString(h.Sum(nil))[:27]
}

// eventSpace is the namespace of event ids, drawn once; changing it changes the
// id of every notice.
var eventSpace = [16]byte{0x5b, 0x1f, 0x8e, 0x60, 0x2c, 0x57, 0x4d, 0x0e, 0x9a, 0x33, 0x71, 0xc4, 0x0d, 0x8f, 0x26, 0xe9}

// EventID is the id a notice carries on the wire: a UUID of version 5 (RFC 9562)
// of the log's name and the notice's number. It is the same at every attempt, on
// every node and after a restore, and differs between platforms.
func EventID(logName string, noticeID uint64) string {
	return uuid5(eventSpace, logName+"/notice/"+strconv.FormatUint(noticeID, 10))
}

func uuid5(space [16]byte, name string) string {
	h := sha1.New()
	h.Write(space[:])
	h.Write([]byte(name))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	buf := make([]byte, 0, 36)
	for i, end := range []int{4, 6, 8, 10, 16} {
		if i > 0 {
			buf = append(buf, '-')
		}
		start := []int{0, 4, 6, 8, 10}[i]
		buf = hex.AppendEncode(buf, u[start:end])
	}
	return string(buf)
}
