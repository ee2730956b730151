package diskguard

import (
	"errors"
	"syscall"
)

// shortages are what the system lacks for now and may have again: descriptors,
// memory, space.
var shortages = []error{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS, syscall.EAGAIN, syscall.ENOSPC, syscall.EDQUOT,
}

// Shortage says whether err is a shortage that may pass, so that what failed is
// worth another try. It is no fault of the disk; a sync that failed is one,
// whatever its reason, and is never seen here.
func Shortage(err error) bool {
	for _, s := range shortages {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}
