package workspace

// The spec: what somebody asked for, in a form that outlives everything else.
//
// It is kept as JSON in annotation berth.sh/spec on the home's claim, because
// restore has nothing else to go by. So it has a version, stays small, keeps
// fields that it does not know, and a newer version is refused rather than
// misread. While a Deployment exists, the Deployment is the truth.

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// SpecVersion is the version that this program writes.
const SpecVersion = 1

// MaxSpec is the largest kept spec, in bytes; an annotation must leave room
// for others.
const MaxSpec = 64 << 10

// ErrNewerSpec is returned by ParseSpec for a spec of a later version.
var ErrNewerSpec = errors.New("spec was written by a newer berth")

// Profile says how much the pod may do.
type Profile string

// The profiles, from least to most.
const (
	Restricted Profile = "restricted"
	Standard   Profile = "standard"
	Full       Profile = "full"
)

// Form is how profile full gets the rights that it needs.
type Form string

// The forms. The namespace's Pod Security level picks: with FormPrivileged
// Docker has networks of its own; FormBaseline needs no capability at all.
const (
	FormPrivileged Form = "privileged"
	FormBaseline   Form = "baseline"
)

// Spec is what a workspace is made from. Quantities are Kubernetes
// quantities. Empty fields were not asked for; Complete fills in defaults.
type Spec struct {
	Version  int    `json:"version"`
	Template string `json:"template,omitempty"` // name only; its values are already in the other fields

	Image   string  `json:"image,omitempty"`
	CPU     string  `json:"cpu,omitempty"`
	Memory  string  `json:"memory,omitempty"`
	Disk    string  `json:"disk,omitempty"`
	GPU     int     `json:"gpu,omitempty"`
	Profile Profile `json:"profile,omitempty"`
	User    string  `json:"user,omitempty"` // login name in the image

	Form Form `json:"form,omitempty"` // of profile full; "" otherwise
	// Root counts how often the system of profile full was begun afresh.
	Root int `json:"root,omitempty"`
	// WasFull: the home may hold what root of a user namespace has made.
	WasFull bool `json:"wasFull,omitempty"`

	Env     map[string]string `json:"env,omitempty"`
	EnvFrom []string          `json:"envFrom,omitempty"` // names of Secrets
	Labels  map[string]string `json:"labels,omitempty"`

	ImagePullSecrets []string          `json:"imagePullSecrets,omitempty"`
	StorageClass     string            `json:"storageClass,omitempty"` // "" is the cluster's default
	ServiceAccount   string            `json:"serviceAccount,omitempty"`
	NodeSelector     map[string]string `json:"nodeSelector,omitempty"`
	Tolerations      []Toleration      `json:"tolerations,omitempty"`
	NoPDB            bool              `json:"noPDB,omitempty"`
	ServicePort      int               `json:"servicePort,omitempty"` // 22, or 80 in older setups

	// PodTemplate is a strategic-merge patch of the pod template, from an
	// administrator's template: pull secrets, sidecars, CA bundles.
	PodTemplate json.RawMessage `json:"podTemplate,omitempty"`

	// Unknown holds fields that a later minor form has added; they are written
	// back as they came.
	Unknown map[string]json.RawMessage `json:"-"`
}

// Toleration is one toleration of the pod, as `--toleration` takes it:
// KEY[=VALUE][:EFFECT].
type Toleration struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`  // "" tolerates every value
	Effect string `json:"effect,omitempty"` // "" tolerates every effect
}

// plainSpec is Spec without its methods, so that encoding it does not recurse.
type plainSpec Spec

// MarshalJSON writes the spec with the unknown fields that came with it.
func (s Spec) MarshalJSON() ([]byte, error) {
	known, err := json.Marshal(plainSpec(s))
	if err != nil || len(s.Unknown) == 0 {
		return known, err
	}
	all := maps.Clone(s.Unknown)
	if err := json.Unmarshal(known, &all); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads a spec and keeps the fields it does not know.
func (s *Spec) UnmarshalJSON(data []byte) error {
	var plain plainSpec
	if err := json.Unmarshal(data, &plain); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	for _, key := range specKeys() {
		delete(all, key)
	}
	*s = Spec(plain)
	if len(all) > 0 {
		s.Unknown = all
	}
	return nil
}

// specKeys lists the JSON names of the fields that this program knows.
func specKeys() []string {
	return []string{
		"version", "template", "image", "cpu", "memory", "disk", "gpu", "profile", "user", "env", "envFrom",
		"labels", "imagePullSecrets", "storageClass", "serviceAccount", "nodeSelector", "tolerations", "noPDB",
		"servicePort", "podTemplate", "form", "root", "wasFull",
	}
}

// Keep encodes s for the annotation. It fails when the result would be larger
// than MaxSpec.
func (s Spec) Keep() (string, error) {
	s.Version = SpecVersion
	data, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encoding spec: %w", err)
	}
	if len(data) > MaxSpec {
		return "", WithHint(Usagef("spec has %d bytes, at most %d are kept", len(data), MaxSpec),
			"move large environment values into a Secret and name it with --env-from")
	}
	return string(data), nil
}

// ParseSpec reads a kept spec. It returns ErrNewerSpec, wrapped, for a later
// version.
func ParseSpec(data string) (Spec, error) {
	var s Spec
	if len(data) > MaxSpec {
		return s, fmt.Errorf("reading spec: %d bytes, at most %d are read", len(data), MaxSpec)
	}
	// The version comes first: a later one may have given a field another form.
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal([]byte(data), &head); err != nil {
		return s, fmt.Errorf("reading spec: %w", err)
	}
	if head.Version > SpecVersion {
		return s, fmt.Errorf("reading spec: version %d: %w", head.Version, ErrNewerSpec)
	}
	if err := json.Unmarshal([]byte(data), &s); err != nil {
		return s, fmt.Errorf("reading spec: %w", err)
	}
	return s, nil
}

// Template is a named preset that an administrator publishes, or a built-in.
type Template struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`

	Image       string          `json:"image,omitempty"`
	CPU         string          `json:"cpu,omitempty"`
	Memory      string          `json:"memory,omitempty"`
	Disk        string          `json:"disk,omitempty"`
	GPU         int             `json:"gpu,omitempty"`
	Profile     Profile         `json:"profile,omitempty"`
	PodTemplate json.RawMessage `json:"podTemplate,omitempty"`
}

// Complete fills what s leaves open from the template that it names, then from
// the installation's defaults, then from berth's own. It returns an error of
// kind ErrUsage for a template that is not there.
func (s Spec) Complete(inst Installation) (Spec, error) {
	if s.Template != "" {
		i := slices.IndexFunc(inst.Templates, func(t Template) bool { return t.Name == s.Template })
		if i < 0 {
			return s, WithHint(Usagef("template %q is not known here", Safe(s.Template)), templateHint(inst.Templates))
		}
		t := inst.Templates[i]
		s.Image = first(s.Image, t.Image)
		s.CPU = first(s.CPU, t.CPU)
		s.Memory = first(s.Memory, t.Memory)
		s.Disk = first(s.Disk, t.Disk)
		s.Profile = first(s.Profile, t.Profile)
		if s.GPU == 0 {
			s.GPU = t.GPU
		}
		if s.PodTemplate == nil {
			s.PodTemplate = t.PodTemplate
		}
	}
	s.Image = first(s.Image, inst.DefaultImage, DefaultImage)
	s.CPU = first(s.CPU, "2")
	s.Memory = first(s.Memory, "4Gi")
	s.Disk = first(s.Disk, "10Gi")
	s.User = first(s.User, "dev")
	if s.ServicePort == 0 {
		s.ServicePort = inst.Gateway.ServicePort
	}
	if s.ServicePort == 0 {
		s.ServicePort = 22
	}
	s.Version = SpecVersion
	return s, nil
}

func templateHint(templates []Template) string {
	if len(templates) == 0 {
		return "no templates are published on this cluster; leave --template away"
	}
	hint := "known templates:"
	for _, t := range templates {
		hint += " " + t.Name
	}
	return hint
}

// first returns the first value that is not empty.
func first[T ~string](values ...T) T {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
