package verify

import (
	"errors"
	"strings"
	"syscall"
)

// lockedByOther says whether a store could not be opened because another
// process has it open. Pebble says so only in words.
func lockedByOther(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EWOULDBLOCK) ||
		strings.Contains(err.Error(), "lock held by") || strings.Contains(err.Error(), "resource temporarily unavailable")
}
