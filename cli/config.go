package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	yaml "go.yaml.in/yaml/v2"

	"github.com/berth-sh/berth/workspace"
)

// userConfig is $XDG_CONFIG_HOME/berth/config.yaml. Flags win over it; it wins
// over what a cluster publishes.
type userConfig struct {
	Context   string `yaml:"context"`   // kubeconfig context
	Namespace string `yaml:"namespace"` // namespace to start in
	Editor    string `yaml:"editor"`    // what `berth open` and the o key launch
	ReadOnly  bool   `yaml:"readOnly"`  // refuse whatever changes a cluster
	Plain     bool   `yaml:"plain"`     // the program as for screen readers

	// Production are the words by which contexts and namespaces are told to be
	// production; nil is productionWords.
	Production []string                   `yaml:"production"`
	Contexts   map[string]contextSettings `yaml:"contexts"` // by kubeconfig context

	// Gateways are ways to gateways, by kubeconfig context or cluster name.
	Gateways map[string]gatewaySettings `yaml:"gateways"`
	Shell    shellConfig                `yaml:"shell"` // the shells inside the program
}

// readConfig reads the user's settings; a file that is not there has none.
// yaml.v2 is used itself because its errors carry line numbers.
func readConfig(path string) (userConfig, error) {
	var c userConfig
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("reading settings: %w", err)
	}
	if err := yaml.UnmarshalStrict(data, &c); err != nil {
		return c, workspace.WithHint(workspace.Usagef("reading settings: %s: %s", path, yamlProblem(err)),
			"known settings: context, namespace, editor, readOnly, plain, production, contexts, shell.prefix, shell.persist, shell.history, gateways; each of contexts: readOnly, production; each of gateways: address, proxy, tokenFile, tokenCommand, clientCertificate, clientKey")
	}
	if err := errors.Join(c.checkGateways(), c.Shell.check()); err != nil {
		return c, workspace.Usagef("reading settings: %s: %w", path, err)
	}
	return c, nil
}

// yamlProblem turns the decoder's error into one line that keeps the line
// number and says nothing about Go.
func yamlProblem(err error) string {
	var typed *yaml.TypeError
	text := err.Error()
	if errors.As(err, &typed) {
		text = strings.Join(typed.Errors, "; ")
	}
	text = strings.TrimPrefix(text, "yaml: ")
	for _, kind := range []string{"userConfig", "contextSettings", "gatewaySettings", "shellConfig"} {
		text = strings.ReplaceAll(text, " not found in type cli."+kind, " is not known")
		text = strings.ReplaceAll(text, " into cli."+kind, ", which is no mapping")
	}
	return workspace.Safe(text)
}
