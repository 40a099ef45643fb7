package cli

import "bytes"

// capped keeps the first few kilobytes of what is written to it: a remote
// side may say anything, of any length.
type capped struct{ buffer bytes.Buffer }

const cappedSize = 4 << 10

// Write implements io.Writer and never fails.
func (c *capped) Write(p []byte) (int, error) {
	if room := cappedSize - c.buffer.Len(); room > 0 {
		c.buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

func (c *capped) String() string { return string(bytes.TrimSpace(c.buffer.Bytes())) }
