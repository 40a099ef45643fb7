package term

import "io"

// Shell is a program on a terminal at the other end of a connection.
type Shell interface {
	io.Reader // what it prints; any error means that nothing comes any more
	io.Writer // what is typed; it may block for as long as the program reads nothing
	// Resize tells the size of the terminal.
	Resize(rows, cols int) error
	// Wait returns how the program ended. It is called once, after the last
	// Read. An error that is [ErrLost] means that nobody knows, because the
	// connection ended first.
	Wait() (code int, err error)
	// Close ends the program, and whatever blocks in the methods above.
	Close() error
}

// Ender is a Shell that goes on at the other side when it is closed. End ends
// it there as well.
type Ender interface {
	End() error
}
