package sshconf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Offer adds to the keys that ssh offers to every alias, the newest first;
// until the first call ssh's own defaults apply. Only maxIdentities reach the
// config. Paths that cannot stand in an ssh config are errors of kind
// workspace.ErrUsage.
func (d *Dir) Offer(ctx context.Context, identities ...string) error {
	for _, path := range identities {
		if _, err := quotePath(path); err != nil {
			return err
		}
	}
	return d.locked(ctx, func(own *os.Root) error {
		known, err := readIdentities(own)
		if err != nil {
			return err
		}
		wanted := slices.Clone(identities)
		for _, path := range known {
			if !slices.Contains(wanted, path) {
				wanted = append(wanted, path)
			}
		}
		if slices.Equal(wanted, known) {
			return nil
		}
		var b strings.Builder
		for _, path := range wanted {
			b.WriteString(path + "\n")
		}
		if _, err := d.write(own, "identities", []byte(b.String())); err != nil {
			return err
		}
		files, err := load(own, true, everyAlias)
		if err != nil {
			return err
		}
		_, err = d.render(own, files)
		return err
	})
}

// Offered gives the keys that ssh offers, the in-app client as well.
func (d *Dir) Offered() ([]string, error) {
	own, err := os.OpenRoot(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading identities: %w", err)
	}
	defer func() { _ = own.Close() }() // opened to read
	return readIdentities(own)
}

// readIdentities gives the recorded paths; own may be nil.
func readIdentities(own *os.Root) ([]string, error) {
	if own == nil {
		return nil, nil
	}
	data, err := readSmall(own, "identities", nil)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading identities: %w", err)
	}
	var paths []string
	for line := range strings.Lines(string(data)) {
		path := strings.TrimRight(line, "\r\n")
		if _, err := quotePath(path); err == nil && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return paths, nil
}
