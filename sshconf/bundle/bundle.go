// Package bundle is the small text by which a workspace is handed to somebody
// without access to the cluster: what an alias needs, and nothing secret.
//
// A bundle is YAML, or JSON, which is the same to its reader. It travels by
// mail and chat, so it is small, survives changed line ends and indentation,
// and ends in a sum over its values: one that was cut short or edited on the
// way is noticed. The sum is no signature. Whoever can replace a bundle can
// also compute it, so whoever imports one is shown the host key's fingerprint
// and the gateway, and compares them with the sender.
//
// It names no file, no program, no proxy and no kubeconfig: a bundle of a
// stranger may lead a connection to the stranger, and nowhere else.
package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	yaml "go.yaml.in/yaml/v3"

	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// Version is the only version that this package reads and writes.
const Version = 1

// MaxSize is the size in bytes of the largest bundle that is read: a few
// hundred bytes, and a chain of certificates.
const MaxSize = 64 << 10

// kind is what the first field says, so that any other file is noticed.
const kind = "workspace"

// header is the comment that a bundle begins with.
const header = "# A workspace to reach by ssh. Install it with: berth import FILE\n# There is no secret in it.\n"

// Bundle is one workspace as it is handed over.
type Bundle struct {
	Berth   string `yaml:"berth" json:"berth"` // kind
	Version int    `yaml:"version" json:"version"`

	Alias   string  `yaml:"alias" json:"alias"` // the name that the sender uses
	Cluster Cluster `yaml:"cluster" json:"cluster"`
	UID     string  `yaml:"uid,omitempty" json:"uid,omitempty"` // of the workspace
	User    string  `yaml:"user" json:"user"`
	HostKey string  `yaml:"hostKey" json:"hostKey"`

	Transport alias.Transport `yaml:"transport" json:"transport"` // gateway or direct
	Address   string          `yaml:"address" json:"address"`
	Authority string          `yaml:"authority,omitempty" json:"authority,omitempty"`
	TLS       *TLS            `yaml:"tls,omitempty" json:"tls,omitempty"`
	// Wants are the credentials that the gateway asks each user for. None of
	// them is in the bundle.
	Wants []string `yaml:"wants,omitempty" json:"wants,omitempty"`

	Sum string `yaml:"sum" json:"sum"` // over all of the above
}

// What a gateway may want.
const (
	Token             = "token"
	ClientCertificate = "client-certificate"
)

// Cluster is where the workspace lives. The identity keeps the aliases of two
// clusters apart, and lets one that is listed later know its own.
type Cluster struct {
	ID   string `yaml:"id" json:"id"`
	Name string `yaml:"name,omitempty" json:"name,omitempty"` // short, as in long aliases
}

// TLS says how the gateway is reached by TLS.
type TLS struct {
	ServerName string `yaml:"serverName,omitempty" json:"serverName,omitempty"` // "*" is any name below CA, "" the address's host
	CA         string `yaml:"ca,omitempty" json:"ca,omitempty"`                 // PEM; "" means the reader's own roots
}

// New makes a bundle of an alias. ca is the content of the file that f.CA
// names, and wants what the gateway is known to ask for beside what f has an
// answer to. An alias that only the API server leads to cannot be handed over.
func New(f alias.File, clusterName string, ca []byte, wants ...string) (Bundle, error) {
	b := Bundle{
		Berth: kind, Version: Version, Alias: f.Alias, Cluster: Cluster{ID: f.Cluster, Name: clusterName}, UID: f.UID,
		User: f.User, HostKey: f.HostKey, Transport: f.Transport, Address: f.Address, Authority: f.Authority,
	}
	if f.Transport == alias.PortForward {
		return b, workspace.WithHint(
			fmt.Errorf("%s is reached through the API server alone, which takes access to the cluster", f.Alias),
			"give them a kubeconfig with role berth-developer; or have a gateway published: berth gateway manifest --help")
	}
	if f.TLS {
		b.TLS = &TLS{ServerName: f.ServerName, CA: string(ca)}
	}
	if f.TLS && (f.TokenFile != "" || f.TokenCommand != "") || slices.Contains(wants, Token) {
		b.Wants = append(b.Wants, Token)
	}
	if f.TLS && f.ClientCert != "" || slices.Contains(wants, ClientCertificate) {
		b.Wants = append(b.Wants, ClientCertificate)
	}
	b.Sum = b.sum()
	return b, b.validate()
}

// File is the alias file that the bundle stands for. caFile is where its CA
// was put. Its alias is left to whoever installs it.
func (b Bundle) File(caFile string) alias.File {
	ref, _, _ := workspace.ParseAlias(b.Alias) // checked by Parse
	f := alias.File{
		Cluster: b.Cluster.ID, Namespace: ref.Namespace, Name: ref.Name, UID: b.UID, User: b.User, HostKey: b.HostKey,
		Transport: b.Transport, Address: b.Address, Authority: b.Authority,
	}
	if b.TLS != nil {
		f.TLS, f.ServerName, f.CA = true, b.TLS.ServerName, caFile
	}
	return f
}

// CA is the PEM text of the gateway's authorities, "" for none.
func (b Bundle) CA() string {
	if b.TLS == nil {
		return ""
	}
	return b.TLS.CA
}

// YAML is the form that is handed over.
func (b Bundle) YAML() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(header)
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(b), e.Close()); err != nil {
		return nil, fmt.Errorf("encoding the bundle: %w", err)
	}
	return out.Bytes(), nil
}

// JSON is the same for programs.
func (b Bundle) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the bundle: %w", err)
	}
	return append(data, '\n'), nil
}

// sum is over the values alone, in an order that does not depend on the form.
func (b Bundle) sum() string {
	b.Sum = ""
	data, err := json.Marshal(b)
	if err != nil {
		return "" // it is made of strings
	}
	sum := sha256.Sum256(data)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// Parse reads a bundle and checks every value. Its errors are of kind
// workspace.ErrUsage.
func Parse(data []byte) (Bundle, error) {
	b, err := parse(data)
	if err != nil {
		return Bundle{}, fmt.Errorf("reading the bundle: %w", err)
	}
	return b, nil
}

func parse(data []byte) (Bundle, error) {
	var b Bundle
	if len(data) > MaxSize {
		return b, notBundle("it is larger than %d KiB", MaxSize>>10)
	}
	// The version comes first: a newer bundle may have any other field.
	var head struct {
		Berth   string `yaml:"berth"`
		Version int    `yaml:"version"`
	}
	if err := decode(data, &head, false); err != nil {
		return b, err
	}
	switch {
	case head.Berth != kind:
		return b, notBundle("this is not a workspace that berth has exported")
	case head.Version > Version:
		return b, workspace.WithHint(workspace.Usagef("it was written by a newer berth (version %d, this one reads %d)", head.Version, Version),
			"update berth on this machine")
	case head.Version != Version:
		return b, notBundle("it has no version")
	}
	if err := decode(data, &b, true); err != nil {
		return b, err
	}
	switch b.Sum {
	case "":
		return b, workspace.WithHint(workspace.Usagef("it is cut short: the sum at its end is missing"), "ask for it again, as a file")
	case b.sum():
		return b, b.validate()
	}
	return b, workspace.WithHint(workspace.Usagef("it was changed after it was exported: its sum is wrong"), "ask for it again, as a file")
}

// decode reads one YAML document.
func decode(data []byte, into any, strict bool) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(strict)
	err := d.Decode(into)
	if errors.Is(err, io.EOF) {
		return notBundle("it is empty")
	}
	if err != nil {
		return notBundle("it is cut short, or no bundle: %s", workspace.Safe(err.Error()))
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return notBundle("something follows it")
	}
	return nil
}

func notBundle(format string, args ...any) error {
	return workspace.WithHint(workspace.Usagef(format, args...), "bundles come from: berth export NAME")
}
