package person

import (
	"bytes"
	"strconv"
)

// NamedIn is the person whose own name for something name is, as in "17/lunch"; 0
// when it is nobody's.
func NamedIn(name []byte) uint64 {
	number, _, found := bytes.Cut(name, []byte("/"))
	uid, err := strconv.ParseUint(string(number), 10, 64)
	if !found || err != nil {
		return 0
	}
	return uid
}
