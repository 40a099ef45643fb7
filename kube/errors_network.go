package kube

// Failures on the way to the API server: no answer, no name, a wrong
// certificate, a credential plugin that does not work.

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"

	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/berth-sh/berth/workspace"
)

// explainNetwork handles everything that is no answer of the API server; nil
// for errors it does not know.
func explainNetwork(err error, host string) error {
	var requested *url.Error
	if errors.As(err, &requested) {
		if u, perr := url.Parse(requested.URL); perr == nil && u.Host != "" {
			host = u.Host
		}
	}
	host = workspace.Safe(hostOf(host))
	var said *pluginError
	if errors.As(err, &said) || strings.Contains(err.Error(), "getting credentials: ") {
		return explainPlugin(err)
	}
	if why, hint := networkCause(err); why != "" {
		return workspace.WithHint(workspace.WithKind(workspace.ErrUnreachable, saying(err, "API server %s %s", host, why)), hint)
	}
	if requested != nil {
		return workspace.WithHint(workspace.WithKind(workspace.ErrUnreachable, saying(err, "API server %s cannot be reached: %v", host, requested.Err)),
			"check network, VPN and the kubeconfig's server")
	}
	return nil
}

// networkCause gives the end of the sentence "API server HOST …" and the next
// step, or "" for an error it does not know.
func networkCause(err error) (why, hint string) {
	var dns *net.DNSError
	var unknownCA x509.UnknownAuthorityError
	var wrongName x509.HostnameError
	var invalid x509.CertificateInvalidError
	var notTLS tls.RecordHeaderError
	switch {
	case errors.As(err, &dns):
		return "has a name that does not resolve", "check the kubeconfig's server, DNS and VPN"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refuses connections", "is the cluster running? the embedded one starts with: berth sandbox up"
	case errors.As(err, &unknownCA):
		return "has a certificate that the kubeconfig's CA did not sign", "fetch the kubeconfig again; a proxy in between may also replace certificates"
	case errors.As(err, &wrongName):
		return fmt.Sprintf("has a certificate for another name: %v", wrongName), "check the kubeconfig's server and tls-server-name"
	case errors.As(err, &invalid):
		return fmt.Sprintf("has a certificate that is not valid: %v", invalid), "check this machine's clock, then the cluster's certificates"
	case errors.As(err, &notTLS):
		return "does not speak TLS on this port", "check the kubeconfig's server"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), utilnet.IsTimeout(err):
		hint = "check network and VPN"
		if requested := new(url.Error); !errors.As(err, &requested) || requested.Op != "Get" {
			hint += "; a write may have happened, so look before repeating it"
		}
		return "did not answer in time", hint
	case utilnet.IsConnectionReset(err), utilnet.IsProbableEOF(err), utilnet.IsHTTP2ConnectionLost(err):
		return "closed the connection", "try again in a moment"
	}
	return "", ""
}

// explainPlugin handles a credential plugin that is missing, failed or printed
// something else than credentials.
func explainPlugin(err error) error {
	hint := "login needed: run kubectl get namespaces, which starts the same plugin"
	var said *pluginError
	if errors.As(err, &said) {
		if said.word == ReportMissing && said.hint != "" {
			hint = workspace.SafeText(said.hint)
		}
		return workspace.WithHint(workspace.WithKind(workspace.ErrForbidden, &loginError{saying(err, "%s", said.Error())}), hint)
	}
	_, why, _ := strings.Cut(err.Error(), "getting credentials: ")
	why, _, _ = strings.Cut(why, "\n")
	why = strings.TrimPrefix(why, "exec: ")
	return workspace.WithHint(workspace.WithKind(workspace.ErrForbidden, &loginError{saying(err, "the kubeconfig's credential plugin failed: %s", why)}), hint)
}
