package bundle

// What the values of a bundle may be. They come from strangers and go to alias
// files, ssh configs, a CONNECT request and a terminal.

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

var (
	hostGrammar = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
	idGrammar   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,126}[A-Za-z0-9])?$`)
)

// validate checks every value.
func (b Bundle) validate() error {
	if _, _, err := workspace.ParseAlias(b.Alias); err != nil {
		return err
	}
	if !idGrammar.MatchString(b.Cluster.ID) {
		return workspace.Usagef("cluster id %q is not allowed", workspace.Safe(b.Cluster.ID))
	}
	if n := b.Cluster.Name; n != "" && workspace.ClusterSlug(n) != n {
		return workspace.Usagef("cluster name %q is not allowed", workspace.Safe(n))
	}
	if b.UID != "" && !idGrammar.MatchString(b.UID) {
		return workspace.Usagef("uid %q is not allowed", workspace.Safe(b.UID))
	}
	if err := workspace.ValidateUser(b.User); err != nil {
		return err
	}
	if _, err := sshconf.Fingerprint(b.HostKey); err != nil {
		return err
	}
	return b.validateWay()
}

// validateWay checks how the workspace is reached.
func (b Bundle) validateWay() error {
	if err := validateHostPort("address", b.Address); err != nil {
		return err
	}
	switch b.Transport {
	case alias.Gateway:
		if err := validateHostPort("authority", b.Authority); err != nil {
			return err
		}
	case alias.Direct:
		if b.Authority != "" || b.TLS != nil {
			return workspace.Usagef("an address of the workspace's own has neither authority nor tls")
		}
	default:
		return workspace.Usagef("transport %q is neither %s nor %s", workspace.Safe(string(b.Transport)), alias.Gateway, alias.Direct)
	}
	for _, credential := range b.Wants {
		if credential != Token && credential != ClientCertificate {
			return workspace.Usagef("the gateway wants %q, which this berth cannot show", workspace.Safe(credential))
		}
	}
	if b.TLS == nil {
		if len(b.Wants) > 0 {
			return workspace.Usagef("the gateway wants credentials without tls: others could read them")
		}
		return nil
	}
	return b.TLS.validate()
}

func (t TLS) validate() error {
	if n := t.ServerName; n != "" && n != "*" && !hostGrammar.MatchString(n) {
		return workspace.Usagef("tls server name %q is neither a host name nor *", workspace.Safe(n))
	}
	if t.ServerName == "*" && t.CA == "" {
		return workspace.Usagef("tls server name * needs a ca: below public roots any name is nobody's")
	}
	if t.CA == "" {
		return nil
	}
	_, err := Certificates(t.CA)
	return err
}

// Certificates reads PEM text that holds certificates alone.
func Certificates(text string) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	rest := []byte(text)
	for strings.TrimSpace(string(rest)) != "" {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, workspace.Usagef("tls ca is not PEM throughout")
		}
		if block.Type != "CERTIFICATE" {
			return nil, workspace.Usagef("tls ca holds a %s, it may hold certificates alone", workspace.Safe(block.Type))
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, workspace.Usagef("tls ca holds something that is not a certificate")
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, workspace.Usagef("tls ca holds no certificate")
	}
	return certs, nil
}

// validateHostPort wants HOST:PORT, where HOST may be an address.
func validateHostPort(field, value string) error {
	host, port, err := net.SplitHostPort(value)
	if err != nil || !hostGrammar.MatchString(host) && net.ParseIP(host) == nil {
		return workspace.Usagef("%s %q is not HOST:PORT", field, workspace.Safe(value))
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return workspace.Usagef("%s %q has no port between 1 and 65535", field, workspace.Safe(value))
	}
	return nil
}
