package sshconf

// What the generated config says, and why.
//
// Each alias has a Host block of its own, because the pickers of editors list
// literal names only. What is equal for all of them stands once, in a last
// block for *.*.berth: ssh reads the whole file at every start, for every host
// of the user, and a thousand full blocks cost it ten times as much.
//
// The file is included at the top of the user's, and ssh takes the first value
// it meets, so each keyword here also says what a user's `Host *` cannot
// inject. Keywords are at most as new as OpenSSH 7.6: one that a client does
// not know would end every ssh call. There are no comments beside the values,
// because other programs read this file with parsers of their own.

import (
	"bufio"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/berth-sh/berth/workspace/alias"
)

const header = "# Written by berth. Changes made here are lost.\n"

// maxIdentities is below sshd's MaxAuthTries of 6: it hangs up on the sixth
// key that it does not want.
const maxIdentities = 5

// shared holds the keywords without a variable part, in the order written.
var shared = [...]string{
	// Tokens and known_hosts see the alias, whatever `HostName` a `Host *` has.
	"HostName %h",
	"Port 22",
	// Only the pin counts. DNS may not vouch for a key, and the server may not
	// hand out others. Other algorithms would ask for keys that are not pinned.
	"StrictHostKeyChecking yes",
	"VerifyHostKeyDNS no",
	"HostKeyAlgorithms ssh-ed25519",
	"UpdateHostKeys no",
	// An alias is no DNS name: looking it up would leak it and take seconds.
	"CanonicalizeHostname no",
	// Nothing may prompt in an editor, so no passwords, and keys always.
	"PubkeyAuthentication yes",
	"PreferredAuthentications publickey",
	// The helper has shorter limits of its own and says why it gave up; a limit
	// of 2 s made for a local network would cut a far API server off.
	"ConnectTimeout 60",
	// Idle timers on the way never fire, and a session outlives ten minutes
	// without network.
	"ServerAliveInterval 15",
	"ServerAliveCountMax 40",
	// A workspace is not trusted with the user's agent or display.
	"ForwardAgent no",
	"ForwardX11 no",
	"Tunnel no",
	// A forced terminal corrupts rsync, git and sftp; a remote or local command
	// breaks every editor; forwards of a `Host *` may fail without harm.
	"RequestTTY auto",
	"RemoteCommand none",
	"PermitLocalCommand no",
	"ExitOnForwardFailure no",
	// Editors open forwards on each connection; on a shared master these leak
	// and collide.
	"ControlMaster no",
	"ControlPath none",
}

// settings is what every alias shares.
type settings struct {
	proxy      string   // ProxyCommand without the alias, already quoted
	knownHosts string   // as the config names it
	identities []string // IdentityFile values, already quoted; none leaves ssh's defaults
}

// sshPasses says whether this system's ssh takes a connection from its helper.
const sshPasses = runtime.GOOS != "windows"

// reach is the ProxyCommand of an alias and its ProxyUseFdpass: only a plain
// socket can be handed to ssh, all else the helper copies. A proxy that only
// the environment names is not known here; the helper sees to that.
func reach(proxy string, f alias.File) (command, fdpass string) {
	if sshPasses && f.Plain() {
		return proxy + " --fdpass " + f.Alias, "yes"
	}
	return proxy + " " + f.Alias, "no"
}

// script is a file in the making. Its first error is kept for Flush.
type script struct{ *bufio.Writer }

func (s script) add(text string) { _, _ = s.WriteString(text) }

// renderConfig writes the whole config file. Files that break the grammar must
// have been refused before.
func renderConfig(w io.Writer, files []*alias.File, s settings) error {
	b := script{bufio.NewWriter(w)}
	b.add(header)
	for _, f := range sorted(files) {
		b.add("\nHost " + f.Alias + "\n")
		b.add("  User " + f.User + "\n")
		// The literal alias: %h and %r would bring in text from other files.
		command, fdpass := reach(s.proxy, *f)
		b.add("  ProxyCommand " + command + "\n")
		b.add("  ProxyUseFdpass " + fdpass + "\n")
		b.add("  HostKeyAlias " + f.Alias + "\n")
	}
	b.add("\nHost *.*.berth\n")
	for _, line := range shared {
		b.add("  " + line + "\n")
	}
	b.add("  UserKnownHostsFile \"" + s.knownHosts + "\"\n")
	// The same file again, so that no key of the machine's own list counts;
	// `none` is a file name to older versions.
	b.add("  GlobalKnownHostsFile \"" + s.knownHosts + "\"\n")
	for _, id := range s.identities[:min(len(s.identities), maxIdentities)] {
		b.add("  IdentityFile " + id + "\n")
	}
	if len(s.identities) > 0 {
		b.add("  IdentitiesOnly yes\n")
	}
	return b.Flush()
}

// renderKnownHosts writes the pins. An alias without one gets no line, so ssh
// refuses it.
func renderKnownHosts(w io.Writer, files []*alias.File) error {
	b := script{bufio.NewWriter(w)}
	for _, f := range sorted(files) {
		if f.HostKey != "" {
			b.add(f.Alias + " " + f.HostKey + "\n")
		}
	}
	return b.Flush()
}

// sorted orders files by alias.
func sorted(files []*alias.File) []*alias.File {
	byAlias := func(a, b *alias.File) int { return strings.Compare(a.Alias, b.Alias) }
	if slices.IsSortedFunc(files, byAlias) {
		return files
	}
	return slices.SortedFunc(slices.Values(files), byAlias)
}

// inOrder gives the files of a map, which are keyed by their alias, in order.
func inOrder(files map[string]*alias.File) []*alias.File {
	list := make([]*alias.File, 0, len(files))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = append(list, files[name])
	}
	return list
}
