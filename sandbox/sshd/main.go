// Package sshd is the SSH server process behind one workspace of the sandbox:
// what sshd is inside a real workspace's container, without a container.
//
// The sandbox's node starts one process for each workspace pod, with the
// container's environment, and learns the port through a pipe. The process
// serves shells with and without a terminal, commands, sftp and forwarding, in
// the way OpenSSH's server does where a client can tell the difference: exit
// codes and signals, what closes a session, and which side's end of file means
// what. Clients are admitted by public key only; the list of keys is read again
// at each login, because it changes while the workspace runs.
//
// Nothing here isolates a session from the machine: it has every right of the
// account that runs the sandbox. The greeting of interactive shells says so.
package sshd

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"
)

// Faults that the process can act out on demand; see [Main].
const (
	FaultCrash   = "crash"
	FaultOOM     = "oom"
	FaultUnready = "unready"
)

// faultDelay is how long a process that is to fail looks healthy.
const faultDelay = time.Second

// options are the parsed arguments of [Main].
type options struct {
	server     Server
	fault      string
	readyFD    int
	lifelineFD int
}

// Main runs the server until ctx ends, a signal asks it to stop, or the process
// that started it is gone, and returns the exit code. Its arguments:
//
//	--home DIR             where sessions start, and their HOME
//	--host-key FILE        OpenSSH private key
//	--authorized-keys FILE read at each login
//	--name NAME            the workspace, for the greeting
//	--ready-fd N           the port is written here as one decimal line
//	--lifeline-fd N        end of file here means that the parent is gone
//	--fault NAME           crash, oom or unready
func Main(ctx context.Context, args []string) int {
	// A workspace that nobody uses should cost little: collect early.
	debug.SetGCPercent(50)
	logger := log.New(os.Stderr, "", 0)
	opts, err := parse(args)
	if err != nil {
		logger.Print(err)
		return 2
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	opts.server.Log = logger
	if err := run(ctx, opts, logger); err != nil {
		logger.Print(err)
		return 1
	}
	return 0
}

// parse reads the arguments; nothing is opened yet.
func parse(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("sshd", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.server.Home, "home", "", "")
	flags.StringVar(&o.server.HostKey, "host-key", "", "")
	flags.StringVar(&o.server.AuthorizedKeys, "authorized-keys", "", "")
	flags.StringVar(&o.server.Name, "name", "", "")
	flags.StringVar(&o.fault, "fault", "", "")
	flags.IntVar(&o.readyFD, "ready-fd", -1, "")
	flags.IntVar(&o.lifelineFD, "lifeline-fd", -1, "")
	if err := flags.Parse(args); err != nil {
		return nil, fmt.Errorf("reading sshd's arguments: %w", err)
	}
	if o.server.Home == "" || o.server.HostKey == "" || o.server.AuthorizedKeys == "" {
		return nil, errors.New("sshd needs --home, --host-key and --authorized-keys")
	}
	return o, nil
}

// run serves until ctx or the lifeline ends, or acts out a fault.
func run(ctx context.Context, o *options, logger *log.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if o.lifelineFD >= 0 {
		syscall.CloseOnExec(o.lifelineFD)
		go watchLifeline(os.NewFile(uintptr(o.lifelineFD), "lifeline"), cancel)
	}
	if o.fault != "" {
		return actOut(ctx, o, logger)
	}
	if err := o.server.readHostKey(); err != nil {
		return err
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	logger.Printf("Server listening on 127.0.0.1 port %d.", port)
	if err := tellPort(o.readyFD, port); err != nil {
		return err
	}
	return o.server.Serve(ctx, ln)
}

// watchLifeline ends the process's work when the parent's end of the pipe is
// closed, which the kernel does however the parent died. It ends with the
// process: a read of a pipe cannot be called back.
func watchLifeline(f *os.File, cancel context.CancelFunc) {
	_, _ = f.Read(make([]byte, 1)) // whatever comes, the parent has nothing to say but its end
	cancel()
}

// tellPort reports the port to the parent. Port 0 means: running, not serving.
func tellPort(fd, port int) error {
	if fd < 0 {
		return nil
	}
	f := os.NewFile(uintptr(fd), "ready")
	if _, err := f.WriteString(strconv.Itoa(port) + "\n"); err != nil {
		return fmt.Errorf("telling the port: %w", err)
	}
	return f.Close()
}

// actOut plays one of the faults that demonstrations and tests ask for.
func actOut(ctx context.Context, o *options, logger *log.Logger) error {
	if err := tellPort(o.readyFD, 0); err != nil {
		return err
	}
	delay := time.NewTimer(faultDelay)
	defer delay.Stop()
	switch o.fault {
	case FaultCrash:
		logger.Print("Starting workspace services.")
	case FaultOOM:
		logger.Print("Loading model into memory.")
	case FaultUnready:
		logger.Print("Waiting for /etc/workspace/license before listening.")
		delay.Stop()
	default:
		return fmt.Errorf("no fault is called %q", o.fault)
	}
	select {
	case <-ctx.Done():
		return nil
	case <-delay.C:
	}
	if o.fault == FaultOOM {
		// The kernel's OOM killer leaves no last words either.
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return errors.New("fatal: cannot read /etc/workspace/config.yaml: no such file or directory")
}
