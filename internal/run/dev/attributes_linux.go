package dev

import "syscall"

// ChildAttributes puts a child into a group of its own, so that Ctrl-C reaches
// the parent alone and the order of stopping is the parent's, and has the
// kernel kill it when the parent is gone, however that ended: a killed node
// loses nothing that was acknowledged.
func ChildAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
