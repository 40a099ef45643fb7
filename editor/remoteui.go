package editor

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// remoteSocket is where Neovim listens in the workspace, below the user's home.
const remoteSocket = ".cache/berth-nvim.sock"

// releaseTimeout bounds the question what a program calls itself.
const releaseTimeout = 5 * time.Second

// remoteUIRelease is the first Neovim that shows one that runs elsewhere, and
// the first that can be shown: an older one leaves the screen empty.
const remoteUIRelease = "0.9"

// Fit says what keeps e's program on this machine from doing its part.
func (e Editor) Fit(ctx context.Context) error {
	if e.row.family != remoteUI {
		return nil
	}
	local := e
	local.Name, local.Program = "Neovim on this machine", e.row.programs[0]
	out, err := local.command(ctx, releaseTimeout, "--version")
	if err != nil {
		return workspace.WithHint(err, "install Neovim "+remoteUIRelease+" or newer here, or run it in the workspace: --in nvim")
	}
	_, rest, _ := strings.Cut(string(out), " ")
	called, _, _ := strings.Cut(rest, "\n")
	have, err := release(strings.TrimSpace(called))
	if err == nil && olderThan(have, remoteUIRelease) {
		err = fmt.Errorf("this machine's Neovim is %s, and shows one that runs elsewhere only from %s on", have, remoteUIRelease)
		return workspace.WithHint(err, "install a newer one, or run it in the workspace: --in nvim")
	}
	return nil // what it calls itself may be anything
}

// serveNeovim starts Neovim in the folder $1, unless one listens already, says
// when it listens, and stays until its input ends: as long as this session is
// there, the socket is carried. It speaks to any POSIX shell.
const serveNeovim = `s=$HOME/` + remoteSocket + `
mkdir -p "$HOME/.cache" && cd "$1" || exit 1
if ! nvim --server "$s" --remote-expr 1 >/dev/null 2>&1; then
	rm -f "$s"
	nvim --headless --listen "$s" >/dev/null 2>&1 </dev/null &
fi
n=0
until [ -S "$s" ]; do
	n=$((n + 1))
	if [ "$n" -gt 50 ]; then
		echo "Neovim does not listen in the workspace" >&2
		exit 1
	fi
	sleep 0.1
done
echo ready
exec cat >/dev/null`

// planRemoteUI runs Neovim in the workspace and its screen here, so that keys
// are felt here and the editor stays there when the connection is lost.
func (e Editor) planRemoteUI(l Launch, t Target) (Launch, error) {
	if !filepath.IsAbs(t.Socket) || !printable(t.Socket) || strings.ContainsAny(t.Socket, ": \t$%") {
		return Launch{}, workspace.Usagef("path %q cannot be a forwarded socket", workspace.Safe(t.Socket))
	}
	if !filepath.IsAbs(t.Home) || !printable(t.Home) || strings.ContainsAny(t.Home, ":$%") {
		return Launch{}, workspace.Usagef("home %q cannot hold a forwarded socket", workspace.Safe(t.Home))
	}
	l.Beside = append([]string{e.Program}, t.SSHArgs...)
	l.Beside = append(l.Beside, "-o", "ExitOnForwardFailure=yes", "-L", t.Socket+":"+strings.TrimSuffix(t.Home, "/")+"/"+remoteSocket, t.Alias, "--",
		"sh", "-c", quote(serveNeovim), "sh", quote(t.Path))
	l.Argv = []string{e.row.programs[0], "--server", t.Socket, "--remote-ui"}
	l.Copy = commandLine(l.Beside) + " & " + commandLine(l.Argv)
	return l, nil
}
