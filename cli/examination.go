package cli

import (
	"context"
	"time"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// examination is what one run of doctor has found so far: each check leaves for
// the next ones what they need.
type examination struct {
	app  *app
	name string

	client    *kube.Client // nil without a cluster
	namespace string
	inst      workspace.Installation
	w         workspace.Workspace
	found     bool

	file         alias.File // how it is reached
	imported     bool       // the file was, so no cluster is asked
	gatewayAlone bool       // the file is of a workspace that is not there
	addresses    []string   // of the gateway
	hops, total  map[connect.Step]time.Duration

	ssh     *tunnel.Client // logged in
	refused error          // why not

	report workspace.Report
}

// examiner implements tui.Examiner.
type examiner struct{ fleet *fleet }

// Examine implements tui.Examiner.
func (x examiner) Examine(ctx context.Context, w workspace.Workspace, hear func(workspace.Check)) {
	e := &examination{app: x.fleet.of(w), name: w.String()}
	e.run(ctx, hear)
}

// looks are all checks, in the order of the way.
func (e *examination) looks() []look {
	e.hops, e.total = map[connect.Step]time.Duration{}, map[connect.Step]time.Duration{}
	return []look{
		{"kubeconfig", nil, lookKubeconfig},
		{"api", []string{"kubeconfig"}, lookAPI},
		{"permissions", []string{"api"}, lookPermissions},
		{"installation", []string{"api"}, lookInstallation},
		{"workspace", []string{"api"}, lookWorkspace},
		{"full", []string{"api"}, lookFull},
		{"alias", nil, lookAlias},
		{"dns", []string{"alias"}, lookDNS},
		{"tcp", []string{"dns"}, lookTCP},
		{"proxy", []string{"dns"}, lookProxy},
		{"tls", []string{"tcp", "proxy"}, lookTLS},
		{"connect", []string{"tls"}, lookConnect},
		{"endpoint", []string{"workspace"}, lookEndpoint},
		{"sshd", []string{"connect"}, lookSSHD},
		{"host-key", []string{"sshd"}, lookHostKey},
		{"login", []string{"host-key"}, lookLogin},
		{"shell", []string{"login"}, lookShell},
		{"sftp", []string{"login"}, lookSFTP},
		{"forward", []string{"login"}, lookForward},
		{"known-hosts", []string{"alias"}, lookKnownHosts},
		{"ssh-config", nil, lookSSHConfig},
		{"clock", []string{"api"}, lookClock},
	}
}

// close ends what the checks have left open.
func (e *examination) close() {
	if e.ssh != nil {
		_ = e.ssh.Close() // everything was asked
	}
}

// readImported reports whether the examination is of an imported alias.
func (e *examination) readImported() bool {
	f, ok, err := e.app.imported(e.name)
	if err == nil && ok {
		e.file, e.imported = f, true
	}
	return e.imported
}
