package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/kube/gateway"
	"github.com/berth-sh/berth/workspace"
)

func newGateway(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "gateway", Short: "Install and check a gateway (for administrators)"}
	cmd.AddCommand(newGatewayManifest(a), newGatewayCheck(a))
	return cmd
}

func newGatewayManifest(a *app) *cobra.Command {
	var o gateway.Options
	var grants []string
	var files securityFiles
	cmd := &cobra.Command{
		Use:   "manifest --kind KIND --domain DOMAIN",
		Short: "Print what makes a gateway, for kubectl apply",
		Long: `Print everything that an administrator installs once: the gateway in a namespace
of its own, the rules that fence it, the ConfigMap that every berth reads, and the
roles of developers. The output is commented: read it, then apply it.

  istio              a VirtualService for each workspace; the default with Istio
  istio-static       nothing for each workspace; routes by the host's name
  istio-envoyfilter  an EnvoyFilter for each workspace; gives the gateway away
  envoy-gateway      an HTTPRoute and a policy for each workspace; needs Envoy Gateway
  envoy              nothing for each workspace; an Envoy that needs nothing else
  tcp-port           one of the gateway's ports for each workspace: plain TCP
  load-balancer      a load balancer of the cloud for each workspace, no gateway
  port-forward       nothing but roles: everybody goes through the API server

With --tls-secret the gateway speaks TLS, with --client-ca it takes only clients
that have a certificate, with --jwt-issuer only those that have a token.`,
		Example: `  berth gateway manifest --kind istio --domain ssh.example.com --grant team-a=group:team-a | kubectl apply -f -
  berth gateway manifest --kind envoy --domain ssh.example.com --for team-a --for team-b | kubectl apply -f -
  berth gateway manifest --domain ssh.example.com --address connect.ssh.example.com:443 \
      --tls-secret connect-tls --tls-ca ca.pem --client-ca people.pem`,
		Args: exactly(0, ""),
		RunE: func(*cobra.Command, []string) error {
			for _, text := range grants {
				g, err := parseGrant(text)
				if err != nil {
					return err
				}
				o.Grants = append(o.Grants, g)
			}
			if err := files.read(&o); err != nil {
				return err
			}
			data, err := gateway.Manifest(o)
			if err != nil {
				return err
			}
			_, err = a.out.Write(data)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Kind, "kind", "istio", "`kind` of gateway: "+strings.Join(gateway.Kinds(), ", "))
	f.StringVar(&o.Domain, "domain", "", "DNS `name` below which workspaces are named")
	f.StringVar(&o.Address, "address", "", "`HOST:PORT` of the load balancer (default DOMAIN:80, with TLS DOMAIN:443); HOST with kind tcp-port")
	f.StringVar(&o.Ports, "ports", "", "`FIRST-LAST`: the ports of kind tcp-port (default 31000-31015)")
	f.StringVar(&o.Cluster, "cluster", "", "short `name` of the cluster, for aliases")
	f.StringSliceVar(&o.Namespaces, "for", nil, "`namespace` whose workspaces may use it; repeat (default all)")
	f.StringArrayVar(&grants, "grant", nil, "`NAMESPACE=USER` or NAMESPACE=group:GROUP gets role berth-developer; repeat")
	f.StringSliceVar(&o.SourceRanges, "source-range", nil, "`ADDRESS/BITS` that may reach the load balancer; repeat (default everybody)")
	f.StringToStringVar(&o.Annotations, "annotation", nil, "`KEY=VALUE` on the load balancer's Service; repeat")
	securityFlags(cmd, &o, &files)
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(gateway.Kinds(), cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return cmd
}

// parseGrant reads NAMESPACE=USER or NAMESPACE=group:GROUP.
func parseGrant(text string) (gateway.Grant, error) {
	namespace, name, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return gateway.Grant{}, workspace.Usagef("--grant %q is not NAMESPACE=USER or NAMESPACE=group:GROUP", workspace.Safe(text))
	}
	group, isGroup := strings.CutPrefix(name, "group:")
	return gateway.Grant{Namespace: namespace, Group: isGroup, Name: group}, nil
}
