package bootstrap

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// FaultAnnotation on a pod makes the node misbehave for it; the values are
// those of the demo templates.
const FaultAnnotation = "sandbox.berth.sh/fault"

// config is the ConfigMap's document, as on any cluster that berth knows.
type config struct {
	Version      int        `json:"version"`
	Cluster      string     `json:"cluster"`
	Gateway      gateway    `json:"gateway"`
	Evictions    string     `json:"evictions"`
	DefaultImage string     `json:"defaultImage"`
	Templates    []template `json:"templates"`
}

type gateway struct {
	Kind        string `json:"kind"`
	Address     string `json:"address"`
	Domain      string `json:"domain"`
	ServicePort int    `json:"servicePort"`
}

type template struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	CPU         string         `json:"cpu"`
	Memory      string         `json:"memory"`
	Disk        string         `json:"disk"`
	PodTemplate map[string]any `json:"podTemplate,omitempty"`
}

// faults are the ways in which a workspace can be made to fail.
var faults = []struct{ name, description string }{
	{"crash", "starts, then exits with an error again and again"},
	{"oom", "is killed for using more memory than it asked for"},
	{"pull-error", "has an image that cannot be pulled"},
	{"slow", "takes long to start"},
	{"unready", "runs, but never answers"},
}

// configText is the document that berth reads from the ConfigMap.
func configText(cfg Config) (string, error) {
	doc := config{
		Version: 1,
		Cluster: "sandbox",
		// The sandbox's gateway routes by name, as a stand-alone Envoy does: a
		// workspace needs no object of its own for it.
		Gateway:      gateway{Kind: "envoy", Address: cfg.Gateway, Domain: cfg.Domain, ServicePort: 22},
		Evictions:    "block",
		DefaultImage: "ubuntu:24.04",
		Templates:    []template{small("small", "a small workspace")},
	}
	for _, f := range faults {
		t := small("demo-"+f.name, f.description)
		t.PodTemplate = map[string]any{"metadata": map[string]any{
			"annotations": map[string]string{FaultAnnotation: f.name},
		}}
		doc.Templates = append(doc.Templates, t)
	}
	text, err := yaml.Marshal(doc)
	if err != nil {
		return "", fmt.Errorf("encoding the configuration of berth: %w", err)
	}
	return string(text), nil
}

func small(name, description string) template {
	return template{Name: name, Description: description, CPU: "500m", Memory: "512Mi", Disk: "1Gi"}
}
