package connect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// sides are the four ends around one Copy: what ssh holds, and the remote.
type sides struct {
	stdin  *os.File // write here what ssh says
	stdout *os.File // read here what ssh hears
	remote *net.TCPConn
	done   chan error
}

// startCopy runs a Copy over real pipes and a real TCP connection.
func startCopy(t *testing.T, ctx context.Context, quiet time.Duration) *sides {
	t.Helper()
	inReader, inWriter := pipe(t)
	outReader, outWriter := pipe(t)
	near, far := tcpPair(t)
	s := &sides{stdin: inWriter, stdout: outReader, remote: far, done: make(chan error, 1)}
	go func() {
		err := copyQuiet(ctx, near, inReader, outWriter, quiet)
		_ = outWriter.Close()
		s.done <- err
	}()
	return s
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(); _ = w.Close() })
	return r, w
}

func tcpPair(t *testing.T) (near net.Conn, far *net.TCPConn) {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	var dialer net.Dialer
	if near, err = dialer.DialContext(t.Context(), "tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close(); _ = conn.Close() })
	return near, conn.(*net.TCPConn)
}

// wait returns Copy's result and fails the test if there is none.
func (s *sides) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(20 * time.Second):
		buf := make([]byte, 1<<16)
		t.Fatalf("the copy did not end:\n%s", buf[:runtime.Stack(buf, true)])
		return nil
	}
}

const never = time.Hour // a quiet time that no test waits for

func TestCopyEndsWithTheRemoteWhileInputStaysOpen(t *testing.T) {
	t.Parallel()
	s := startCopy(t, t.Context(), never)
	_, _ = io.WriteString(s.remote, "last words")
	_ = s.remote.Close()
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
	if got, _ := io.ReadAll(s.stdout); string(got) != "last words" {
		t.Errorf("output %q", got)
	}
}

func TestCopyKeepsTheAnswerAfterInputEnds(t *testing.T) {
	t.Parallel()
	s := startCopy(t, t.Context(), never)
	_, _ = io.WriteString(s.stdin, "question")
	_ = s.stdin.Close()
	got := make([]byte, 8)
	if _, err := io.ReadFull(s.remote, got); err != nil || string(got) != "question" {
		t.Fatalf("remote read %q, error %v", got, err)
	}
	// No FIN may have come: a read must wait, not end.
	_ = s.remote.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if _, err := s.remote.Read(got); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the end of the input the remote read %v, want nothing at all", err)
	}
	_, _ = io.WriteString(s.remote, "answer")
	_ = s.remote.Close()
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
	if got, _ := io.ReadAll(s.stdout); string(got) != "answer" {
		t.Errorf("output %q", got)
	}
}

func TestCopyEndsWhenAllIsQuietAfterInputEnds(t *testing.T) {
	t.Parallel()
	s := startCopy(t, t.Context(), 50*time.Millisecond)
	_ = s.stdin.Close()
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
	if _, err := s.remote.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
}

func TestCopyEndsWithBothSidesAtOnce(t *testing.T) {
	t.Parallel()
	for range 50 {
		s := startCopy(t, t.Context(), never)
		go func() { _ = s.stdin.Close() }()
		_ = s.remote.Close()
		if err := s.wait(t); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCopyReportsAReset(t *testing.T) {
	t.Parallel()
	s := startCopy(t, t.Context(), never)
	_ = s.remote.SetLinger(0)
	_ = s.remote.Close()
	err := s.wait(t)
	if fault, _ := classify(StepCopy, err); fault != FaultReset {
		t.Errorf("error %v, want a reset", err)
	}
}

func TestCopyDeliversLastWordsAfterAFailedWrite(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	inReader, inWriter := pipe(t)
	conn := &brokenWrites{Conn: near}
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- copyQuiet(t.Context(), conn, inReader, &out, never) }()
	_, _ = io.WriteString(inWriter, "x")
	_, _ = io.WriteString(far, "too many connections")
	_ = far.Close()
	select {
	case err := <-done: // whether it saw the failed write before the end is a matter of timing
		t.Logf("ended with %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("the copy did not end")
	}
	if out.String() != "too many connections" {
		t.Errorf("output %q", &out)
	}
}

// brokenWrites is a connection whose far end has stopped reading.
type brokenWrites struct{ net.Conn }

func (*brokenWrites) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestCopyEndsWhenNobodyReadsTheOutput(t *testing.T) {
	t.Parallel()
	s := startCopy(t, t.Context(), never)
	_ = s.stdout.Close()
	_, _ = io.WriteString(s.remote, "x")
	if err := s.wait(t); err == nil {
		t.Error("a failed write of the output was no error")
	}
}

func TestCopyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := startCopy(t, ctx, never)
	cancel()
	if err := s.wait(t); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestCopyLeavesTheRestOfTheInput(t *testing.T) {
	t.Parallel()
	inReader, inWriter := pipe(t)
	near, far := tcpPair(t)
	done := make(chan error, 1)
	go func() { done <- copyQuiet(t.Context(), near, inReader, io.Discard, never) }()
	_ = far.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(inWriter, "mine")
	got := make([]byte, 4)
	if _, err := io.ReadFull(inReader, got); err != nil || string(got) != "mine" {
		t.Errorf("read %q, error %v: the copy took bytes after its end", got, err)
	}
}

func TestCopyClosesInputsThatAreNoFiles(t *testing.T) {
	t.Parallel()
	in, _ := io.Pipe() // nobody ever writes
	near, far := tcpPair(t)
	_ = far.Close()
	if err := copyQuiet(t.Context(), near, in, io.Discard, never); err != nil {
		t.Error(err)
	}
}

func TestCopyIsExactBothWays(t *testing.T) {
	t.Parallel()
	const size = 20_000_000
	up, down := make([]byte, size), make([]byte, size)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(up)
	_, _ = random.Read(down)
	s := startCopy(t, t.Context(), never)
	received := make(chan [32]byte, 1)
	go func() {
		hash := sha256.New()
		_, _ = io.CopyN(hash, s.remote, size)
		received <- [32]byte(hash.Sum(nil))
	}()
	go func() { _, _ = s.stdin.Write(up) }()
	go func() { _, _ = s.remote.Write(down) }()
	hash := sha256.New()
	if _, err := io.CopyN(hash, s.stdout, size); err != nil {
		t.Fatal(err)
	}
	if [32]byte(hash.Sum(nil)) != sha256.Sum256(down) {
		t.Error("the download differs")
	}
	if <-received != sha256.Sum256(up) {
		t.Error("the upload differs")
	}
	_ = s.remote.Close()
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
}
