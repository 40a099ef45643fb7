package proc

import "syscall"

// dieWithParent does nothing: this system has no such promise.
func dieWithParent(*syscall.SysProcAttr) {}
