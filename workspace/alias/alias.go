// Package alias reads and writes the small file behind one ssh host alias.
//
// `~/.ssh/berth/alias/ALIAS` is all that the connect path reads: no
// kubeconfig, no API, no JSON. The first line is "berth 1"; every other line is
// a key, one space, and a value that runs to the end of the line. Readers
// ignore keys they do not know, so that an older program reads a newer
// minor form; a newer version on the first line is an error.
//
// The package imports nothing heavy because it is linked
// into berth-connect, which starts once for every ssh connection.
package alias

import (
	"errors"
	"fmt"
	"strings"
)

// Version is the only form that this package reads and writes.
const Version = "1"

// Transport says how bytes reach sshd.
type Transport string

// The transports.
const (
	Gateway     Transport = "gateway"      // HTTP CONNECT through the cluster's gateway
	Direct      Transport = "direct"       // an address and port of its own
	PortForward Transport = "port-forward" // through the API server; needs a kubeconfig
)

// Known reports whether t is one of them.
func (t Transport) Known() bool { return t == Gateway || t == Direct || t == PortForward }

// ProxyNone as File.Proxy goes without a proxy, whatever the environment says.
const ProxyNone = "none"

// ErrNewer is returned by Parse for a file that a newer berth has written.
var ErrNewer = errors.New("alias file was written by a newer berth")

// ErrFormat is returned by Parse for a file that is no alias file.
var ErrFormat = errors.New("not an alias file")

// File is the content of one alias file.
type File struct {
	Alias     string // the host alias, also the file's name: NAME.NAMESPACE.berth or NAME.NAMESPACE.CLUSTER.berth
	Cluster   string // identity of the cluster (never its address); reconciliation never crosses it
	Namespace string
	Name      string // the workspace
	UID       string // of the workspace's Deployment or claim when the file was written
	User      string // login name
	HostKey   string // "ssh-ed25519 AAAA…", the pin

	Transport  Transport
	Address    string // host:port of the gateway, or of sshd when Transport is Direct
	Authority  string // host:port named in CONNECT
	TLS        bool   // TLS to the gateway
	ServerName string // expected name in the gateway's certificate; "" means the host of Address, "*" means any name below CA
	CA         string // absolute path of a PEM file; "" means the system's roots

	// What follows comes from the user's own settings, never from a cluster:
	// it names files, a program and a proxy of this machine.

	ClientCert string // absolute path of a PEM file shown to the gateway; "" means none
	ClientKey  string // absolute path of its private key
	TokenFile  string // absolute path of a file that holds the token for CONNECT
	// TokenCommand prints that token: its arguments, one a line, the program
	// first. It is run without a shell.
	TokenCommand string
	// Proxy is the URL of the proxy before the gateway, with user and password
	// where it wants them; ProxyNone means none, "" what the environment says.
	Proxy string

	Kubeconfig string // absolute path, for port-forward and as the way round an unreachable gateway; may be ""
	Context    string // context in Kubeconfig

	Origin string // Imported, or "" for an alias that follows the lists of its cluster
}

// Imported is the origin of an alias that somebody has handed over. No list
// removes it, because its cluster may never be listed from this machine.
const Imported = "import"

// Plain reports whether the connection to the gateway is a plain socket, as
// far as the file decides it. Only such a one can be handed to ssh.
func (f File) Plain() bool {
	scheme, _, _ := strings.Cut(f.Proxy, ":")
	return f.Transport != PortForward && !f.TLS && !strings.EqualFold(scheme, "https")
}

// Encode renders f. The output ends in a newline and is byte-identical for
// equal files. Values with line breaks are refused: they would forge keys.
func (f File) Encode() ([]byte, error) {
	var b strings.Builder
	b.WriteString("berth " + Version + "\n")
	for _, field := range f.fields() {
		value := *field.text
		if value == "" {
			continue
		}
		if strings.ContainsAny(value, "\r\n\x00") {
			return nil, fmt.Errorf("encoding alias %q: %s contains a line break", f.Alias, field.key)
		}
		b.WriteString(field.key + " " + value + "\n")
	}
	if f.TLS {
		b.WriteString("tls on\n")
	}
	if f.TokenCommand == "" {
		return []byte(b.String()), nil
	}
	for arg := range strings.SplitSeq(f.TokenCommand, "\n") {
		if strings.ContainsAny(arg, "\r\x00") {
			return nil, fmt.Errorf("encoding alias %q: %s contains a line break", f.Alias, tokenArg)
		}
		b.WriteString(tokenArg + " " + arg + "\n")
	}
	return []byte(b.String()), nil
}

// Parse reads what Encode wrote. It returns ErrNewer or ErrFormat, wrapped.
func Parse(data []byte) (File, error) {
	var f File
	first, rest, _ := strings.Cut(string(data), "\n")
	magic, version, ok := strings.Cut(strings.TrimRight(first, "\r"), " ")
	if !ok || magic != "berth" {
		return f, fmt.Errorf("reading alias: %w", ErrFormat)
	}
	if version != Version {
		return f, fmt.Errorf("reading alias: version %q: %w", version, ErrNewer)
	}
	fields := f.fields()
	var command []string
	for line := range strings.Lines(rest) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		switch key {
		case "tls":
			f.TLS = value == "on"
			continue
		case tokenArg:
			command = append(command, value)
			continue
		}
		for _, field := range fields {
			if field.key == key {
				*field.text = value
			}
		}
	}
	f.TokenCommand = strings.Join(command, "\n")
	if f.Alias == "" || f.Transport == "" {
		return f, fmt.Errorf("reading alias: no alias or transport: %w", ErrFormat)
	}
	return f, nil
}

// tokenArg is the key of each argument of the token command, in their order.
const tokenArg = "token-arg"

// field ties a key to the place of its value, in the order of the file.
type field struct {
	key  string
	text *string
}

func (f *File) fields() []field {
	return []field{
		{"alias", &f.Alias},
		{"cluster", &f.Cluster},
		{"namespace", &f.Namespace},
		{"name", &f.Name},
		{"uid", &f.UID},
		{"user", &f.User},
		{"host-key", &f.HostKey},
		{"transport", (*string)(&f.Transport)},
		{"address", &f.Address},
		{"authority", &f.Authority},
		{"server-name", &f.ServerName},
		{"ca", &f.CA},
		{"client-cert", &f.ClientCert},
		{"client-key", &f.ClientKey},
		{"token-file", &f.TokenFile},
		{"proxy", &f.Proxy},
		{"kubeconfig", &f.Kubeconfig},
		{"context", &f.Context},
		{"origin", &f.Origin},
	}
}
