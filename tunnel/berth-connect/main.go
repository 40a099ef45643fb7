// Command berth-connect is the ProxyCommand of every berth alias:
//
//	ProxyCommand "/path/to/berth-connect" --fdpass api.team-a.berth
//	ProxyUseFdpass yes
//
// It reads the alias's small file, connects, hands the connection to ssh and
// ends; without --fdpass, or where ssh waits for none, it copies until either
// side ends. It is a program of its own because it starts once for every ssh
// connection and must be small; `berth connect` does the same.
//
// One goroutine does the work, so it does not matter how many processors a
// container may use, and to find out would take a twentieth of the time.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/berth-sh/berth/tunnel/connect"
)

// Signals keep their defaults: ssh sends SIGHUP when it is done, and the
// default is the right answer.
func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	pass := false
	switch {
	case len(args) == 1 && args[0] == "--version":
		_, _ = fmt.Fprintln(stdout, "berth-connect", version())
		return 0
	case len(args) == 2 && args[0] == "--fdpass":
		pass, args = true, args[1:]
	case len(args) != 1:
		_, _ = fmt.Fprintln(stderr, "usage: berth-connect [--fdpass] ALIAS | --version")
		return 255
	}
	dir, err := connect.DefaultDir()
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "berth:", err)
		return 255
	}
	return connect.Run(context.Background(), args[0], connect.Program{
		Dir: dir, Stdin: os.Stdin, Stdout: stdout, Stderr: stderr, FDPass: pass, Self: os.Args[:1],
		Debug: os.Getenv("BERTH_DEBUG") != "",
	})
}

// version is that of the module, as the toolchain has recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
