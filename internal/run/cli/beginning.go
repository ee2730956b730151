package cli

import (
	"encoding/hex"
	"strings"
)

// beginning is the number of the one in a list whose number begins so, in hex. what names
// the list, and where is the command that shows it.
func beginning[T any](list []T, number func(T) []byte, begins, what, where string) (found []byte, err error) {
	begins = strings.ToLower(begins)
	for _, one := range list {
		if !strings.HasPrefix(hex.EncodeToString(number(one)), begins) {
			continue
		}
		if found != nil {
			return nil, usage("more of the number", "several of %s begin with %s", what, begins)
		}
		found = number(one)
	}
	if found == nil {
		return nil, usage(where, "none of %s begins with %s", what, begins)
	}
	return found, nil
}
