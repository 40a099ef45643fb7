package workspace_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

func TestValidateName(t *testing.T) {
	for _, name := range []string{"a", "api", "web-2", "a1-b2-c3", strings.Repeat("a", 40)} {
		if err := workspace.ValidateName(name); err != nil {
			t.Errorf("%q is refused: %v", name, err)
		}
	}
	for _, name := range []string{
		"", "-a", "a-", "a--b", "1a", "A", "a_b", "a.b", "a b", "a\n", "a\nProxyCommand x", "--", "-oProxyCommand=x", "ä", "$(id)", "a/b", strings.Repeat("a", 41),
	} {
		err := workspace.ValidateName(name)
		if !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("%q: %v, want a usage error", name, err)
			continue
		}
		if strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%q: the error carries it raw: %q", name, err)
		}
	}
}

func TestValidateRefCountsTheHostLabel(t *testing.T) {
	fits := workspace.Ref{Name: strings.Repeat("a", 40), Namespace: strings.Repeat("n", 21)}
	if err := workspace.ValidateRef(fits); err != nil {
		t.Errorf("63 characters are refused: %v", err)
	}
	long := workspace.Ref{Name: strings.Repeat("a", 40), Namespace: strings.Repeat("n", 22)}
	err := workspace.ValidateRef(long)
	if !errors.Is(err, workspace.ErrUsage) || !strings.Contains(workspace.HintOf(err), "at most 39 characters") {
		t.Errorf("64 characters: %v, hint %q", err, workspace.HintOf(err))
	}
	for _, ns := range []string{"", "-a", "a-", "A", "a.b", "a\nb", strings.Repeat("n", 64)} {
		if err := workspace.ValidateRef(workspace.Ref{Name: "api", Namespace: ns}); !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("namespace %q: %v, want a usage error", ns, err)
		}
	}
}

func TestHostLabelSplitsAtTheFirstDoubleHyphen(t *testing.T) {
	for _, r := range []workspace.Ref{{Name: "api", Namespace: "team-a"}, {Name: "a-b", Namespace: "x--y"}, {Name: "a", Namespace: "0"}} {
		got, err := workspace.ParseHostLabel(r.HostLabel())
		if err != nil || got != r {
			t.Errorf("%s became %v, %v", r.HostLabel(), got, err)
		}
	}
	for _, label := range []string{"", "api", "api-team", "--team", "api--", "Api--team", "api--team.example"} {
		if _, err := workspace.ParseHostLabel(label); !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("%q: %v, want a usage error", label, err)
		}
	}
}

func TestAliases(t *testing.T) {
	r := workspace.Ref{Name: "api", Namespace: "team-a"}
	for _, c := range []struct{ alias, cluster string }{{r.Alias(), ""}, {r.LongAlias("prod"), "prod"}} {
		got, cluster, err := workspace.ParseAlias(c.alias)
		if err != nil || got != r || cluster != c.cluster {
			t.Errorf("%s became %v in %q, %v", c.alias, got, cluster, err)
		}
	}
	for _, alias := range []string{"", "api", "api.team-a", "api.team-a.prod", "berth", "api.team-a.Prod.berth", "api.team-a..berth", "a.b.c.d.berth", "-x.team-a.berth", "api.team-a.berth\nHost *"} {
		if _, _, err := workspace.ParseAlias(alias); !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("%q: %v, want a usage error", alias, err)
		}
	}
}

func TestClusterSlug(t *testing.T) {
	for context, want := range map[string]string{
		"prod": "prod", "kind-dev": "kind-dev", "arn:aws:eks:eu-1:12:cluster/Main": "arn-aws-eks-eu-1-12-cluster-main",
		"admin@k8s_lab": "admin-k8s-lab", "": "cluster", "___": "cluster", "über": "ber", strings.Repeat("x-", 40): strings.Repeat("x-", 19) + "x",
	} {
		if got := workspace.ClusterSlug(context); got != want {
			t.Errorf("slug of %q is %q, want %q", context, got, want)
		}
	}
}

func FuzzClusterSlug(f *testing.F) {
	f.Add("kind-dev")
	f.Add("a--b\n-")
	f.Fuzz(func(t *testing.T, context string) {
		alias := workspace.Ref{Name: "api", Namespace: "team-a"}.LongAlias(workspace.ClusterSlug(context))
		if _, _, err := workspace.ParseAlias(alias); err != nil {
			t.Errorf("context %q gives alias %q: %v", context, alias, err)
		}
	})
}

func TestValidateUser(t *testing.T) {
	for _, user := range []string{"dev", "_x", "a-b_9"} {
		if err := workspace.ValidateUser(user); err != nil {
			t.Errorf("%q is refused: %v", user, err)
		}
	}
	for _, user := range []string{"", "-l", "Dev", "a b", "a$(id)", "a\n", strings.Repeat("a", 33)} {
		if err := workspace.ValidateUser(user); !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("%q: %v, want a usage error", user, err)
		}
	}
}
