// Package transfer copies files to and from a workspace over sftp.
//
// # What a workspace may do to this machine
//
// A workspace runs other people's code, and its sftp server may lie. Everything
// that is written here goes through an os.Root of the folder that the user has
// named, so that neither a name nor a link leads out of it; names that are no
// plain names are refused; a file is never longer than it was said to be; and
// no devices, sockets or set-user-ID bits arrive.
//
// # Links
//
// A link that is named on the command line is followed. Links in a tree are
// made again as links where they lead to a place inside the tree; others are
// left out, and said to be.
//
// # Unfinished files
//
// A file is written beside its place, as NAME.berth-partial, and renamed when
// it is complete: nobody meets half of it, and what was there before stays
// until then. What was cut short is left under that name, and Options.Resume
// goes on from there once the beginnings are seen to be equal.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sync"

	"github.com/pkg/sftp"

	"github.com/berth-sh/berth/workspace"
)

const (
	// largePacket is what OpenSSH takes at most, and plainPacket what every
	// server has to.
	largePacket = 255 << 10
	plainPacket = 32 << 10
	// inFlight is how much may be on its way for one file: enough for a fast
	// line with a long delay. More would not get through ssh's own window.
	inFlight = 4 << 20
	// atOnce is how many files are copied at the same time: small files are
	// all waiting for answers.
	atOnce = 8
)

// Options say how to copy.
type Options struct {
	Recursive bool // copy folders
	Preserve  bool // keep times and modes
	Resume    bool // go on where an earlier copy was cut short, and pass over what is there already
	Into      bool // the target has to be a folder: it takes several copies

	// Meter shows how far it is; nil shows nobody.
	Meter *Meter
	// Note hears what is left out and why; nil drops it.
	Note func(text string)
	// Sum gives the SHA-256 of the first n bytes of a file in the workspace.
	// Without it nothing can be resumed.
	Sum func(ctx context.Context, path string, n int64) (string, error)
}

// Client is a conversation with one sftp server.
type Client struct {
	sftp   *sftp.Client
	packet int64

	mu    sync.Mutex   // guards umask
	umask *fs.FileMode // of the server; nil until a file was made
}

// Open begins a conversation. It ends when r does, which the caller sees to: a
// server that answers nothing holds up everything but that.
func Open(r io.Reader, w io.WriteCloser) (*Client, error) {
	client, err := sftp.NewClientPipe(r, w, sftp.UseConcurrentWrites(true), sftp.MaxConcurrentRequestsPerFile(inFlight/plainPacket))
	if err != nil {
		return nil, workspace.WithKind(workspace.ErrUnreachable, fmt.Errorf("starting sftp: %w", err))
	}
	c := &Client{sftp: client, packet: plainPacket}
	// Only OpenSSH says its limits, and only a version that has these.
	if _, ok := client.HasExtension("limits@openssh.com"); ok {
		c.packet = largePacket
		err = errors.Join(sftp.MaxPacketUnchecked(largePacket)(client), sftp.MaxConcurrentRequestsPerFile(inFlight/largePacket)(client))
	}
	return c, err
}

// Close ends the conversation, and waits for the server to end its side.
func (c *Client) Close() error { return c.sftp.Close() }

// requests is how many requests a file of a size is worth.
func (c *Client) requests(size int64) int {
	return int(min(size/c.packet+1, inFlight/c.packet))
}

// clean gives a path in the workspace as the server is asked for it. Empty is
// the home folder, as is ~, which sftp does not know.
func clean(remote string) string {
	switch {
	case remote == "" || remote == "~" || remote == "~/":
		return "."
	case len(remote) > 2 && remote[:2] == "~/":
		return path.Clean(remote[2:])
	}
	return path.Clean(remote)
}

func (o Options) note(format string, args ...any) {
	if o.Note != nil {
		o.Note(workspace.Safe(fmt.Sprintf(format, args...)))
	}
}
