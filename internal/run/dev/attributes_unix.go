//go:build unix && !linux

package dev

import "syscall"

// ChildAttributes puts a child into a group of its own, so that Ctrl-C reaches
// the parent alone. This system can't end a child with its parent: after a kill
// -9 of dev the children have to be stopped by hand.
func ChildAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
