package tunnel

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/berth-sh/berth/workspace"
)

const (
	// probeTimeout bounds a probe from the end of the dialling.
	probeTimeout = 10 * time.Second
	// probeFarewell is how long the server may take to hang up.
	probeFarewell = time.Second
)

// Probe reports whether an SSH server answers: it reads the server's
// greeting, says goodbye in the protocol's own words, so that the server
// logs no broken connection, and closes. It takes two round trips and no key.
func Probe(ctx context.Context, dial Dialer) error {
	return probe(ctx, dial, func() {})
}

// probe calls greeted when the greeting is there: the goodbye takes another
// moment.
func probe(ctx context.Context, dial Dialer, greeted func()) error {
	conn, err := dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // all that mattered has been read
	timer := time.AfterFunc(probeTimeout, func() { _ = conn.Close() })
	defer timer.Stop()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := readGreeting(conn); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return workspace.WithKind(workspace.ErrUnreachable, fmt.Errorf("waiting for sshd: %w", err))
	}
	greeted()
	if _, err := conn.Write(goodbye()); err != nil {
		return nil //nolint:nilerr // it has greeted: it answers
	}
	timer.Reset(probeFarewell)
	_, _ = io.Copy(io.Discard, conn) // until it hangs up, which leaves nothing unread
	return nil
}

// readGreeting reads up to the line that begins with "SSH-". Other lines may
// come first; 8 KiB of them are enough.
func readGreeting(conn net.Conn) error {
	buf := make([]byte, 0, maxBanner)
	for len(buf) < cap(buf) {
		n, err := conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		for line := range bytes.Lines(buf) {
			if bytes.HasPrefix(line, []byte("SSH-")) && line[len(line)-1] == '\n' {
				return nil
			}
		}
		if err != nil {
			return errors.New("the connection closed before a greeting")
		}
	}
	return errors.New("what answers is no ssh server")
}

// goodbye is our greeting and a disconnect message, which may be sent before
// any key exchange.
func goodbye() []byte {
	const disconnect, byApplication = 1, 11
	payload := []byte{disconnect}
	payload = binary.BigEndian.AppendUint32(payload, byApplication)
	for _, text := range []string{"probe", ""} { // description, language; the workspace's entrypoint leaves it out of the log
		payload = binary.BigEndian.AppendUint32(payload, uint32(len(text)))
		payload = append(payload, text...)
	}
	const block, shortest = 8, 4 // the packet is a multiple of 8 with at least 4 bytes of padding
	padding := block - (5+len(payload))%block
	if padding < shortest {
		padding += block
	}
	packet := []byte("SSH-2.0-berth\r\n")
	packet = binary.BigEndian.AppendUint32(packet, uint32(1+len(payload)+padding))
	packet = append(packet, byte(padding))
	packet = append(packet, payload...)
	return append(packet, make([]byte, padding)...)
}
