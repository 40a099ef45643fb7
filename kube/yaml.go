package kube

// Objects as a person reads them.

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/berth-sh/berth/workspace"
)

// YAML returns the objects as one stream of documents, in the order of
// creation. The private host key is left out: the text is made to be shown.
func (o Objects) YAML() (string, error) {
	secret := *o.Secret
	secret.Data = nil
	secret.StringData = map[string]string{
		secretHostKey:        "(made when the workspace is created)",
		secretHostPublic:     "(made when the workspace is created)",
		secretAuthorizedKeys: string(o.Secret.Data[secretAuthorizedKeys]),
	}
	o.Secret = &secret
	list, err := o.list()
	if err != nil {
		return "", err
	}
	docs := make([]string, len(list))
	for i, u := range list {
		if docs[i], err = plainYAML(u); err != nil {
			return "", err
		}
	}
	return strings.Join(docs, "---\n"), nil
}

// plainYAML shows an object without what the server keeps for itself.
func plainYAML(o *unstructured.Unstructured) (string, error) {
	if o == nil {
		return "", nil
	}
	o = o.DeepCopy()
	delete(o.Object, "status")
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "finalizers", "selfLink"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	for _, key := range []string{annotationOperation, "deployment.kubernetes.io/revision"} {
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations", key)
	}
	text, err := yaml.Marshal(o.Object)
	if err != nil {
		return "", fmt.Errorf("encoding %s: %w", title(o), err)
	}
	return safeLines(string(text)), nil
}

// YAML returns the Deployment and the claim as YAML without managed fields, or
// the claim alone where a workspace is deleted. The text has passed
// workspace.SafeText. Secrets are no part of it.
func (c *Client) YAML(ctx context.Context, ref workspace.Ref) (string, error) {
	d, missing := c.clientset.AppsV1().Deployments(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	if missing != nil && !apierrors.IsNotFound(missing) {
		return "", fmt.Errorf("reading deployment %s: %w", ref.Name, c.explain(missing))
	}
	pvc, err := c.clientset.CoreV1().PersistentVolumeClaims(ref.Namespace).Get(ctx, ref.ClaimName(), metav1.GetOptions{})
	var docs []string
	show := func(o any) error {
		out, err := yaml.Marshal(o)
		if err != nil {
			return fmt.Errorf("encoding workspace %s: %w", ref.Name, err)
		}
		docs = append(docs, string(out))
		return nil
	}
	if missing == nil {
		d.ManagedFields, d.TypeMeta = nil, typeMeta("apps/v1", "Deployment")
		if err := show(d); err != nil {
			return "", err
		}
	}
	switch {
	case err == nil:
		pvc.ManagedFields, pvc.TypeMeta = nil, typeMeta("v1", "PersistentVolumeClaim")
		if err := show(pvc); err != nil {
			return "", err
		}
	case missing != nil:
		return "", fmt.Errorf("reading claim %s: %w", ref.ClaimName(), c.explain(err))
	case !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err):
		return "", fmt.Errorf("reading claim %s: %w", ref.ClaimName(), c.explain(err))
	}
	return safeLines(strings.Join(docs, "---\n")), nil
}

// safeLines is workspace.SafeText line by line: annotations alone may be four
// times as long as the text that it lets through.
func safeLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = workspace.SafeText(lines[i])
	}
	return strings.Join(lines, "\n")
}

// diffContext is how many unchanged lines a diff shows around a change.
const diffContext = 2

// diffLines returns a diff of two texts under a heading, or "" when they are
// equal. Lines begin with "+", "-" or a space.
func diffLines(name, before, after string) string {
	if before == after {
		return ""
	}
	lines := lineDiff(strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n"))
	near := func(i int) bool {
		for j := max(0, i-diffContext); j <= min(len(lines)-1, i+diffContext); j++ {
			if lines[j][0] != ' ' {
				return true
			}
		}
		return false
	}
	var b strings.Builder
	b.WriteString(name + "\n")
	for i, line := range lines {
		if near(i) {
			b.WriteString(strings.TrimSuffix(line, "\n") + "\n")
		}
	}
	return b.String()
}

// lineDiff marks each line as kept, removed or added, by the longest common
// subsequence; the texts have a few hundred lines.
func lineDiff(a, b []string) []string {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, " "+a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || length[i+1][j] >= length[i][j+1]):
			out = append(out, "-"+a[i])
			i++
		default:
			out = append(out, "+"+b[j])
			j++
		}
	}
	return out
}
