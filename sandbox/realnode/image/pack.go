package image

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// pack writes root as a docker archive: one layer, the image's configuration,
// and a manifest.
func pack(ctx context.Context, r Recipe, root, archive string) error {
	layer := archive + ".layer"
	defer func() { _ = os.Remove(layer) }() // it is in the archive by then
	// GNU tar, because it keeps owners, devices and attributes of a whole root.
	err := run(exec.CommandContext(ctx, "tar", "-C", root, "--numeric-owner", "--xattrs",
		"--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*", "--exclude=./usr/share/doc/*", "--exclude=./usr/share/locale/*",
		"--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "-cf", layer, "."))
	if err != nil {
		return err
	}
	sum, err := digest(layer)
	if err != nil {
		return err
	}
	config, err := configuration(r, sum)
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{r.Name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return fmt.Errorf("encoding a manifest: %w", err)
	}
	return write(archive, layer, config, manifest)
}

// configuration is the image's configuration, with a path to programs.
func configuration(r Recipe, sum string) ([]byte, error) {
	cmd := r.Cmd
	if cmd == nil {
		cmd = []string{"/bin/sh"}
	}
	text, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux",
		"config": map[string]any{"Cmd": cmd, "Env": []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + sum}},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding an image's configuration: %w", err)
	}
	return text, nil
}

// digest is the SHA-256 of a file, in hex.
func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// write puts the three parts into one tar.
func write(archive, layer string, config, manifest []byte) (err error) {
	out, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
	}()
	w := tar.NewWriter(out)
	for name, data := range map[string][]byte{"config.json": config, "manifest.json": manifest} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	if err := writeFile(w, layer); err != nil {
		return err
	}
	return w.Close()
}

func writeFile(w *tar.Writer, path string) error {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: "layer.tar", Mode: 0o644, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}
