package proc

import "syscall"

// dieWithParent has the kernel kill the process with its parent. There is no
// asking first: the parent is dead and nobody would wait for the answer.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
