package cli

import "syscall"

// leashed ends the program in an orderly way with its supervisor: nobody else would
// put the terminal back.
func leashed() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
