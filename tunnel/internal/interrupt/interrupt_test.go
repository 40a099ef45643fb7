package interrupt_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/berth-sh/berth/tunnel/internal/interrupt"
)

// bound is far more than anything here needs; only a hang reaches it.
const bound = 20 * time.Second

func osPipe(t *testing.T) (in, out *os.File) {
	t.Helper()
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return in, out
}

func terminal(t *testing.T) (in, out *os.File) {
	t.Helper()
	outer, inner, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	return inner, outer
}

func TestStopEndsABlockedReadAndTakesNoByte(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) (in, out *os.File){"pipe": osPipe, "terminal": terminal} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, out := open(t)
			t.Cleanup(func() { _ = out.Close(); _ = in.Close() })
			r := interrupt.New(in)
			first, ended := make(chan string, 1), make(chan error, 1)
			go func() {
				buf := make([]byte, 16)
				n, _ := r.Read(buf)
				first <- string(buf[:n])
				_, err := r.Read(buf)
				ended <- err
			}()
			_, _ = io.WriteString(out, "one\n")
			if got := <-first; got != "one\n" {
				t.Errorf("read %q before the stop", got)
			}
			if !r.Stop() {
				t.Fatal("it cannot be stopped")
			}
			select {
			case err := <-ended:
				if err == nil {
					t.Error("a stopped read was no error")
				}
			case <-time.After(bound):
				t.Fatal("the read did not end")
			}
			r.Release()
			_, _ = io.WriteString(out, "two\n")
			got := make([]byte, 4)
			if _, err := io.ReadFull(in, got); err != nil || string(got) != "two\n" {
				t.Errorf("read %q, error %v: a byte was taken after the stop", got, err)
			}
		})
	}
}

func TestReadsAreRefusedAfterStop(t *testing.T) {
	t.Parallel()
	in, out := osPipe(t)
	defer func() { _ = in.Close(); _ = out.Close() }()
	_, _ = io.WriteString(out, "waiting")
	r := interrupt.New(in)
	r.Stop()
	if n, err := r.Read(make([]byte, 16)); n != 0 || err == nil {
		t.Errorf("read %d bytes, error %v", n, err)
	}
}

func TestStopSaysWhetherReadsEnd(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	piped, _ := io.Pipe()
	near, _ := net.Pipe()
	for name, tt := range map[string]struct {
		in   io.Reader
		want bool
	}{
		"regular file":        {file, true},
		"null device":         {null, true},
		"pipe in this memory": {piped, true},
		"connection":          {near, true},
		"reader alone":        {strings.NewReader("x"), false},
	} {
		if got := interrupt.New(tt.in).Stop(); got != tt.want {
			t.Errorf("%s: %t, want %t", name, got, tt.want)
		}
	}
	if _, err := piped.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("an input that is no file stayed open: %v", err)
	}
}

func TestNewKeepsAReaderAndItsFilter(t *testing.T) {
	t.Parallel()
	r := interrupt.New(strings.NewReader("text"))
	r.Filter(func(in io.Reader) io.Reader { return io.LimitReader(in, 2) })
	if again := interrupt.New(r); again != r {
		t.Error("a reader was wrapped again")
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "te" {
		t.Errorf("read %q, error %v", got, err)
	}
}
