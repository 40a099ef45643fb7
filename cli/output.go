package cli

// The forms in which workspaces are printed. The JSON and YAML forms are a
// contract with scripts: an array of objects, fields are added and never
// renamed, times are RFC 3339 in UTC and absent when unknown.

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/berth-sh/berth/workspace"
)

// format is the value of -o.
type format string

const (
	formatTable format = "table"
	formatWide  format = "wide"
	formatJSON  format = "json"
	formatYAML  format = "yaml"
	formatName  format = "name"
)

// formatValue is a flag that takes some of the formats.
type formatValue struct {
	value   *format
	allowed []format
}

func (f formatValue) String() string { return string(*f.value) }
func (formatValue) Type() string     { return "format" }

// Set implements pflag.Value.
func (f formatValue) Set(s string) error {
	if !slices.Contains(f.allowed, format(s)) {
		return fmt.Errorf("formats: %s", f.names())
	}
	*f.value = format(s)
	return nil
}

// names lists what is allowed, for help and messages.
func (f formatValue) names() string {
	names := make([]string, len(f.allowed))
	for i, a := range f.allowed {
		names[i] = string(a)
	}
	return strings.Join(names, ", ")
}

// record is one workspace in the JSON form.
type record struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Cluster   string `json:"cluster"`
	UID       string `json:"uid"`
	Alias     string `json:"alias"`

	Phase    string     `json:"phase"`
	Reason   string     `json:"reason"`
	Sentence string     `json:"sentence"`
	Since    *time.Time `json:"since,omitempty"`
	Next     []nextStep `json:"next,omitempty"`

	Image    string `json:"image,omitempty"`
	CPU      string `json:"cpu,omitempty"`
	Memory   string `json:"memory,omitempty"`
	Disk     string `json:"disk,omitempty"`
	GPU      int    `json:"gpu,omitempty"`
	Profile  string `json:"profile,omitempty"`
	Template string `json:"template,omitempty"`

	Node     string `json:"node,omitempty"`
	Pod      string `json:"pod,omitempty"`
	Restarts int    `json:"restarts"`
	HostKey  string `json:"hostKey,omitempty"`
	Address  string `json:"address,omitempty"` // of sshd itself, where the gateway's kind gives one

	Created    *time.Time `json:"created,omitempty"`
	ReadySince *time.Time `json:"readySince,omitempty"`
	DeletedAt  *time.Time `json:"deletedAt,omitempty"`
}

// nextStep is something that the user can do.
type nextStep struct {
	Text    string `json:"text"`
	Command string `json:"command,omitempty"`
}

// newRecord converts a workspace.
func newRecord(w workspace.Workspace) record {
	r := record{
		Name: w.Name, Namespace: w.Namespace, Cluster: string(w.Cluster), UID: w.UID, Alias: w.Alias,
		Phase: string(w.Status.Phase), Reason: string(w.Status.Reason), Sentence: w.Status.Sentence, Since: moment(w.Status.Since),
		Image: w.Spec.Image, CPU: w.Spec.CPU, Memory: w.Spec.Memory, Disk: w.Spec.Disk, GPU: w.Spec.GPU,
		Profile: string(w.Spec.Profile), Template: w.Spec.Template,
		Node: w.Node, Pod: w.Pod, Restarts: w.Restarts, HostKey: w.HostKey, Address: w.Route.Direct(),
		Created: moment(w.Created), ReadySince: moment(w.ReadySince), DeletedAt: moment(w.DeletedAt),
	}
	for _, n := range w.Status.Next {
		r.Next = append(r.Next, nextStep{n.Text, n.Command})
	}
	return r
}

// moment is nil for a time that is not known.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// byName orders workspaces as people look for them.
func byName(list []workspace.Workspace) []workspace.Workspace {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b workspace.Workspace) int {
		if c := strings.Compare(a.Namespace, b.Namespace); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

// printRecords writes workspaces as JSON or YAML.
func printRecords(w io.Writer, list []workspace.Workspace, f format) error {
	records := make([]record, 0, len(list)) // an empty list is [], never null
	for _, item := range list {
		records = append(records, newRecord(item))
	}
	return printValue(w, records, f)
}

// printValue writes any value as JSON or YAML.
func printValue(w io.Writer, value any, f format) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err == nil && f == formatYAML {
		data, err = yaml.JSONToYAML(data)
	}
	if err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	_, err = fmt.Fprintln(w, strings.TrimSuffix(string(data), "\n"))
	return err
}

// printNames writes one name a line, in a form that every command takes.
func printNames(w io.Writer, list []workspace.Workspace, allNamespaces bool) error {
	for _, item := range list {
		name := item.Name
		if allNamespaces {
			name = item.String()
		}
		if _, err := fmt.Fprintln(w, name); err != nil {
			return err
		}
	}
	return nil
}
