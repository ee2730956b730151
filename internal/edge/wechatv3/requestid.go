package wechatv3

import (
	"encoding/binary"
	"math/rand/v2"
)

// Request-ID looks like 08F78BB5AF0610D302189F99DD5C20BA56F89845-0: forty hex
// digits and, after the last dash, an inner code (wire reference, 2.4): 0 for
// success, else as codes.go says.
const headerRequestID = "Request-ID"

const upperHex = "0123456789ABCDEF"

// newRequestID draws the hex digits. They name a request in logs and commands
// and are no secret.
func newRequestID() string {
	var raw [24]byte
	for i := 0; i < len(raw); i += 8 {
		binary.LittleEndian.PutUint64(raw[i:], rand.Uint64())
	}
	raw[0] = 0x08
	var id [40]byte
	for i := range id[:20] {
		id[2*i], id[2*i+1] = upperHex[raw[i]>>4], upperHex[raw[i]&15]
	}
	return string(id[:])
}
