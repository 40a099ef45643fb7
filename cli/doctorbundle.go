package cli

// What goes into a bug report: the examination, and what it looked at, with
// secrets taken out. Nothing is in it that a reader does not need: no keys, no
// kubeconfig, no environment of a workspace.

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// maxBundledLog is how much of the log goes along, from its end.
const maxBundledLog = 512 << 10

// entry is one file of the bundle.
type entry struct {
	name string
	text string
}

// pack writes the bundle and returns its path. A file that is there already
// stays.
func (e *examination) pack(ctx context.Context, path string, report workspace.Report) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("writing the bundle: %w", err)
	}
	redact := newRedactor(e.app.env.home, e.secrets()...)
	var data bytes.Buffer
	if err := archive(&data, e.entries(ctx, report), redact, report.At); err != nil {
		return "", fmt.Errorf("writing the bundle: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("writing the bundle: %s is there already", path)), "name another file, or remove it")
	}
	if err != nil {
		return "", fmt.Errorf("writing the bundle: %w", err)
	}
	_, err = f.Write(data.Bytes())
	if err := errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path) // half of it would mislead
		return "", fmt.Errorf("writing the bundle: %w", err)
	}
	return path, nil
}

// archive writes a compressed tar of the entries, redacted.
func archive(to io.Writer, entries []entry, redact redactor, at time.Time) error {
	compressed := gzip.NewWriter(to)
	files := tar.NewWriter(compressed)
	for _, entry := range entries {
		text := redact.text(entry.text)
		header := &tar.Header{Name: "berth-doctor/" + entry.name, Mode: 0o600, Size: int64(len(text)), ModTime: at, Format: tar.FormatPAX}
		if err := files.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.WriteString(files, text); err != nil {
			return err
		}
	}
	return errors.Join(files.Close(), compressed.Close())
}

// entries are the files of the bundle, before anything is taken out. What
// cannot be had says why in its place.
func (e *examination) entries(ctx context.Context, report workspace.Report) []entry {
	var text strings.Builder
	for _, c := range report.Checks {
		text.WriteString(checkText(c))
	}
	asJSON, err := json.MarshalIndent(newReportRecord(report), "", "  ")
	entries := []entry{
		{"report.txt", text.String()},
		{"report.json", orError(string(asJSON), err)},
		{"machine.txt", e.machine(ctx)},
		{"kubeconfig.txt", e.contexts()},
		{"log.txt", e.log()},
	}
	if e.file.Alias != "" {
		f := e.file
		f.TokenCommand = "" // its arguments may be anything
		alias, err := f.Encode()
		entries = append(entries, entry{"alias.txt", orError(string(alias), err)}, entry{"ssh-G.txt", e.askSSH(ctx)})
	}
	if e.found {
		record, err := json.MarshalIndent(newRecord(e.w), "", "  ")
		entries = append(entries, entry{"workspace.json", orError(string(record), err)}, entry{"objects.txt", e.objects(ctx)})
	}
	return entries
}

func orError(text string, err error) string {
	if err != nil {
		return "not available: " + err.Error() + "\n"
	}
	return text
}

// machine says what runs here.
func (e *examination) machine(ctx context.Context) string {
	var b strings.Builder
	fmt.Fprintf(&b, "berth %s\n%s %s/%s\nssh: %s\n", versionString(), runtime.Version(), runtime.GOOS, runtime.GOARCH, sshVersion(ctx))
	fmt.Fprintf(&b, "helper: %s\n", strings.Join(e.app.helper(), " "))
	for _, name := range []string{"TERM", "LANG", "SHELL", "SSH_CONNECTION", "WSL_DISTRO_NAME", "KUBECONFIG"} {
		fmt.Fprintf(&b, "%s=%s\n", name, workspace.Safe(e.app.env.getenv(name)))
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"} {
		if value := e.app.env.getenv(name); value != "" {
			fmt.Fprintf(&b, "%s=%s\n", name, workspace.Safe(value))
		}
	}
	return b.String()
}

// contexts lists the kubeconfig's contexts, without users.
func (e *examination) contexts() string {
	contexts, err := kube.Contexts(kube.Options{Kubeconfig: e.app.flags.kubeconfig})
	var b strings.Builder
	for _, c := range contexts {
		current := " "
		if c.Current {
			current = "*"
		}
		fmt.Fprintf(&b, "%s %s  %s  %s\n", current, workspace.Safe(c.Name), serverName(c.Server), workspace.Safe(c.Namespace))
	}
	return orError(b.String(), err)
}

// log is the end of the log.
func (e *examination) log() string {
	f, err := os.Open(e.app.env.logFile())
	if err != nil {
		return orError("", err)
	}
	defer func() { _ = f.Close() }() // opened to read
	if info, err := f.Stat(); err == nil && info.Size() > maxBundledLog {
		if _, err := f.Seek(-maxBundledLog, io.SeekEnd); err != nil {
			return orError("", err)
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxBundledLog))
	return orError(string(data), err)
}

// askSSH is what ssh makes of the alias.
func (e *examination) askSSH(ctx context.Context) string {
	dir, err := e.app.ssh()
	if err != nil {
		return orError("", err)
	}
	out, err := exec.CommandContext(ctx, "ssh", append(dir.SSHArgs(), "-G", "--", e.file.Alias)...).CombinedOutput()
	return orError(string(out), err)
}

// objects lists the workspace's objects and what happened to them.
func (e *examination) objects(ctx context.Context) string {
	objects, err := e.client.Objects(ctx, e.w.Ref)
	var b strings.Builder
	for _, o := range objects {
		fmt.Fprintf(&b, "%s %s  %s  %s\n", o.Kind, o.Name, o.State, o.Detail)
	}
	return orError(b.String(), err)
}

// secrets is everything on this machine that is known to be one.
func (e *examination) secrets() []string {
	all := append(kube.Secrets(kube.Options{Kubeconfig: e.app.flags.kubeconfig}), secretVariables(os.Environ())...)
	config, err := e.app.config()
	if err != nil {
		return all
	}
	for _, g := range config.Gateways {
		all = append(all, g.TokenCommand...)
		if u, err := url.Parse(g.Proxy); err == nil && u.User != nil {
			password, _ := u.User.Password()
			all = append(all, password, u.User.String())
		}
		if path, ok := strings.CutPrefix(g.TokenFile, "~/"); ok {
			g.TokenFile = filepath.Join(e.app.env.home, path)
		}
		if data, err := readSmallFile(g.TokenFile); err == nil {
			all = append(all, string(data))
		}
	}
	return all
}
