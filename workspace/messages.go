package workspace

// What schedulers, quotas, policies and volume controllers say, taken apart.
// These messages are no interface and change with releases, so every function
// here is total: what it does not recognise it reports as not recognised, and
// the caller shows the words as they came.

import (
	"regexp"
	"strings"
)

var (
	quotaExceeded = regexp.MustCompile(`exceeded quota: ([^,]+), requested: (.*?), used: (.*?), limited: (.*)$`)
	quotaUnset    = regexp.MustCompile(`(?i)failed quota: ([^:]+): must specify (.*)$`)
	limitBound    = regexp.MustCompile(`(minimum|maximum) (\S+) usage per (\w+) is ([0-9][0-9.]*[A-Za-z]*)(?:, but (request|limit) is ([0-9][0-9.]*[A-Za-z]*)|\.\s+No (request|limit) is specified)`)
	limitRatio    = regexp.MustCompile(`(\S+) max limit to request ratio per (\w+) is ([0-9][0-9.]*[A-Za-z]*), but ([^,\]]*)`)
	podSecurity   = regexp.MustCompile(`violates PodSecurity "([a-z]+)(?::[^"]*)?"(?:: (.*))?$`)
	forbidden1    = regexp.MustCompile(`^(?:Error creating: )?pods "[^"]*" is forbidden: `)
	hookDenied    = regexp.MustCompile(`admission webhook "([^"]*)" denied the request(?: without explanation|: (.*))?`)
	hookBroken    = regexp.MustCompile(`failed calling webhook "([^"]*)": (.*)$`)
	ruleDenied    = regexp.MustCompile(`ValidatingAdmissionPolicy '([^']*)' with binding '[^']*' denied request: (.*)$`)
	usedByPods    = regexp.MustCompile(`already used by pod\(s\) ([^\n]+)`)
	attachedNode  = regexp.MustCompile(`attached to (?:node |node\(s\) )([a-z0-9][a-z0-9.-]*)`)
)

// quota is one exceeded quota, or one that wants values.
type quota struct {
	name  string
	items []quotaItem
	unset []string
}

// quotaItem is one resource of a quota.
type quotaItem struct{ resource, asked, used, limit string }

// parseQuota reads the quota admission's refusal.
func parseQuota(message string) (quota, bool) {
	if m := quotaExceeded.FindStringSubmatch(message); m != nil {
		q := quota{name: m[1]}
		used, limit := amounts(m[3]), amounts(m[4])
		for _, part := range strings.Split(m[2], ",") {
			resource, asked, ok := strings.Cut(strings.TrimSpace(part), "=")
			if ok {
				q.items = append(q.items, quotaItem{resource, asked, orElse(used[resource], "?"), orElse(limit[resource], "?")})
			}
		}
		return q, len(q.items) > 0
	}
	if m := quotaUnset.FindStringSubmatch(message); m != nil {
		return quota{name: strings.TrimSpace(m[1]), unset: words(m[2])}, true
	}
	return quota{}, false
}

// amounts reads "a=1,b=2".
func amounts(list string) map[string]string {
	m := map[string]string{}
	for _, part := range strings.Split(list, ",") {
		if k, v, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
			m[k] = v
		}
	}
	return m
}

// words splits a list at commas and semicolons; newer releases put " for: …"
// behind each resource.
func words(list string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ';' }) {
		w, _, _ = strings.Cut(strings.TrimSpace(w), " ")
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

// parseLimitRange reads a LimitRange's refusal into one clause for each bound.
func parseLimitRange(message string) []string {
	var bounds []string
	for _, m := range limitBound.FindAllStringSubmatch(message, -1) {
		word := "at most "
		if m[1] == "minimum" {
			word = "at least "
		}
		clause := m[2] + " may be " + word + m[4] + " for each " + strings.ToLower(m[3])
		if m[5] != "" {
			clause += ", the " + m[5] + " is " + m[6]
		} else {
			clause += ", and no " + m[7] + " is set"
		}
		bounds = append(bounds, clause)
	}
	for _, m := range limitRatio.FindAllStringSubmatch(message, -1) {
		bounds = append(bounds, m[1]+" may have a limit of at most "+m[3]+" times its request, but "+m[4])
	}
	return bounds
}

// parsePodSecurity reads the level that is enforced and what violates it.
func parsePodSecurity(message string) (level, why string, ok bool) {
	m := podSecurity.FindStringSubmatch(message)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// policyKind says how a policy stands in the way.
type policyKind int

const (
	policyNone policyKind = iota
	policyDenied
	policyBroken
)

// parsePolicy reads the refusal of a webhook or a ValidatingAdmissionPolicy.
func parsePolicy(message string) (name, says string, kind policyKind) {
	if m := hookDenied.FindStringSubmatch(message); m != nil {
		return m[1], m[2], policyDenied
	}
	if m := ruleDenied.FindStringSubmatch(message); m != nil {
		return m[1], m[2], policyDenied
	}
	if m := hookBroken.FindStringSubmatch(message); m != nil {
		return m[1], m[2], policyBroken
	}
	return "", "", policyNone
}

// refusal cuts the standing words before the cause.
func refusal(message string) string {
	return strings.TrimPrefix(forbidden1.ReplaceAllString(message, ""), "Error creating: ")
}

// parseMultiAttach reads who holds a volume, as the end of "attached …". The
// event names pods only of this namespace, and nodes only in some releases.
func parseMultiAttach(message string) (holder string, ok bool) {
	if !strings.Contains(message, "Multi-Attach error") && !strings.Contains(message, "Waiting for detach") &&
		!strings.Contains(message, "already exclusively attached") {
		return "", false
	}
	if m := usedByPods.FindStringSubmatch(message); m != nil {
		return "for pod " + strings.TrimRight(m[1], ". "), true
	}
	if m := attachedNode.FindStringSubmatch(message); m != nil && m[1] != "another" && m[1] != "one" {
		return "to node " + m[1], true
	}
	return "to another node", true
}
