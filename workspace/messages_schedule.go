package workspace

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// unschedulable is the scheduler's message, taken apart.
type unschedulable struct {
	nodes   int // how many were looked at
	reasons []nodeReason
	short   []string // resources of which there is too little, without repetition
	raw     string
}

// nodeReason is why some nodes do not fit.
type nodeReason struct {
	nodes    int // how many; 0 when the message does not say
	text     string
	volume   bool // about volumes
	capacity bool // no room for a volume
}

var (
	nodesAvailable = regexp.MustCompile(`^0/(\d+) nodes are available: ?`)
	countedReason  = regexp.MustCompile(`^(\d+) (.*)$`)
	taintGrammar   = regexp.MustCompile(`(?:untolerated )?taint(?:\(s\))? (?:\(|\{)([^})]*)`)
)

// schedulerWords maps what the scheduler says to what follows "2 of 3 …", in
// the order in which they are looked for.
func schedulerWords() []struct {
	sign string
	nodeReason
} {
	return []struct {
		sign string
		nodeReason
	}{
		{"Too many pods", nodeReason{text: "hold no more pods"}},
		{"didn't match Pod's node affinity/selector", nodeReason{text: "do not match the node selector"}},
		{"didn't match node selector", nodeReason{text: "do not match the node selector"}},
		{"were unschedulable", nodeReason{text: "are closed for new pods"}},
		{"volume node affinity conflict", nodeReason{text: "cannot reach the home's volume (another zone or node)"}},
		{"didn't match PersistentVolume's node affinity", nodeReason{text: "cannot reach the home's volume (another zone or node)"}},
		{"no available volume zone", nodeReason{text: "cannot reach the home's volume (another zone)"}},
		{"didn't find available persistent volumes to bind", nodeReason{text: "have no free volume of that class and size", volume: true, capacity: true}},
		{"did not have enough free storage", nodeReason{text: "have not enough free storage", volume: true, capacity: true}},
		{"unbound immediate PersistentVolumeClaims", nodeReason{text: "the home's claim is not bound", volume: true}},
		{"bound to non-existent pv", nodeReason{text: "the home's volume does not exist", volume: true}},
		{"ReadWriteOncePod", nodeReason{text: "see the home in use by another pod"}},
		{"exceed max volume count", nodeReason{text: "hold no more volumes"}},
		{"anti-affinity", nodeReason{text: "are kept apart by an anti-affinity rule"}},
		{"pod affinity rules", nodeReason{text: "do not match the pod's affinity"}},
		{"topology spread", nodeReason{text: "would break the topology spread"}},
		{"free ports", nodeReason{text: "have the port in use"}},
	}
}

// parseUnschedulable reads the message of condition PodScheduled. What comes
// after the reasons (preemption, resource claims) says nothing new.
func parseUnschedulable(message string) unschedulable {
	u := unschedulable{raw: message}
	m := nodesAvailable.FindStringSubmatch(message)
	if m != nil {
		u.nodes, _ = strconv.Atoi(m[1]) // digits only; a number too large is as good as none
		message = message[len(m[0]):]
	}
	for _, cut := range []string{" preemption: ", " no new claims to deallocate"} {
		message, _, _ = strings.Cut(message, cut)
	}
	message = strings.TrimRight(message, ". ")
	if message == "" {
		return u
	}
	if m == nil && !knownScheduling(message) {
		return u
	}
	for _, part := range splitReasons(message) {
		u.add(part)
	}
	return u
}

func knownScheduling(message string) bool {
	for _, w := range schedulerWords() {
		if strings.Contains(message, w.sign) {
			return true
		}
	}
	return false
}

// add reads one reason: "2 Insufficient cpu", "1 node(s) had untolerated taint {k: v}".
func (u *unschedulable) add(part string) {
	r := nodeReason{text: part}
	if m := countedReason.FindStringSubmatch(part); m != nil {
		r.nodes, _ = strconv.Atoi(m[1])
		r.text = strings.TrimPrefix(m[2], "node(s) ")
	}
	words := r.text
	switch resource, isShort := strings.CutPrefix(words, "Insufficient "); {
	case isShort:
		r.text = "have too little " + resource
		if !slices.Contains(u.short, resource) {
			u.short = append(u.short, resource)
		}
	case strings.Contains(words, "taint"):
		r.text = "have a taint that the pod does not tolerate"
		if m := taintGrammar.FindStringSubmatch(words); m != nil {
			r.text += " (" + strings.TrimRight(m[1], ": ") + ")"
		}
	default:
		for _, w := range schedulerWords() {
			if strings.Contains(words, w.sign) {
				r.text, r.volume, r.capacity = w.text, w.volume, w.capacity
				break
			}
		}
	}
	u.reasons = append(u.reasons, r)
}

// splitReasons splits at commas outside braces and parentheses; "that the pod
// didn't tolerate" continues a reason of older releases.
func splitReasons(message string) []string {
	var parts []string
	depth, start := 0, 0
	flush := func(end int) {
		part := strings.TrimSpace(message[start:end])
		if part == "" {
			return
		}
		if strings.HasPrefix(part, "that ") && len(parts) > 0 {
			parts[len(parts)-1] += ", " + part
			return
		}
		parts = append(parts, part)
	}
	for i := 0; i < len(message); i++ {
		switch message[i] {
		case '{', '(':
			depth++
		case '}', ')':
			depth = max(0, depth-1)
		case ',':
			if depth == 0 {
				flush(i)
				start = i + 1
			}
		}
	}
	flush(len(message))
	return parts
}
