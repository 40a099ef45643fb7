package kube_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// What doctor asks about is what the role that we publish grants: one that lacks
// something would send people to an administrator who cannot help.
func TestTheDevelopersRoleGrantsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../assets/gateway/common.yaml")
	if err != nil {
		t.Fatal(err)
	}
	granted := map[string]bool{}
	for doc := range strings.SplitSeq(string(data), "\n---\n") {
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal([]byte(doc), &role); err != nil || role.Name != "berth-developer-workspaces" {
			continue
		}
		for _, rule := range role.Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						granted[verb+" "+resourceOf(permission{group, resource, verb})] = true
					}
				}
			}
		}
	}
	if len(granted) == 0 {
		t.Fatal("no role berth-developer-workspaces")
	}
	uses, err := kube.Uses("team-a", workspace.Installation{})
	if err != nil {
		t.Fatal(err)
	}
	for _, use := range uses {
		for _, access := range use.Needs {
			if use.For == "purge" || access.Namespace == "" {
				continue // given by roles of their own
			}
			if !granted[access.Verb+" "+access.Resource] {
				t.Errorf("%s needs to %s, which the role does not grant", use.For, access)
			}
		}
	}
}

func TestLacksNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	ns := namespace(t, admin, nil)
	uses, err := kube.Uses(ns, workspace.Installation{})
	if err != nil {
		t.Fatal(err)
	}
	if lacking, asked, err := admin.Lacks(t.Context(), uses); err != nil || len(lacking) != 0 || asked < 30 {
		t.Errorf("an administrator lacks %v of %d, %v", lacking, asked, err)
	}
	c := as(t, admin, ns, "lacks-"+ns, permissions())
	lacking, _, err := c.Lacks(t.Context(), uses)
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string][]workspace.Access{}
	for _, use := range lacking {
		missing[use.For] = use.Needs
	}
	if got := missing["logs"]; len(got) != 1 || got[0] != (workspace.Access{Verb: "get", Resource: "pods/log", Namespace: ns}) {
		t.Errorf("logs lacks %v", got)
	}
	for _, whole := range []string{"create and edit", "delete"} {
		if got, ok := missing[whole]; ok {
			t.Errorf("%s lacks %v", whole, got)
		}
	}
	if i := slices.IndexFunc(lacking, func(u kube.Use) bool { return u.For == "purge" }); i < 0 || !lacking[i].Optional {
		t.Errorf("purge is no option: %v", lacking)
	}
}

func TestEndpointSaysWhereTheServiceLeads(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	ns := namespace(t, c, nil)
	req := unscheduled(t, ns)
	if _, err := c.Endpoint(t.Context(), req.Ref); !errors.Is(err, workspace.ErrNotFound) || workspace.HintOf(err) == "" {
		t.Errorf("without a Service: %v", err)
	}
	if _, err := c.Create(t.Context(), req, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Endpoint(t.Context(), req.Ref); !errors.Is(err, workspace.ErrUnreachable) || !strings.Contains(err.Error(), "no ready pod") {
		t.Errorf("without a pod: %v", err)
	}
}

func TestVersionTellsAnAPIServerFromOthers(t *testing.T) {
	t.Parallel()
	version, err := client(t, nil).Version(t.Context())
	if err != nil || !strings.HasPrefix(version, "v") {
		t.Errorf("%q, %v", version, err)
	}
	gone := client(t, func(config *rest.Config) { config.Host = "https://127.0.0.1:1" })
	if _, err := gone.Version(t.Context()); !errors.Is(err, workspace.ErrUnreachable) || workspace.HintOf(err) == "" {
		t.Errorf("nobody there: %v", err)
	}
}

func TestCanFullGivesTheForm(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	if _, err := c.CanFull(t.Context(), "no-such-namespace"); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("no namespace: %v", err)
	}
	strict := namespace(t, c, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	if _, err := c.CanFull(t.Context(), strict); !errors.Is(err, workspace.ErrForbidden) {
		t.Errorf("restricted: %v", err)
	}
}
