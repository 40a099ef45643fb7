package kube

// What a cluster publishes about itself. Whoever may write the ConfigMap is
// trusted with a gateway's address, not with this machine: every value passes
// its grammar, and one that does not is left out with a warning, so that a
// typing error in a template does not lock everybody out.

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/berth-sh/berth/assets"
	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// installationVersion is the version of the ConfigMap that this program reads.
const installationVersion = 1

// maxInstallation caps what is parsed, in bytes; an API object holds more.
const maxInstallation = 512 << 10

var (
	hostGrammar = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9.:-]{0,251}[a-zA-Z0-9])?$`)
	kindGrammar = regexp.MustCompile(`^[a-z][a-z-]{0,30}$`)
)

// Installation reads what the cluster publishes in ConfigMap `berth`. Where
// there is none, or it may not be read, the answer is an installation without
// gateway and with the built-in templates. Single bad values are left out and
// reported through Options.Warn; a version that this program does not know is
// an error, and the answer is then as if nothing were published.
func (c *Client) Installation(ctx context.Context) (workspace.Installation, error) {
	inst, err := c.installation(ctx, c.warn)
	return c.withTemplates(inst), err
}

// installation is what is published, without the built-in templates. warn
// receives what was left out: whoever only looks again need not hear it again.
func (c *Client) installation(ctx context.Context, warn func(string)) (workspace.Installation, error) {
	cm, err := c.clientset.CoreV1().ConfigMaps(workspace.GatewayNamespace).Get(ctx, workspace.InstallationName, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		return workspace.Installation{}, nil
	case err != nil:
		return workspace.Installation{}, fmt.Errorf("reading the installation: %w", c.explain(err))
	}
	return ParseInstallation([]byte(cm.Data[workspace.InstallationKey]), warn)
}

// withTemplates adds the built-in templates where none are published.
func (c *Client) withTemplates(inst workspace.Installation) workspace.Installation {
	if len(inst.Templates) > 0 {
		return inst
	}
	docs, err := assets.Templates()
	if err != nil {
		c.warn(fmt.Sprintf("built-in templates: %v", err))
		return inst
	}
	for _, doc := range docs {
		inst.Templates = appendTemplate(inst.Templates, doc, c.warn)
	}
	return inst
}

// ParseInstallation reads the ConfigMap's document. warn receives one line for
// each value that was left out.
func ParseInstallation(data []byte, warn func(string)) (workspace.Installation, error) {
	inst, err := parseInstallation(data, warn)
	if err != nil {
		err = workspace.WithHint(fmt.Errorf("reading ConfigMap %s/%s: %w", workspace.GatewayNamespace, workspace.InstallationName, err),
			"berth goes on without a gateway; tell the cluster's administrator, or update berth")
	}
	return inst, err
}

func parseInstallation(data []byte, warn func(string)) (workspace.Installation, error) {
	var inst workspace.Installation
	if len(data) > maxInstallation {
		return inst, fmt.Errorf("%d bytes, at most %d are read", len(data), maxInstallation)
	}
	doc := map[string]any{}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return inst, safeError(err)
	}
	fields := map[string]json.RawMessage{}
	for key, value := range doc {
		raw, err := json.Marshal(value)
		if err != nil {
			return inst, safeError(err)
		}
		fields[key] = raw
	}
	if err := json.Unmarshal(fields["version"], &inst.Version); err != nil {
		return workspace.Installation{}, errors.New("it names no version")
	}
	if inst.Version != installationVersion {
		return workspace.Installation{}, fmt.Errorf("version %d, this berth reads version %d", inst.Version, installationVersion)
	}
	readString(fields, "cluster", &inst.Cluster, func(s string) bool { return workspace.ClusterSlug(s) == s }, warn)
	readString(fields, "evictions", &inst.Evictions, func(s string) bool { return s == "block" || s == "allow" }, warn)
	readString(fields, "defaultImage", &inst.DefaultImage, func(s string) bool { return (workspace.Spec{Image: s}).Validate() == nil }, warn)
	inst.Gateway = readGateway(fields["gateway"], warn)
	var templates []json.RawMessage
	if raw := fields["templates"]; raw != nil && json.Unmarshal(raw, &templates) != nil {
		warn("installation: templates is not a list")
	}
	for _, t := range templates {
		inst.Templates = appendTemplate(inst.Templates, t, warn)
	}
	return inst, nil
}

// readString sets one field that passes its grammar.
func readString(fields map[string]json.RawMessage, key string, to *string, ok func(string) bool, warn func(string)) {
	raw := fields[key]
	if raw == nil {
		return
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil || !ok(s) {
		warn(fmt.Sprintf("installation: %s %s is not allowed, ignored", key, workspace.Safe(string(raw))))
		return
	}
	*to = s
}

// readGateway returns the gateway, or none at all when part of it is wrong:
// half a gateway would send people to the wrong place.
func readGateway(raw json.RawMessage, warn func(string)) workspace.Gateway {
	if raw == nil {
		return workspace.Gateway{}
	}
	var g workspace.Gateway
	if err := json.Unmarshal(raw, &g); err != nil {
		warn("installation: gateway is not readable, ignored: " + workspace.Safe(err.Error()))
		return workspace.Gateway{}
	}
	if err := checkGateway(g); err != nil {
		warn("installation: gateway ignored: " + workspace.Safe(err.Error()))
		return workspace.Gateway{}
	}
	return g
}

func checkGateway(g workspace.Gateway) error {
	if !kindGrammar.MatchString(g.Kind) {
		return fmt.Errorf("kind %q is not a name", g.Kind)
	}
	if g.Address != "" && g.Kind != route.KindTCPPort {
		host, port, err := net.SplitHostPort(g.Address)
		if err != nil || !hostGrammar.MatchString(host) {
			return fmt.Errorf("address %q is not HOST:PORT", g.Address)
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("address %q has no port between 1 and 65535", g.Address)
		}
	}
	if g.Domain != "" && (!hostGrammar.MatchString(g.Domain) || net.ParseIP(g.Domain) != nil) {
		return fmt.Errorf("domain %q is not a host name", g.Domain)
	}
	if n := g.TLS.ServerName; n != "" && n != "*" && !hostGrammar.MatchString(n) {
		return fmt.Errorf("tls.serverName %q is neither a host name nor *", n)
	}
	if g.TLS.ServerName == "*" && g.TLS.CA == "" {
		return errors.New("tls.serverName * needs tls.ca: below public roots any name is nobody's")
	}
	for field, value := range map[string]string{"tls.clientCertificate": g.TLS.ClientCertificate, "token": g.Token} {
		if value != "" && value != workspace.Required {
			return fmt.Errorf("%s %q is not %q", field, value, workspace.Required)
		}
	}
	if g.Token != "" && !g.TLS.Enabled() {
		return errors.New("token without tls: it would be sent where others can read it")
	}
	if g.TLS.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(g.TLS.CA)) {
		return errors.New("tls.ca holds no PEM certificate")
	}
	if g.ServicePort < 0 || g.ServicePort > 65535 {
		return fmt.Errorf("servicePort %d is not between 1 and 65535", g.ServicePort)
	}
	return checkOwn(g)
}

// appendTemplate adds one template, unless a value of it fails its grammar or
// its name is taken.
func appendTemplate(to []workspace.Template, doc []byte, warn func(string)) []workspace.Template {
	var t workspace.Template
	if err := yaml.Unmarshal(doc, &t); err != nil {
		warn("installation: template ignored: " + workspace.Safe(err.Error()))
		return to
	}
	t.Description = workspace.Safe(t.Description)
	spec := workspace.Spec{Template: t.Name, Image: t.Image, CPU: t.CPU, Memory: t.Memory, Disk: t.Disk, GPU: t.GPU, Profile: t.Profile, PodTemplate: t.PodTemplate}
	err := spec.Validate()
	if err == nil && t.Name == "" {
		err = errors.New("it has no name")
	}
	for _, other := range to {
		if err == nil && other.Name == t.Name {
			err = errors.New("another one has the same name")
		}
	}
	if err != nil {
		warn(fmt.Sprintf("installation: template %q ignored: %v", workspace.Safe(t.Name), workspace.Safe(err.Error())))
		return to
	}
	return append(to, t)
}
