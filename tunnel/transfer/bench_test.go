//go:build unix

package transfer_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/tunnel/transfer"
)

// BenchmarkCopy compares with scp: the same sshd, the same files, taken in
// turns. The ratio is of throughput, so that more is faster than scp.
func BenchmarkCopy(b *testing.B) {
	const large, small = 256 << 20, 300
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // as berth cp does
	server := sshtest.Start(b)
	config := filepath.Join(server.Dir, "ssh_config")
	host, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		b.Fatal(err)
	}
	write(b, filepath.Join(server.Dir, "known"), fmt.Appendf(nil, "bench %s\n", server.HostKey), 0o600)
	write(b, config, fmt.Appendf(nil, "Host bench\n HostName %s\n Port %s\n User %s\n IdentityFile %s\n IdentitiesOnly yes\n HostKeyAlias bench\n UserKnownHostsFile %s/known\n",
		host, port, server.User, server.KeyFile, server.Dir), 0o600)
	here, there := b.TempDir(), b.TempDir()
	for _, dir := range []string{here, there} {
		write(b, filepath.Join(dir, "large"), random(large), 0o644)
		for i := range small {
			write(b, filepath.Join(dir, "tree", fmt.Sprint(i)), random(2000), 0o644)
		}
	}
	run := func(argv ...string) {
		if out, err := exec.CommandContext(b.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
			b.Fatalf("%v: %v\n%s", argv, err, out)
		}
	}
	ways := map[string]func(name string, up bool){
		"scp": func(name string, up bool) {
			if up {
				run("scp", "-q", "-r", "-F", config, filepath.Join(here, name), "bench:"+there+"/up-"+name)
			} else {
				run("scp", "-q", "-r", "-F", config, "bench:"+there+"/"+name, filepath.Join(here, "down-"+name))
			}
		},
		"ssh": func(name string, up bool) {
			carrier, err := transfer.Carry(b.Context(), transfer.SSH("ssh", []string{"-F", config}, "bench"))
			if err != nil {
				b.Fatal(err)
			}
			copyBy(b, carrier, carrier, name, here, there, up)
			if err := carrier.Close(); err != nil {
				b.Fatal(err)
			}
		},
		"built-in": func(name string, up bool) {
			client, err := tunnel.Dial(b.Context(), tunnel.Config{
				User: server.User, HostKey: server.HostKey, Keys: tunnel.Keys{Files: []string{server.KeyFile}},
				Dial: func(ctx context.Context) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, "tcp", server.Addr)
				},
			})
			if err != nil {
				b.Fatal(err)
			}
			stream, err := client.Subsystem(b.Context(), "sftp")
			if err != nil {
				b.Fatal(err)
			}
			copyBy(b, stream, stream, name, here, there, up)
			_ = client.Close()
		},
	}
	for _, name := range []string{"large", "tree"} {
		for _, up := range []bool{false, true} {
			direction := map[bool]string{false: "download", true: "upload"}[up]
			b.Run(name+"/"+direction, func(b *testing.B) {
				took := map[string][]time.Duration{}
				for b.Loop() {
					for way, work := range ways {
						for _, old := range []string{here + "/down-", there + "/up-"} {
							if err := os.RemoveAll(old + name); err != nil {
								b.Fatal(err)
							}
						}
						begun := time.Now()
						work(name, up)
						took[way] = append(took[way], time.Since(begun))
					}
				}
				b.ReportMetric(0, "ns/op")
				scp := median(took["scp"])
				b.ReportMetric(float64(scp.Milliseconds()), "scp-ms")
				for _, way := range []string{"ssh", "built-in"} {
					b.ReportMetric(float64(scp)/float64(median(took[way])), way+"/scp")
				}
			})
		}
	}
}

func copyBy(b *testing.B, r interface{ Read([]byte) (int, error) }, w interface {
	Write([]byte) (int, error)
	Close() error
}, name, here, there string, up bool,
) {
	b.Helper()
	c, err := transfer.Open(r, w)
	if err == nil && up {
		err = c.Upload(b.Context(), filepath.Join(here, name), there+"/up-"+name, transfer.Options{Recursive: true})
	} else if err == nil {
		err = c.Download(b.Context(), there+"/"+name, filepath.Join(here, "down-"+name), transfer.Options{Recursive: true})
	}
	if err != nil {
		b.Fatal(err)
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
