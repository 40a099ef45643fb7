// Package interrupt makes a blocked read of an input end when nobody wants
// its result any more.
//
// A read of standard input cannot be taken back by closing the file, and a
// goroutine left in it swallows the next key that the user types. A [Reader]
// waits for the file and for a stop signal together, so it takes no byte once
// it has been stopped.
package interrupt

import (
	"io"
	"os"

	"github.com/muesli/cancelreader"
)

// Reader reads from an input until Stop is called.
type Reader struct {
	io.Reader
	cancel cancelreader.CancelReader // nil where the input has no file behind it
	closer io.Closer                 // unblocks an input that is no file, nil where nothing does
	plain  bool                      // reads of the input never wait for long
}

// New returns a Reader over in. Terminals, pipes and sockets can be
// interrupted on Unix; regular files never block; any other input is closed
// by Stop when it can be closed.
// A Reader is returned as it is.
func New(in io.Reader) *Reader {
	if r, ok := in.(*Reader); ok {
		return r
	}
	if file, ok := in.(*os.File); ok {
		return newFile(file)
	}
	r := &Reader{Reader: in}
	if closer, ok := in.(io.Closer); ok {
		r.closer = closer
	}
	return r
}

func newFile(file *os.File) *Reader {
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() {
		return &Reader{Reader: file, plain: true}
	}
	cancel, err := cancelreader.NewReader(file)
	if err != nil { // /dev/null and its like cannot be waited for, and need not be
		return &Reader{Reader: file, plain: true}
	}
	return &Reader{Reader: cancel, cancel: cancel}
}

// Filter puts wrap between r and its input. Call it before the first Read.
func (r *Reader) Filter(wrap func(io.Reader) io.Reader) { r.Reader = wrap(r.Reader) }

// Stop ends a blocked read and refuses later ones. It reports whether a
// goroutine in Read is certain to return; where the system has no means
// (pipes on Windows), it is false and that goroutine must be left alone.
func (r *Reader) Stop() bool {
	switch {
	case r.cancel != nil:
		return r.cancel.Cancel()
	case r.closer != nil:
		return r.closer.Close() == nil
	}
	return r.plain
}

// Release frees what New took. Call it once no goroutine is in Read.
func (r *Reader) Release() {
	if r.cancel != nil {
		_ = r.cancel.Close() // frees three descriptors; nothing can be done about a failure
	}
}
