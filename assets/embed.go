// Package assets holds the files that berth ships: what runs inside a
// workspace's container, the built-in templates, and the gateway's manifests. It imports nothing but
// the standard library, so that anyone may import it.
package assets

import "embed"

//go:embed workspace
var workspaceFiles embed.FS

//go:embed templates/*.yaml
var templates embed.FS

//go:embed gateway/*.yaml
var gatewayFiles embed.FS

// Gateway returns one part of what an administrator installs, as commented
// YAML with an example's values: common.yaml, or a kind's own.
func Gateway(name string) ([]byte, error) { return gatewayFiles.ReadFile("gateway/" + name) }

// Boot returns the files that a workspace of a profile starts with, by name:
// the scripts, sshd's configuration and the greeting. They go where
// /etc/berth/boot is.
func Boot(profile string) map[string]string {
	boot := map[string]string{}
	for _, name := range []string{"entrypoint.sh", "enter.sh", "started.sh", "sshd_config"} {
		boot[name] = file(name)
	}
	if profile == "full" {
		boot["root.sh"] = file("root.sh")
	}
	boot["motd"] = file("motd." + profile)
	return boot
}

// file returns a file of the folder workspace; "" where there is none.
func file(name string) string {
	data, err := workspaceFiles.ReadFile("workspace/" + name)
	if err != nil {
		return "" // a name that only a test can get wrong
	}
	return string(data)
}

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

// File is one file to write.
type File struct {
	Name string
	Data []byte
}

// Image returns what the workspace image is built from.
func Image() []File {
	return []File{
		{"Dockerfile", []byte(file("Dockerfile"))},
		{".dockerignore", []byte("*\n")},
	}
}
