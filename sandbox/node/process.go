package node

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is one run of a workspace's server.
type process struct {
	cmd     *exec.Cmd
	started time.Time
	ready   chan int      // capacity 1: the local port, 0 when it does not serve; closed after it
	exited  chan struct{} // closed when it and its output have ended

	lifeline io.Closer // held open: its end tells the process that the node is gone

	mu   sync.Mutex // guards what follows
	port int
	exit exit
}

// exit is how a process ended.
type exit struct {
	code     int
	signal   syscall.Signal // 0 when it exited by itself
	finished time.Time
}

// startProcess starts the server in a session of its own with its output in log.
func startProcess(executable string, args, env []string, dir string, log *runLog) (*process, error) {
	p := &process{ready: make(chan int, 1), exited: make(chan struct{}), started: time.Now()}
	var files []*os.File // ours and theirs in turn
	for range 4 {
		r, w, err := os.Pipe()
		if err != nil {
			closeFiles(files)
			return nil, fmt.Errorf("making a pipe: %w", err)
		}
		files = append(files, r, w)
	}
	outR, outW, errR, errW := files[0], files[1], files[2], files[3]
	readyR, readyW, lifeR, lifeW := files[4], files[5], files[6], files[7]
	// No context: the process is ended in steps by the worker.
	p.cmd = &exec.Cmd{Path: executable, Args: append([]string{executable, "sshd", "--ready-fd", "3", "--lifeline-fd", "4"}, args...), Env: env, Dir: dir}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = outW, errW, []*os.File{readyW, lifeR}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p.lifeline = lifeW
	err := p.cmd.Start()
	closeFiles([]*os.File{outW, errW, readyW, lifeR})
	if err != nil {
		closeFiles([]*os.File{outR, errR, readyR, lifeW})
		return nil, fmt.Errorf("starting the workspace's process: %w", err)
	}
	go p.readPort(readyR)
	go p.watch(log, outR, errR)
	return p, nil
}

// readPort takes the port that the process tells; it ends with the process.
func (p *process) readPort(r *os.File) {
	defer close(p.ready)
	defer closeFiles([]*os.File{r})
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		return // it ended first
	}
	port, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return // not our program
	}
	p.mu.Lock()
	p.port = port
	p.mu.Unlock()
	p.ready <- port
}

// watch copies the output to the log and waits for the process.
func (p *process) watch(log *runLog, stdout, stderr *os.File) {
	var output sync.WaitGroup
	output.Go(func() { log.copy("stdout", stdout) })
	output.Go(func() { log.copy("stderr", stderr) })
	err := p.cmd.Wait()
	output.Wait()
	closeFiles([]*os.File{stdout, stderr})
	e := exit{finished: time.Now()}
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		e.code = failed.ExitCode()
		if status, ok := failed.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			e.signal, e.code = status.Signal(), 128+int(status.Signal())
		}
	} else if err != nil {
		e.code = 255
	}
	p.mu.Lock()
	p.exit, p.port = e, 0
	p.mu.Unlock()
	log.close()
	_ = p.lifeline.Close() // nobody reads it any more
	close(p.exited)
}

// localPort is where the process serves on the loopback; 0 when it does not.
func (p *process) localPort() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.port
}

// result is how it ended; valid after exited.
func (p *process) result() exit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit
}

// stop asks the process to end and insists after grace.
func (p *process) stop(grace time.Duration) {
	p.signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.exited:
		return
	case <-timer.C:
	}
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// signal reaches the server's own group. Sessions are groups of their own,
// which the server ends when it is asked to end.
func (p *process) signal(sig syscall.Signal) {
	select {
	case <-p.exited: // the number may belong to another process by now
	default:
		_ = syscall.Kill(-p.cmd.Process.Pid, sig) // it may end in between
	}
}

// closeFiles closes files; each may be closed already.
func closeFiles(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}
