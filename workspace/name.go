package workspace

// Names, and what is made of them.
//
// One grammar stands before ssh_config, argv, URLs and host names. A
// workspace's name never contains "--", so NAME--NAMESPACE splits at the
// first one even though a namespace may contain it.

import (
	"fmt"
	"regexp"
	"strings"
)

// Limits of names, in characters. A host label has 63; the suffixes of object
// names ("-ssh", "-home", "-boot") need room beside the name.
const (
	MaxName      = 40
	MaxHostLabel = 63
)

var (
	nameGrammar      = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	namespaceGrammar = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	clusterGrammar   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
	userGrammar      = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
)

// ValidateName checks a workspace's name. The error is of kind ErrUsage.
func ValidateName(name string) error {
	switch {
	case name == "":
		return Usagef("workspace name is empty")
	case len(name) > MaxName:
		return Usagef("workspace name %q has %d characters, at most %d are allowed", Safe(name), len(name), MaxName)
	case !nameGrammar.MatchString(name):
		return WithHint(Usagef("workspace name %q is not allowed", Safe(name)),
			"lower-case letters and digits in groups joined by single hyphens, starting with a letter: api, web-2")
	}
	return nil
}

// ValidateRef checks name and namespace and that both fit one host label.
func ValidateRef(r Ref) error {
	if err := ValidateName(r.Name); err != nil {
		return err
	}
	if !namespaceGrammar.MatchString(r.Namespace) {
		return Usagef("namespace %q is not allowed", Safe(r.Namespace))
	}
	if n := len(r.HostLabel()); n > MaxHostLabel {
		return WithHint(Usagef("%s has %d characters as a host name, at most %d are allowed", r.HostLabel(), n, MaxHostLabel),
			fmt.Sprintf("choose a name of at most %d characters in namespace %s", max(0, MaxHostLabel-2-len(r.Namespace)), r.Namespace))
	}
	return nil
}

// HostLabel is the first label of the workspace's host name at the gateway:
// NAME--NAMESPACE.
func (r Ref) HostLabel() string { return r.Name + "--" + r.Namespace }

// ParseHostLabel splits what HostLabel made, at the first "--".
func ParseHostLabel(label string) (Ref, error) {
	name, namespace, ok := strings.Cut(label, "--")
	if !ok {
		return Ref{}, Usagef("host label %q has no %q between name and namespace", Safe(label), "--")
	}
	r := Ref{Namespace: namespace, Name: name}
	return r, ValidateRef(r)
}

// Alias is the short ssh host alias: NAME.NAMESPACE.berth.
func (r Ref) Alias() string { return r.Name + "." + r.Namespace + ".berth" }

// LongAlias names the cluster too, for people who work on several:
// NAME.NAMESPACE.CLUSTER.berth.
func (r Ref) LongAlias(cluster string) string {
	return r.Name + "." + r.Namespace + "." + cluster + ".berth"
}

// ParseAlias splits a short or long alias. cluster is "" for a short one.
func ParseAlias(alias string) (r Ref, cluster string, err error) {
	parts := strings.Split(alias, ".")
	if len(parts) < 3 || len(parts) > 4 || parts[len(parts)-1] != "berth" {
		return Ref{}, "", Usagef("alias %q is not of the form NAME.NAMESPACE.berth", Safe(alias))
	}
	if len(parts) == 4 {
		cluster = parts[2]
		if !clusterGrammar.MatchString(cluster) {
			return Ref{}, "", Usagef("alias %q names no valid cluster", Safe(alias))
		}
	}
	r = Ref{Namespace: parts[1], Name: parts[0]}
	return r, cluster, ValidateRef(r)
}

// ClusterSlug makes a cluster's short name out of a context's name.
func ClusterSlug(context string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(context) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := b.String()
	slug = strings.Trim(slug[:min(len(slug), 40)], "-")
	if slug == "" {
		return "cluster"
	}
	return slug
}

// ValidateUser checks a login name.
func ValidateUser(user string) error {
	if !userGrammar.MatchString(user) {
		return Usagef("login name %q is not allowed", Safe(user))
	}
	return nil
}
