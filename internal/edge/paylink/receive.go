package paylink

import (
	"encoding/hex"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
)

// receivePrefix begins what is drawn as a person's code: holdfast:receive/CODE, or
// holdfast:receive/CODE/AMOUNT/SEAL where the person asks for an amount. The code is 16
// random bytes that say nothing of who it is.
const receivePrefix = "holdfast:receive/"

// Receive is what the code says by which a person is paid.
func Receive(mine []byte) string { return receivePrefix + hex.EncodeToString(mine) }

// ReadReceive reads such a code out of what was scanned. asked is what follows it, AMOUNT/SEAL,
// and fixed whether anything does.
func ReadReceive(scanned string) (mine []byte, asked string, fixed, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(scanned), receivePrefix)
	id, asked, fixed := strings.Cut(rest, "/")
	mine, err := hex.DecodeString(id)
	return mine, asked, fixed, ok && err == nil && len(mine) == paycode.ReceiveSize
}
