package workspace

// The grammar of every field of a spec. Bad input is refused here, before
// anything is written, with an error of kind ErrUsage that names the field.

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

var (
	imageGrammar    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,510}$`)
	quantityGrammar = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$`)
	envGrammar      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	objectGrammar   = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
	labelKeyGrammar = regexp.MustCompile(`^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`)
	labelGrammar    = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$`)
	effects         = []string{"", "NoSchedule", "PreferNoSchedule", "NoExecute"}
)

// Validate checks every field that is set. It does not ask for completeness:
// an empty field takes its default in Complete.
func (s Spec) Validate() error {
	checks := []func() error{s.validateSize, s.validateImage, s.validateEnv, s.validateNames, s.validatePlacement, s.validatePod}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s Spec) validateSize() error {
	for _, q := range []struct{ field, value, example string }{
		{"cpu", s.CPU, "500m, 2"},
		{"memory", s.Memory, "512Mi, 4Gi"},
		{"disk", s.Disk, "10Gi"},
	} {
		if q.value == "" {
			continue
		}
		m := quantityGrammar.FindStringSubmatch(q.value)
		if m == nil || strings.Trim(m[1], "0.") == "" {
			return WithHint(Usagef("%s %q is not a positive quantity", q.field, Safe(q.value)), "examples: "+q.example)
		}
		if q.field != "cpu" && m[3] == "m" {
			return WithHint(Usagef("%s %q is in thousandths of a byte", q.field, q.value), "examples: "+q.example)
		}
	}
	if s.GPU < 0 || s.GPU > 64 {
		return Usagef("gpu %d is not between 0 and 64", s.GPU)
	}
	if s.ServicePort < 0 || s.ServicePort > 65535 {
		return Usagef("service port %d is not between 1 and 65535", s.ServicePort)
	}
	return nil
}

func (s Spec) validateImage() error {
	if s.Image != "" && !imageGrammar.MatchString(s.Image) {
		return WithHint(Usagef("image %q is not an image reference", Safe(s.Image)), "examples: ubuntu:24.04, registry.example.com/team/dev@sha256:…")
	}
	switch s.Profile {
	case "", Restricted, Standard, Full:
	default:
		return WithHint(Usagef("profile %q is not known", Safe(string(s.Profile))), "profiles: restricted, standard, full")
	}
	if s.User != "" {
		return ValidateUser(s.User)
	}
	return nil
}

func (s Spec) validateEnv() error {
	for key, value := range s.Env {
		if !envGrammar.MatchString(key) {
			return Usagef("environment variable %q is not a name", Safe(key))
		}
		if strings.ContainsAny(value, "\n\r\x00") {
			return WithHint(Usagef("environment variable %s has a line break in its value", key), "keep such values in a Secret and name it with --env-from")
		}
	}
	return nil
}

func (s Spec) validateNames() error {
	for _, n := range s.objectNames() {
		for _, name := range n.names {
			if name != "" && !objectGrammar.MatchString(name) {
				return Usagef("%s %q is not an object name", n.field, Safe(name))
			}
		}
	}
	return nil
}

func (s Spec) objectNames() []struct {
	field string
	names []string
} {
	return []struct {
		field string
		names []string
	}{
		{"env-from secret", s.EnvFrom},
		{"image pull secret", s.ImagePullSecrets},
		{"storage class", []string{s.StorageClass}},
		{"service account", []string{s.ServiceAccount}},
		{"template", []string{s.Template}},
	}
}

func (s Spec) validatePlacement() error {
	for field, labels := range map[string]map[string]string{"label": s.Labels, "node selector": s.NodeSelector} {
		for key, value := range labels {
			if !labelKeyGrammar.MatchString(key) || !labelGrammar.MatchString(value) {
				return Usagef("%s %q is not of the form KEY=VALUE", field, Safe(key+"="+value))
			}
			if field == "label" && reservedLabel(key) {
				return Usagef("label %q is berth's own", key)
			}
		}
	}
	for _, t := range s.Tolerations {
		if !labelKeyGrammar.MatchString(t.Key) || !labelGrammar.MatchString(t.Value) || !slices.Contains(effects, t.Effect) {
			return WithHint(Usagef("toleration %q is not of the form KEY[=VALUE][:EFFECT]", Safe(t.Key+"="+t.Value+":"+t.Effect)),
				"effects: NoSchedule, PreferNoSchedule, NoExecute")
		}
	}
	return nil
}

// reservedLabel reports whether key is one that berth finds its objects by.
func reservedLabel(key string) bool {
	return strings.HasPrefix(key, "berth.sh/") || key == LabelManagedBy || key == LabelComponent
}

func (s Spec) validatePod() error {
	if s.PodTemplate != nil && !json.Valid(s.PodTemplate) {
		return Usagef("pod template patch is not valid JSON")
	}
	return nil
}
