package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
)

// etcdOptions are the flags of the etcd component.
type etcdOptions struct{ dir, listen, cert, key, ca string }

// newEtcdCommand is etcd as a component: one member, no peers. It answers
// only the API server, on loopback and with client certificates, because
// whoever reads etcd needs no permission from the API server.
func newEtcdCommand() *cobra.Command {
	var o etcdOptions
	cmd := &cobra.Command{
		Use:           "etcd",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.dir, "data-dir", "", "folder of the data")
	f.StringVar(&o.listen, "listen", "", "HOST:PORT to listen on")
	f.StringVar(&o.cert, "cert-file", "", "serving certificate")
	f.StringVar(&o.key, "key-file", "", "its key")
	f.StringVar(&o.ca, "trusted-ca-file", "", "authority of client certificates")
	return cmd
}

func (o etcdOptions) run(ctx context.Context) error {
	etcd, err := embed.StartEtcd(o.config())
	if err != nil {
		return fmt.Errorf("starting etcd: %w", err)
	}
	defer etcd.Close()
	select {
	case <-etcd.Server.ReadyNotify():
	case <-etcd.Server.StopNotify():
		return errors.New("starting etcd: it stopped")
	case err := <-etcd.Err():
		return fmt.Errorf("starting etcd: %w", err)
	case <-ctx.Done():
		return nil
	}
	select {
	case <-ctx.Done():
		return nil
	case <-etcd.Server.StopNotify():
		return errors.New("running etcd: it stopped")
	case err := <-etcd.Err():
		return fmt.Errorf("running etcd: %w", err)
	}
}

func (o etcdOptions) config() *embed.Config {
	client := url.URL{Scheme: "https", Host: o.listen}
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:1"} // named, never listened on
	cfg := embed.NewConfig()
	cfg.Name = "sandbox"
	cfg.Dir = o.dir
	cfg.ListenPeerUrls = nil
	cfg.AdvertisePeerUrls = []url.URL{peer}
	cfg.InitialCluster = cfg.Name + "=" + peer.String()
	cfg.ListenClientUrls = []url.URL{client}
	cfg.AdvertiseClientUrls = []url.URL{client}
	cfg.ClientTLSInfo.CertFile = o.cert
	cfg.ClientTLSInfo.KeyFile = o.key
	cfg.ClientTLSInfo.TrustedCAFile = o.ca
	cfg.ClientTLSInfo.ClientCertAuth = true
	cfg.ClientTLSInfo.AllowedCNs = []string{etcdClient}
	cfg.EnableGRPCGateway = false
	// A power cut may cost the last seconds of a sandbox; a crash of the
	// process does not, since what it wrote is in the page cache.
	cfg.UnsafeNoFsync = true
	cfg.TickMs, cfg.ElectionMs = 50, 250 // the only member elects itself after one timeout
	cfg.AutoCompactionMode = embed.CompactorModePeriodic
	cfg.AutoCompactionRetention = "10m"
	cfg.SnapshotCount = 10_000
	cfg.BackendBatchInterval = 10 * time.Millisecond
	cfg.QuotaBackendBytes = 1 << 30
	cfg.LogLevel = "warn"
	return cfg
}
