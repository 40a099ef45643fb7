package route

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/api/validate/content"
)

// Caps of what a load balancer is given; clouds take far less.
const (
	maxRanges      = 256
	maxAnnotations = 64
	maxAnnotation  = 4 << 10 // bytes of a value
)

// CheckBalancer refuses what may not be asked of a workspace's load balancer:
// ranges that are none, and annotations that Kubernetes would refuse or that
// are berth's own.
func CheckBalancer(annotations map[string]string, ranges []string) error {
	if len(ranges) > maxRanges || len(annotations) > maxAnnotations {
		return fmt.Errorf("more than %d source ranges or %d annotations", maxRanges, maxAnnotations)
	}
	for _, r := range ranges {
		if _, err := netip.ParsePrefix(r); err != nil {
			return fmt.Errorf("source range %q is not ADDRESS/BITS", r)
		}
	}
	for key, value := range annotations {
		if err := checkAnnotation(key, value); err != nil {
			return err
		}
	}
	return nil
}

func checkAnnotation(key, value string) error {
	prefix, _, _ := strings.Cut(strings.ToLower(key), "/")
	switch {
	case len(content.IsLabelKey(strings.ToLower(key))) > 0:
		return fmt.Errorf("annotation %q is not a qualified name", key)
	case prefix == "berth.sh" || strings.HasSuffix(prefix, ".berth.sh"):
		return fmt.Errorf("annotation %q is berth's own", key)
	case len(value) > maxAnnotation:
		return fmt.Errorf("annotation %q has %d bytes, at most %d are allowed", key, len(value), maxAnnotation)
	case strings.ContainsFunc(value, unicode.IsControl):
		return fmt.Errorf("annotation %q holds a control character", key)
	}
	return nil
}
