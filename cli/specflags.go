package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/berth-sh/berth/workspace"
)

// specFlags are the flags of create and edit that describe a workspace.
type specFlags struct {
	file         string
	spec         workspace.Spec
	profile      string
	env          []string
	labels       []string
	nodeSelector []string
	tolerations  []string

	own *pflag.FlagSet // the flags that add declared
}

// add declares the flags. Names, images and quantities are checked by
// workspace.Spec, which knows their grammar.
func (f *specFlags) add(cmd *cobra.Command) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.own = flags
	flags.StringVarP(&f.file, "file", "f", "", "read the spec from a YAML or JSON `file` (- is standard input); flags win over it")
	flags.StringVar(&f.spec.Image, "image", "", "container `image`")
	flags.StringVar(&f.spec.CPU, "cpu", "", "`cores`, such as 500m or 2")
	flags.StringVar(&f.spec.Memory, "memory", "", "`memory`, such as 4Gi")
	flags.StringVar(&f.spec.Disk, "disk", "", "`size` of the home, such as 10Gi")
	flags.IntVar(&f.spec.GPU, "gpu", 0, "`number` of GPUs")
	flags.StringVar(&f.profile, "profile", "", "how much the pod may do: restricted, standard or full")
	flags.StringArrayVar(&f.env, "env", nil, "environment `KEY=VALUE` (repeatable)")
	flags.StringArrayVar(&f.spec.EnvFrom, "env-from", nil, "environment from a `secret` (repeatable)")
	flags.StringArrayVar(&f.labels, "label", nil, "label `KEY=VALUE` of the pod (repeatable)")
	flags.StringArrayVar(&f.spec.ImagePullSecrets, "image-pull-secret", nil, "`secret` for the image's registry (repeatable)")
	flags.StringVar(&f.spec.ServiceAccount, "service-account", "", "`account` that the pod runs as")
	flags.StringArrayVar(&f.nodeSelector, "node-selector", nil, "node label `KEY=VALUE` (repeatable)")
	flags.StringArrayVar(&f.tolerations, "toleration", nil, "`KEY[=VALUE][:EFFECT]` of a node taint (repeatable)")
	flags.BoolVar(&f.spec.NoPDB, "no-pdb", false, "let a node drain evict the workspace")
	cmd.Flags().AddFlagSet(flags) // shares the flags, and with them what was set
}

// given reports whether one of add's flags was set.
func (f *specFlags) given() bool {
	said := false
	f.own.VisitAll(func(flag *pflag.Flag) { said = said || flag.Changed })
	return said
}

// addCreate declares what cannot be changed later.
func (f *specFlags) addCreate(cmd *cobra.Command) {
	f.add(cmd)
	cmd.Flags().StringVarP(&f.spec.Template, "template", "t", "", "named `preset` to start from")
	cmd.Flags().StringVar(&f.spec.StorageClass, "storage-class", "", "`class` of the home's volume")
}

// apply lays file and flags over base and checks the result. Only flags that
// were given count.
func (f *specFlags) apply(flags *pflag.FlagSet, stdin io.Reader, base workspace.Spec) (workspace.Spec, error) {
	spec := base
	if f.file != "" {
		if err := readSpec(f.file, stdin, &spec); err != nil {
			return spec, err
		}
	}
	var err error
	keyValues := func(field string, into *map[string]string, pairs []string) {
		if e := addPairs(field, into, pairs); e != nil && err == nil {
			err = e
		}
	}
	for name, set := range map[string]func(){
		"template":          func() { spec.Template = f.spec.Template },
		"image":             func() { spec.Image = f.spec.Image },
		"cpu":               func() { spec.CPU = f.spec.CPU },
		"memory":            func() { spec.Memory = f.spec.Memory },
		"disk":              func() { spec.Disk = f.spec.Disk },
		"gpu":               func() { spec.GPU = f.spec.GPU },
		"profile":           func() { spec.Profile = workspace.Profile(f.profile) },
		"env":               func() { keyValues("--env", &spec.Env, f.env) },
		"env-from":          func() { spec.EnvFrom = f.spec.EnvFrom },
		"label":             func() { keyValues("--label", &spec.Labels, f.labels) },
		"image-pull-secret": func() { spec.ImagePullSecrets = f.spec.ImagePullSecrets },
		"storage-class":     func() { spec.StorageClass = f.spec.StorageClass },
		"service-account":   func() { spec.ServiceAccount = f.spec.ServiceAccount },
		"node-selector":     func() { keyValues("--node-selector", &spec.NodeSelector, f.nodeSelector) },
		"no-pdb":            func() { spec.NoPDB = f.spec.NoPDB },
		"toleration": func() {
			spec.Tolerations = nil
			for _, t := range f.tolerations {
				spec.Tolerations = append(spec.Tolerations, parseToleration(t))
			}
		},
	} {
		if flag := flags.Lookup(name); flag != nil && flag.Changed {
			set()
		}
	}
	if err != nil {
		return spec, err
	}
	return spec, spec.Validate()
}

// addPairs lays KEY=VALUE pairs over a map, which is copied: the base spec
// stays what it was.
func addPairs(field string, into *map[string]string, pairs []string) error {
	all := make(map[string]string, len(*into)+len(pairs))
	for key, value := range *into {
		all[key] = value
	}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return workspace.Usagef("%s %q is not of the form KEY=VALUE", field, workspace.Safe(pair))
		}
		all[key] = value
	}
	*into = all
	return nil
}

// parseToleration reads KEY[=VALUE][:EFFECT]; Validate checks the parts.
func parseToleration(s string) workspace.Toleration {
	var t workspace.Toleration
	rest, effect, _ := strings.Cut(s, ":")
	t.Effect = effect
	t.Key, t.Value, _ = strings.Cut(rest, "=")
	return t
}

// readSpec lays a file over a spec.
func readSpec(path string, stdin io.Reader, into *workspace.Spec) error {
	var data []byte
	var err error
	if path == "-" {
		path = "standard input"
		data, err = io.ReadAll(io.LimitReader(stdin, workspace.MaxSpec+1))
	} else {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return workspace.WithKind(workspace.ErrUsage, fmt.Errorf("reading the spec: %w", err))
	}
	if len(data) > workspace.MaxSpec {
		return workspace.Usagef("reading the spec: %s has more than %d bytes", path, workspace.MaxSpec)
	}
	if err := overlay(into, data); err != nil {
		return workspace.WithHint(workspace.Usagef("reading the spec: %s: %s", path, workspace.Safe(err.Error())), "berth create NAME --dry-run -o yaml shows what a spec becomes")
	}
	return nil
}
