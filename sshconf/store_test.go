package sshconf_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

func TestReconcileWritesUpdatesAndRemoves(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	api, web := file(t, "api"), file(t, "web")
	got := reconcile(t, d, teamA, api, web)
	want := sshconf.Changes{Added: []string{
		"api.team-a.berth", "api.team-a.prod.berth", "web.team-a.berth", "web.team-a.prod.berth",
	}, Written: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("first run (-want +got):\n%s", diff)
	}
	pins := read(t, d.KnownHosts())
	if !strings.Contains(pins, "api.team-a.berth "+api.HostKey+"\n") || strings.Count(pins, "\n") != 4 {
		t.Errorf("known_hosts:\n%s", pins)
	}

	api.Address = "other.example.com:80"
	got = reconcile(t, d, teamA, api)
	want = sshconf.Changes{
		Updated: []string{"api.team-a.berth", "api.team-a.prod.berth"},
		Removed: []string{"web.team-a.berth", "web.team-a.prod.berth"}, Written: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("second run (-want +got):\n%s", diff)
	}
	for _, path := range []string{d.Config(), d.KnownHosts()} {
		if strings.Contains(read(t, path), "web.") {
			t.Errorf("%s still names web", path)
		}
	}
	f, err := d.Read("api.team-a.berth")
	if err != nil || f.Address != "other.example.com:80" || f.Cluster != "c-1" || f.Namespace != "team-a" {
		t.Errorf("Read = %+v, %v", f, err)
	}
	if _, err := d.Read("web.team-a.berth"); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("reading a removed alias: %v", err)
	}
	if _, err := d.Read("../config"); !errors.Is(err, workspace.ErrUsage) {
		t.Errorf("reading outside the folder: %v", err)
	}
}

func TestEqualInputWritesNothing(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	files := []alias.File{file(t, "api"), file(t, "web")}
	reconcile(t, d, teamA, files...)
	before := snapshot(t, d.Path())
	slices.Reverse(files)
	if c := reconcile(t, d, teamA, files...); !cmp.Equal(c, sshconf.Changes{}) {
		t.Errorf("changes of equal input: %+v", c)
	}
	if diff := cmp.Diff(before, snapshot(t, d.Path())); diff != "" {
		t.Errorf("files were written:\n%s", diff)
	}
}

// snapshot tells each file's content, mode and time of change.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		all[path] = fmt.Sprint(fi.Mode(), fi.ModTime(), "\n", read(t, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOtherScopesAreUntouched(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	teamB := sshconf.Scope{Cluster: "c-1", ClusterName: "prod", Namespace: "team-b"}
	other := sshconf.Scope{Cluster: "c-2", ClusterName: "stage", Namespace: "team-a"}
	reconcile(t, d, teamA, file(t, "one"))
	reconcile(t, d, teamB, file(t, "two"))
	reconcile(t, d, other, file(t, "three"))
	if c := reconcile(t, d, teamA); len(c.Removed) != 2 {
		t.Errorf("removed %v", c.Removed)
	}
	want := "three.team-a.berth three.team-a.stage.berth two.team-b.berth two.team-b.prod.berth"
	if got := aliases(t, d); got != want {
		t.Errorf("aliases %s, want %s", got, want)
	}
}

func TestShortAliasBelongsToTheFirstCluster(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	stage := sshconf.Scope{Cluster: "c-2", ClusterName: "stage", Namespace: "team-a"}
	twin := sshconf.Scope{Cluster: "c-3", ClusterName: "stage", Namespace: "team-a"}
	staged := file(t, "api")
	reconcile(t, d, teamA, file(t, "api"))
	reconcile(t, d, stage, staged)
	if c := reconcile(t, d, twin, file(t, "api")); len(c.Added) != 1 || !strings.HasPrefix(c.Added[0], "api.team-a.stage-") {
		t.Errorf("a second cluster named stage added %v", c.Added)
	}
	if f, err := d.Read("api.team-a.berth"); err != nil || f.Cluster != "c-1" {
		t.Errorf("short alias is %s's, %v", f.Cluster, err)
	}
	for scope, want := range map[sshconf.Scope]string{teamA: "api.team-a.berth", stage: "api.team-a.stage.berth"} {
		if f, err := d.Find(scope, "api"); err != nil || f.Alias != want {
			t.Errorf("Find in %s = %s, %v; want %s", scope.Cluster, f.Alias, err, want)
		}
	}
	reconcile(t, d, teamA)
	if c := reconcile(t, d, stage, staged); !slices.Equal(c.Added, []string{"api.team-a.berth"}) {
		t.Errorf("after the first cluster let go: %+v", c)
	}
}

func TestAliasesOfAnotherContextStay(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	api := file(t, "api")
	api.Kubeconfig, api.Context = "/k", "admin"
	reconcile(t, d, sshconf.Scope{Cluster: "c-1", ClusterName: "admin", Namespace: "team-a"}, api)
	api.Context = "dev"
	reconcile(t, d, sshconf.Scope{Cluster: "c-1", ClusterName: "dev", Namespace: "team-a"}, api)
	for name, context := range map[string]string{"api.team-a.admin.berth": "admin", "api.team-a.dev.berth": "dev"} {
		if f, err := d.Read(name); err != nil || f.Context != context {
			t.Errorf("%s goes through context %q, %v", name, f.Context, err)
		}
	}
}

func TestChangedPinIsRefused(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	api, web := file(t, "api"), file(t, "web")
	reconcile(t, d, teamA, api, web)
	forged := api
	forged.HostKey, forged.Address = newPin(t), "evil.example.com:80"
	web.Address = "new.example.com:80"
	c, err := d.Reconcile(t.Context(), teamA, []alias.File{forged, web})
	var changed *sshconf.PinChangedError
	if !errors.As(err, &changed) || !errors.Is(err, workspace.ErrConflict) || workspace.HintOf(err) == "" {
		t.Fatalf("error %v", err)
	}
	pinned, ferr := sshconf.Fingerprint(api.HostKey)
	now, ferr2 := sshconf.Fingerprint(forged.HostKey)
	if ferr != nil || ferr2 != nil || changed.Pinned != pinned || changed.Now != now {
		t.Errorf("fingerprints %+v, want %s and %s", changed, pinned, now)
	}
	forget := "`rm ~/.ssh/berth/alias/api.team-a.berth ~/.ssh/berth/alias/api.team-a.prod.berth && berth ls`"
	if hint := workspace.HintOf(err); !strings.Contains(hint, forget) {
		t.Errorf("hint %q does not name the command %s", hint, forget)
	}
	if f, err := d.Read("api.team-a.berth"); err != nil || f.HostKey != api.HostKey || f.Address != api.Address {
		t.Errorf("refused alias became %+v, %v", f, err)
	}
	if !slices.Contains(c.Updated, "web.team-a.berth") {
		t.Errorf("the others were held up: %+v", c)
	}

	if _, err = d.Repin(t.Context(), teamA, forged, file(t, "web").HostKey); !errors.As(err, &changed) {
		t.Errorf("a pin was replaced that was not the rotated one: %v", err)
	}
	c, err = d.Repin(t.Context(), teamA, forged, api.HostKey)
	if err != nil || !slices.Contains(c.Repinned, "api.team-a.berth") {
		t.Errorf("Repin = %+v, %v", c, err)
	}
	again := file(t, "api")
	again.UID = "uid-created-again"
	if c := reconcile(t, d, teamA, again, web); !slices.Contains(c.Repinned, "api.team-a.berth") {
		t.Errorf("a new workspace of the same name: %+v", c)
	}
	unread := again
	unread.HostKey = ""
	reconcile(t, d, teamA, unread, web)
	if f, err := d.Read("api.team-a.berth"); err != nil || f.HostKey != again.HostKey {
		t.Errorf("pin was lost: %+v, %v", f, err)
	}
}

func TestHostileListEntriesHarmNobodyElse(t *testing.T) {
	t.Parallel()
	bad := map[string]func(*alias.File){
		"name":       func(f *alias.File) { f.Name = "x\n  ProxyCommand evil" },
		"dash":       func(f *alias.File) { f.Name = "-oProxyCommand=x" },
		"user":       func(f *alias.File) { f.User = "$(touch x)" },
		"line break": func(f *alias.File) { f.Address = "a:1\nproxy evil" },
		"pin":        func(f *alias.File) { f.HostKey += "\n* ssh-ed25519 AAAA" },
		"pin marker": func(f *alias.File) { f.HostKey = "@cert-authority * " + f.HostKey },
		"namespace":  func(f *alias.File) { f.Namespace = "elsewhere" },
		"cluster":    func(f *alias.File) { f.Cluster = "c-9" },
	}
	for name, spoil := range bad {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, _ := newDir(t)
			f := file(t, "api")
			spoil(&f)
			_, err := d.Reconcile(t.Context(), teamA, []alias.File{f, file(t, "web")})
			if !errors.Is(err, workspace.ErrUsage) && !strings.Contains(fmt.Sprint(err), "line break") {
				t.Errorf("error %v", err)
			}
			if got := aliases(t, d); got != "web.team-a.berth web.team-a.prod.berth" {
				t.Errorf("aliases %s", got)
			}
		})
	}
}

func TestARefusedEntryKeepsItsAlias(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	api := file(t, "api")
	reconcile(t, d, teamA, api)
	api.User = "Bad User"
	if _, err := d.Reconcile(t.Context(), teamA, []alias.File{api}); err == nil {
		t.Error("a bad user was accepted")
	}
	if f, err := d.Read("api.team-a.berth"); err != nil || f.User != "dev" {
		t.Errorf("alias became %+v, %v", f, err)
	}
}

func TestPutAndRemove(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	put(t, d, teamA, file(t, "api"))
	put(t, d, teamA, file(t, "web"))
	if _, err := d.Remove(t.Context(), teamA, "api", "never-there"); err != nil {
		t.Fatal(err)
	}
	if got := aliases(t, d); got != "web.team-a.berth web.team-a.prod.berth" {
		t.Errorf("aliases %s", got)
	}
}

func TestDamageIsRepaired(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	api := file(t, "api")
	reconcile(t, d, teamA, api)
	want := read(t, d.Config())
	short := filepath.Join(d.Path(), "alias", "api.team-a.berth")
	left := filepath.Join(d.Path(), "alias", ".berth-LEFTOVER.tmp")
	write(t, short, "berth 1\nali", 0o644)
	write(t, left, "half", 0o600)
	write(t, d.Config(), "Host api", 0o666)
	if err := os.Chmod(d.Path(), 0o775); err != nil {
		t.Fatal(err)
	}
	reconcile(t, d, teamA, api)
	if got := read(t, d.Config()); got != want {
		t.Errorf("config:\n%s", got)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left-over file: %v", err)
	}
	for path, mode := range map[string]os.FileMode{d.Path(): 0o700, d.Config(): 0o600, short: 0o600, d.KnownHosts(): 0o600} {
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != mode {
			t.Errorf("%s: mode %v, %v", path, fi.Mode(), err)
		}
	}
	if err := os.Chmod(d.Config(), 0o664); err != nil {
		t.Fatal(err)
	}
	reconcile(t, d, teamA, api)
	if fi, err := os.Stat(d.Config()); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode of an equal file: %v, %v", fi.Mode(), err)
	}
}

func TestAFileOfANewerBerthStopsEverything(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	reconcile(t, d, teamA, file(t, "api"))
	write(t, filepath.Join(d.Path(), "alias", "new.team-b.berth"), "berth 2\nalias new.team-b.berth\n", 0o600)
	before := snapshot(t, d.Path())
	if _, err := d.Reconcile(t.Context(), teamA, nil); !errors.Is(err, alias.ErrNewer) || workspace.HintOf(err) == "" {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(before, snapshot(t, d.Path())); diff != "" {
		t.Errorf("something was written:\n%s", diff)
	}
}

func TestLinkInPlaceOfTheFolderIsRefused(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	elsewhere := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, d.Path()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Put(t.Context(), teamA, file(t, "api")); err == nil {
		t.Error("a link was followed")
	}
	if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) != 0 {
		t.Errorf("files behind the link: %v, %v", entries, err)
	}
}
