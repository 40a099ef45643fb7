package sshconf_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

func TestAnImportedAliasOutlivesTheLists(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	api := file(t, "api")
	got, err := d.Import(t.Context(), teamA, api, false)
	if err != nil {
		t.Fatal(err)
	}
	want := sshconf.Changes{Added: []string{"api.team-a.berth", "api.team-a.prod.berth"}, Written: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("import (-want +got):\n%s", diff)
	}
	if !strings.Contains(read(t, d.KnownHosts()), "api.team-a.berth "+api.HostKey+"\n") {
		t.Errorf("known_hosts lacks the pin:\n%s", read(t, d.KnownHosts()))
	}
	if !strings.Contains(read(t, d.Config()), "Host api.team-a.berth\n") {
		t.Errorf("config lacks the alias:\n%s", read(t, d.Config()))
	}
	if c, err := d.Import(t.Context(), teamA, api, false); err != nil || !cmp.Equal(c, sshconf.Changes{}) {
		t.Errorf("the same again: %+v, %v", c, err)
	}
	reconcile(t, d, teamA, file(t, "web"))
	f, err := d.Read("api.team-a.berth")
	if err != nil || f.Origin != alias.Imported || f.Kubeconfig != "" {
		t.Fatalf("after a list without it: %+v, %v", f, err)
	}

	// Its cluster is listed from here after all: it is an alias like any other.
	api.Kubeconfig = "/home/me/.kube/config"
	reconcile(t, d, teamA, api)
	if f, err := d.Read("api.team-a.berth"); err != nil || f.Origin != "" || f.Kubeconfig == "" {
		t.Errorf("after a list with it: %+v, %v", f, err)
	}
	if _, err := d.Unimport(t.Context(), "api.team-a.berth"); !errors.Is(err, workspace.ErrConflict) {
		t.Errorf("taking out an alias of a list: %v", err)
	}
	if c, err := d.Import(t.Context(), teamA, api, false); err != nil || c.Written {
		t.Errorf("importing what is listed: %+v, %v", c, err)
	}
	reconcile(t, d, teamA)
	if got := aliases(t, d); got != "" {
		t.Errorf("aliases %s stay after the workspace went", got)
	}
}

func TestAnImportTakesNobodysAlias(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	reconcile(t, d, teamA, file(t, "api"))
	before := snapshot(t, d.Path())
	theirs := sshconf.Scope{Cluster: "c-9", ClusterName: "prod", Namespace: "team-a"}
	_, err := d.Import(t.Context(), theirs, file(t, "api"), false)
	if !errors.Is(err, workspace.ErrConflict) || !strings.Contains(workspace.HintOf(err), "--as") {
		t.Errorf("short alias: %v, hint %q", err, workspace.HintOf(err))
	}
	if _, err := d.Import(t.Context(), theirs, file(t, "api"), true); !errors.Is(err, workspace.ErrConflict) {
		t.Errorf("long alias: %v", err)
	}
	if diff := cmp.Diff(before, snapshot(t, d.Path())); diff != "" {
		t.Errorf("a refused import wrote:\n%s", diff)
	}
	theirs.ClusterName = "acme"
	if _, err := d.Import(t.Context(), theirs, file(t, "api"), true); err != nil {
		t.Fatal(err)
	}
	if got, want := aliases(t, d), "api.team-a.acme.berth api.team-a.berth api.team-a.prod.berth"; got != want {
		t.Errorf("aliases %s, want %s", got, want)
	}
	_, err = d.Import(t.Context(), sshconf.Scope{Cluster: "c-7", ClusterName: "acme", Namespace: "team-a"}, file(t, "api"), true)
	if !errors.Is(err, workspace.ErrConflict) || !strings.Contains(workspace.HintOf(err), "--remove api.team-a.acme.berth") {
		t.Errorf("another's import: %v, hint %q", err, workspace.HintOf(err))
	}
}

func TestAnImportNeverChangesAPin(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(context.Context, *sshconf.Dir, alias.File) error{
		"imported": func(ctx context.Context, d *sshconf.Dir, f alias.File) error {
			_, err := d.Import(ctx, teamA, f, false)
			return err
		},
		"listed": func(ctx context.Context, d *sshconf.Dir, f alias.File) error {
			_, err := d.Put(ctx, teamA, f)
			return err
		},
	} {
		d, _ := newDir(t)
		api := file(t, "api")
		if err := first(t.Context(), d, api); err != nil {
			t.Fatal(err)
		}
		before := snapshot(t, d.Path())
		api.HostKey, api.UID = newPin(t), "uid-new"
		_, err := d.Import(t.Context(), teamA, api, false)
		var changed *sshconf.PinChangedError
		if !errors.As(err, &changed) || workspace.HintOf(err) == "" {
			t.Errorf("%s: error %v", name, err)
		}
		if diff := cmp.Diff(before, snapshot(t, d.Path())); diff != "" {
			t.Errorf("%s: it wrote:\n%s", name, diff)
		}
	}
}

func TestUnimportTakesAllOfOneOut(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	if _, err := d.Import(t.Context(), teamA, file(t, "api"), false); err != nil {
		t.Fatal(err)
	}
	reconcile(t, d, teamA, file(t, "web"))
	if _, err := d.Unimport(t.Context(), "api.team-a.prod.berth"); err != nil {
		t.Fatal(err)
	}
	if got, want := aliases(t, d), "web.team-a.berth web.team-a.prod.berth"; got != want {
		t.Errorf("aliases %s, want %s", got, want)
	}
	if strings.Contains(read(t, d.KnownHosts()), "api.") || strings.Contains(read(t, d.Config()), "api.") {
		t.Error("its pin or its Host block is still there")
	}
	if _, err := d.Unimport(t.Context(), "api.team-a.berth"); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
}
