//go:build unix

package dev

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// lockFile takes the folder for this process. The lock goes with the process,
// however it ends.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		text := make([]byte, 32)
		n, _ := file.Read(text) // whose it is only helps
		holder := strings.TrimSpace(string(text[:n]))
		return nil, errors.Join(&Failure{
			Err:  fmt.Errorf("another `holdfast dev` (process %s) is running on this folder", holder),
			Hint: "use that one, stop it, or name another folder with --data",
		}, file.Close())
	}
	if err := file.Truncate(0); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if _, err := file.WriteString(strconv.Itoa(os.Getpid()) + "\n"); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
