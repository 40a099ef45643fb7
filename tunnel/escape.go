package tunnel

import (
	"io"
)

// The escapes of ssh, because hands know them: after Enter, ~. leaves at once,
// ~? tells about them, ~~ is a tilde. Any other key after ~ is sent with it.

const escapeHelp = "\r\n~.  leave (the remote shell gets a hang-up)\r\n~~  a tilde\r\n~?  this text\r\n"

// escapes reads what the user types and acts on the escapes in it.
type escapes struct {
	in   io.Reader
	help io.Writer

	held     bool // a tilde at the start of a line waits for its second key
	midLine  bool // the last key was not Enter
	leftover []byte
}

// Read returns what is meant for the remote side, and ErrDisconnected after ~.
func (e *escapes) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for len(e.leftover) == 0 {
		n, err := e.in.Read(b)
		out, leave := e.filter(b[:n])
		e.leftover = out
		if leave {
			return 0, ErrDisconnected
		}
		if err != nil && len(out) == 0 {
			return 0, err
		}
	}
	n := copy(b, e.leftover)
	e.leftover = e.leftover[n:]
	return n, nil
}

// filter returns what to send for the keys in in, and whether to leave.
func (e *escapes) filter(in []byte) (out []byte, leave bool) {
	out = make([]byte, 0, len(in)+1)
	for _, key := range in {
		switch {
		case e.held && key == '.':
			return out, true
		case e.held && key == '?':
			e.held = false
			_, _ = io.WriteString(e.help, escapeHelp) // to the user's own terminal
			continue
		case e.held && key != '~':
			out = append(out, '~')
		case !e.held && !e.midLine && key == '~':
			e.held = true
			continue
		}
		e.held = false
		e.midLine = key != '\r' && key != '\n'
		out = append(out, key)
	}
	return out, false
}
