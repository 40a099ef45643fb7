package connect

import "errors"

// errHangup ends a run whose ssh has gone away before there was a connection.
// Nobody is left to read a message.
var errHangup = errors.New("ssh has gone away")
