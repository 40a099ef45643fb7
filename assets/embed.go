// Package assets holds the files that berth ships: what runs inside a
// workspace's container, and the built-in templates. It imports nothing but
// the standard library, so that anyone may import it.
package assets

import "embed"

//go:embed workspace/entrypoint.sh
var entrypoint string

//go:embed workspace/sshd_config
var sshdConfig string

//go:embed templates/*.yaml
var templates embed.FS

// Entrypoint returns the script that a workspace's container runs: it finds or
// installs sshd and becomes it.
func Entrypoint() string { return entrypoint }

// SSHDConfig returns sshd's configuration, to which the entrypoint adds what
// depends on the image and on the profile.
func SSHDConfig() string { return sshdConfig }

// Templates returns the built-in templates as YAML documents, in the order in
// which they are offered.
func Templates() ([][]byte, error) {
	entries, err := templates.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	docs := make([][]byte, 0, len(entries))
	for _, entry := range entries {
		doc, err := templates.ReadFile("templates/" + entry.Name())
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}
