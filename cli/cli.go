// Package cli is the command line of berth, and the only place where the other
// packages meet: it builds clients when a command first needs them, owns the
// signals, the log file and the exit codes, and adapts kube, tunnel, sshconf
// and editor to the interfaces that the terminal program declares.
//
// # Exit codes
//
//	0    done
//	1    failed
//	2    the command line or a file of the user's makes no sense
//	3    no such workspace, context or alias
//	4    no permission
//	5    unreachable, or no answer in time
//	6    conflict: it exists already, or has changed meanwhile
//	130  interrupted (128 + the signal's number for others)
//
// `berth ssh` returns the remote command's code, and 255 for a failure of its
// own. `berth sandbox` returns what berth-sandbox returns.
//
// # Output
//
// Results go to standard output, everything else to standard error. Only a
// terminal is asked questions; elsewhere a question is an error that names the
// flag that answers it. JSON and YAML forms are stable: fields are added, never
// renamed.
package cli

import (
	"context"
	"io"
)

// Main runs berth with the arguments after the program's name and returns the
// process's exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := withSignals(context.Background())
	defer stop()
	if err := noticeHangs(); err != nil {
		return report(ctx, stderr, err)
	}
	env, err := readEnvironment()
	if err != nil {
		return report(ctx, stderr, err)
	}
	return run(ctx, args, streams{in: stdin, out: stdout, err: stderr}, env)
}

// run is Main with everything that belongs to the process passed in.
func run(ctx context.Context, args []string, s streams, env environment) int {
	a := newApp(s, env)
	a.args = args
	defer a.close()
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	return report(ctx, s.err, a.aim(root.ExecuteContext(ctx)))
}
