package cli

// What only the user can say about a gateway: a proxy, files and a program of
// this machine. A cluster never names any of these, so they stand in the user's
// own settings, by kubeconfig context or by the name that the cluster gives
// itself, and get into alias files from there.

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// gatewaySettings are those of one gateway.
type gatewaySettings struct {
	Address           string   `yaml:"address"`           // HOST:PORT in place of the published one
	Proxy             string   `yaml:"proxy"`             // URL, or none
	TokenFile         string   `yaml:"tokenFile"`         // holds the bearer token for CONNECT
	TokenCommand      []string `yaml:"tokenCommand"`      // prints it
	ClientCertificate string   `yaml:"clientCertificate"` // PEM files
	ClientKey         string   `yaml:"clientKey"`
}

// checkGateways finds mistakes while the user can still be told which line of
// the settings they are in.
func (c userConfig) checkGateways() error {
	for _, name := range slices.Sorted(maps.Keys(c.Gateways)) {
		if err := c.Gateways[name].check(); err != nil {
			return fmt.Errorf("gateways.%s: %w", workspace.Safe(name), err)
		}
	}
	return nil
}

func (g gatewaySettings) check() error {
	if g.Address != "" && !isHostPort(g.Address) {
		return fmt.Errorf("address %q is not HOST:PORT", workspace.Safe(g.Address))
	}
	if g.Proxy != "" {
		if err := connect.CheckProxy(g.Proxy); err != nil {
			return fmt.Errorf("proxy: %s", workspace.Safe(err.Error()))
		}
	}
	for _, file := range []struct{ key, path string }{
		{"tokenFile", g.TokenFile}, {"clientCertificate", g.ClientCertificate}, {"clientKey", g.ClientKey},
	} {
		if file.path != "" && !filepath.IsAbs(file.path) && !strings.HasPrefix(file.path, "~/") {
			return fmt.Errorf("%s %q is neither an absolute path nor below ~/", file.key, workspace.Safe(file.path))
		}
	}
	for _, arg := range append([]string{g.TokenFile, g.ClientCertificate, g.ClientKey}, g.TokenCommand...) {
		if strings.ContainsAny(arg, "\r\n\x00") {
			return errors.New("a path or an argument contains a line break")
		}
	}
	switch {
	case g.TokenFile != "" && len(g.TokenCommand) > 0:
		return errors.New("tokenFile and tokenCommand are both set: one of them gives the token")
	case len(g.TokenCommand) > 0 && g.TokenCommand[0] == "":
		return errors.New("tokenCommand names no program")
	case len(g.TokenCommand) > 0 && strings.ContainsRune(g.TokenCommand[0], filepath.Separator) &&
		!filepath.IsAbs(g.TokenCommand[0]) && !strings.HasPrefix(g.TokenCommand[0], "~/"):
		return fmt.Errorf("tokenCommand %q is neither an absolute path, nor below ~/, nor a name", workspace.Safe(g.TokenCommand[0]))
	case g.ClientKey != "" && g.ClientCertificate == "":
		return errors.New("clientKey is set without clientCertificate")
	}
	return nil
}

// isHostPort reports whether text is HOST:PORT.
func isHostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	n, portErr := strconv.Atoi(port)
	odd := strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r >= 0x7f })
	return err == nil && portErr == nil && host != "" && !odd && n > 0 && n < 1<<16
}

// gatewaySettings returns what the user says about the gateway of p's cluster:
// by the context, else by the cluster's published name, which is the same from
// every context.
func (a *app) gatewaySettings(p place) (gatewaySettings, error) {
	config, err := a.config()
	if err != nil {
		return gatewaySettings{}, &settingsError{err}
	}
	if g, ok := config.Gateways[p.context]; ok {
		return g, nil
	}
	return config.Gateways[p.inst.Cluster], nil
}

// settingsError is a mistake in the user's settings, found where most failures
// are only logged.
type settingsError struct{ error }

func (e *settingsError) Unwrap() error { return e.error }

// onto writes the settings into an alias file. A workspace with an address of
// its own has no gateway to show anything to.
func (g gatewaySettings) onto(f *alias.File, home string) {
	f.Proxy = g.Proxy
	if f.Transport != alias.Gateway {
		return
	}
	if g.Address != "" {
		if f.TLS && f.ServerName == "" { // it is another way to the same gateway
			f.ServerName, _, _ = net.SplitHostPort(f.Address)
		}
		f.Address = g.Address
	}
	own := func(path string) string {
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			return filepath.Join(home, rest)
		}
		return path
	}
	f.TokenFile, f.ClientCert, f.ClientKey = own(g.TokenFile), own(g.ClientCertificate), own(g.ClientKey)
	if len(g.TokenCommand) == 0 {
		return
	}
	command := slices.Clone(g.TokenCommand)
	command[0] = own(command[0])
	// Editors that a desktop starts have another PATH. What is not there now
	// may be later, and is then looked for.
	if path, err := exec.LookPath(command[0]); err == nil && filepath.IsAbs(path) {
		command[0] = path
	}
	f.TokenCommand = strings.Join(command, "\n")
}
