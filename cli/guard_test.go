package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

func TestWhatLooksLikeProduction(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		config             userConfig
		context, namespace string
		want               bool
	}{
		{context: "prod", want: true},
		{context: "acme-PROD-eu", want: true},
		{context: "arn:aws:eks:eu-west-1:1:cluster/prd", want: true},
		{context: "gke_acme_live_1", want: true},
		{context: "dev", namespace: "shop-production", want: true},
		{context: "products", namespace: "alive"},
		{context: "reproduction", namespace: "prod1"},
		{context: ""},
		{config: userConfig{Production: []string{"blue"}}, context: "prod"},
		{config: userConfig{Production: []string{"blue"}}, context: "x.Blue", want: true},
		{config: userConfig{Production: []string{}}, context: "prod"},
		{config: userConfig{Contexts: map[string]contextSettings{"prod": {Production: &no}}}, context: "prod", namespace: "live"},
		{config: userConfig{Contexts: map[string]contextSettings{"a": {Production: &yes}}}, context: "a", want: true},
	} {
		if got := test.config.production(test.context, test.namespace); got != test.want {
			t.Errorf("%q, %q with %+v: %v, want %v", test.context, test.namespace, test.config, got, test.want)
		}
	}
}

func TestAContextIsReadOnlyBySettings(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(path, []byte(deadKubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	for settings, want := range map[string]string{
		"":                                     "",
		"contexts: {dead: {readOnly: true}}":   "for context dead",
		"contexts: {other: {readOnly: true}}":  "",
		"contexts: {dead: {production: true}}": "",
		"readOnly: true":                       "readOnly is set in",
	} {
		config := filepath.Join(dir, "berth", "config.yaml")
		if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
			t.Fatal(err)
		}
		env := environment{home: dir, getenv: func(name string) string {
			return map[string]string{"XDG_CONFIG_HOME": dir, "XDG_STATE_HOME": dir}[name]
		}}
		a := newApp(streams{}, env)
		a.flags.kubeconfig = path
		err := a.writable()
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !errors.Is(err, workspace.ErrForbidden)) {
			t.Errorf("%q: %v, want %q", settings, err, want)
		}
		if g := must(t, a.config).guard("dead", ""); (g.ReadOnly != "") != (want == "for context dead") {
			t.Errorf("%q: the program is told %+v", settings, g)
		}
	}
}

func must[T any](t *testing.T, f func() (T, error)) T {
	t.Helper()
	v, err := f()
	if err != nil {
		t.Fatal(err)
	}
	return v
}
