package cli

// A shell inside the program is to outlive the connection: a laptop sleeps, a
// network goes. Where the workspace has tmux or dtach, the shell runs in one of
// its sessions, and a connection that comes back finds it again. The tmux is a
// server of its own without a status line, without a prefix key and without the
// other screen, so that nothing of it is to be seen: the user's own tmux, inside
// of it, knows nothing of it either.
//
// Only a container has such shells: they would outlive the workspace elsewhere,
// in the sandbox for example.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/berth-sh/berth/tunnel"
)

// bootDir is in every workspace's container, and nowhere else.
const bootDir = "/etc/berth/boot"

// findKeeper prints what can keep a shell, and then tmux's sessions with the
// number of their clients.
const findKeeper = `[ -d "$1" ] || exit 0
if command -v tmux >/dev/null 2>&1; then
	echo tmux
	tmux -L berth list-sessions -F '#{session_name} #{session_attached}' 2>/dev/null || true
elif command -v dtach >/dev/null 2>&1; then
	echo dtach
fi`

// startTmux attaches to session $1 or makes it. $2 is what the shell prints
// first.
const startTmux = `term=screen-256color
infocmp tmux-256color >/dev/null 2>&1 && term=tmux-256color
exec tmux -L berth -f /dev/null start-server \; \
	set -g status off \; set -g prefix None \; set -g prefix2 None \; set -g escape-time 0 \; set -g history-limit 10000 \; \
	set -g set-titles on \; set -g set-titles-string '#T' \; set -g set-clipboard on \; set -g focus-events on \; \
	set -g default-terminal "$term" \; set -g terminal-overrides ',*:Tc:smcup@:rmcup@' \; \
	set -g default-command 'cat /etc/motd 2>/dev/null; exec env -u TMUX -u TMUX_PANE "${SHELL:-/bin/sh}" -l' \; \
	new-session -A -D -s "$1"`

// startDtach does the same with dtach. The shell's process id is kept, to end it.
const startDtach = `dir=/tmp/berth-$(id -u)
mkdir -p -m 700 "$dir" && [ -O "$dir" ] || exit 1
exec dtach -A "$dir/$1" -E -z -r winch sh -c 'echo $$ >"$0.pid"; cat /etc/motd 2>/dev/null; exec "${SHELL:-/bin/sh}" -l' "$dir/$1"`

// endTmux and endDtach end session $1 with what runs in it.
const (
	endTmux  = `tmux -L berth kill-session -t "=$1"`
	endDtach = `dir=/tmp/berth-$(id -u); kill -HUP "$(cat "$dir/$1.pid")"; rm -f "$dir/$1.pid"`
)

// keeper is what keeps a workspace's shells, "" for nothing.
type keeper struct {
	tool  string
	taken map[string]bool // sessions that exist, and whether somebody is attached
}

// askTimeout is how long a workspace may take to say what it has.
const askTimeout = 5 * time.Second

// askKeeper finds out what a workspace has.
func askKeeper(ctx context.Context, client *tunnel.Client, marker string) keeper {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var out bytes.Buffer
	code, err := client.Exec(ctx, tunnel.Quote([]string{"sh", "-c", findKeeper, "berth", marker}), tunnel.Streams{Out: &out}, nil, nil)
	if err != nil || code != 0 {
		return keeper{} // a shell that does not outlive its connection is better than none
	}
	return readKeeper(out.String())
}

// readKeeper reads what findKeeper prints.
func readKeeper(text string) keeper {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	k := keeper{taken: map[string]bool{}}
	if tool := lines[0]; tool == "tmux" || tool == "dtach" {
		k.tool = tool
	}
	for _, line := range lines[1:] {
		if name, clients, ok := strings.Cut(line, " "); ok {
			k.taken[name] = clients != "0"
		}
	}
	return k
}

// session names the session for a shell: one that nobody is attached to and
// that none of the shells here has. found says that it is there already.
func (k keeper) session(self string, ours []string) (name string, found bool) {
	for n := 1; ; n++ {
		name = fmt.Sprintf("berth-%s-%d", self, n)
		attached, exists := k.taken[name]
		if !attached && !slices.Contains(ours, name) {
			return name, exists
		}
	}
}

// command is what starts, or goes on with, a session.
func (k keeper) command(session string) string {
	return sessionCommand(map[string]string{"tmux": startTmux, "dtach": startDtach}[k.tool], session)
}

// end is what ends one.
func (k keeper) end(session string) string {
	return sessionCommand(map[string]string{"tmux": endTmux, "dtach": endDtach}[k.tool], session)
}

func sessionCommand(script, session string) string {
	return tunnel.Quote([]string{"sh", "-c", script, "berth", session})
}

// self tells the sessions of this user on this machine from others: only these
// are gone on with. Those of dtach tell nobody whether somebody is attached, so
// there it is this process.
func (k keeper) self(home string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	if k.tool == "dtach" {
		host += fmt.Sprint("\x00", os.Getpid())
	}
	sum := sha256.Sum256([]byte(host + "\x00" + home))
	return fmt.Sprintf("%x", sum[:4])
}
