package cli

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// silentServer accepts connections and never answers.
func silentServer(t *testing.T) (address string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var conns []net.Conn
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return listener.Addr().String()
}

// addContexts gives a bed's kubeconfig the contexts main, which is the bed's,
// other in another namespace, and hangs, whose server never answers.
func addContexts(t *testing.T, b *bed, other string) {
	t.Helper()
	var path string
	for _, e := range b.env {
		if rest, ok := strings.CutPrefix(e, "KUBECONFIG="); ok {
			path = rest
		}
	}
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := makeNamespace(path, other); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeNamespace(path, other) })
	now := config.Contexts[config.CurrentContext]
	config.Clusters["silent"] = &api.Cluster{Server: "https://" + silentServer(t), InsecureSkipTLSVerify: true}
	config.Contexts["main"] = &api.Context{Cluster: now.Cluster, AuthInfo: now.AuthInfo, Namespace: b.namespace}
	config.Contexts["other"] = &api.Context{Cluster: now.Cluster, AuthInfo: now.AuthInfo, Namespace: other}
	config.Contexts["hangs"] = &api.Context{Cluster: "silent", AuthInfo: now.AuthInfo, Namespace: "nowhere"}
	config.CurrentContext = "main"
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
}

// TestContextsInTheProgram goes to a context that never answers and from there
// to one that does, where a workspace is stopped.
func TestContextsInTheProgram(t *testing.T) {
	b := newBed(t, "contexts")
	addContexts(t, b, "contexts-other")
	b.want(exitOK, nil, "create", "here")
	b.want(exitOK, nil, "create", "there", "--context", "other", "--wait")
	s := openScreen(t, 110, 30, b.env, b.berth)
	s.waitFor("main ▸ contexts", "here")

	s.keys("C")
	s.waitFor("hangs", "other")
	s.text("hangs")
	s.keys("Enter")
	s.waitFor("connecting to hangs", "C  go to another context")

	s.keys(":") // the palette finds contexts, too
	s.text("other")
	s.waitFor("context")
	s.keys("Enter")
	s.waitFor("other ▸ contexts-other", "there", "● running")
	s.waitGone("switching")
	s.keys("s")
	s.waitFor("there · contexts-other · other")
	s.answer("stop there?", "y")
	s.waitFor("○ stopped")

	s.keys("C")
	s.text("main")
	s.keys("Enter")
	s.waitFor("main ▸ contexts", "here")
	s.keys("q")
	s.waitFor("ended with 0")
}

// TestSeveralContextsInOneList shows three contexts, of which one never answers.
func TestSeveralContextsInOneList(t *testing.T) {
	b := newBed(t, "joined")
	addContexts(t, b, "joined-other")
	b.want(exitOK, nil, "create", "here", "--wait")
	b.want(exitOK, nil, "create", "there", "--context", "other", "--wait")
	s := openScreen(t, 140, 30, b.env, b.berth, "--context", "main,hangs", "--context", "other")
	s.waitFor("CONTEXT", "main, hangs, other ▸ joined, nowhere, joined-other", "here", "there")
	s.keys("/")
	s.text("context=other")
	s.waitFor("1/2")
	s.keys("Enter", "*")
	s.waitFor("1 marked")
	s.keys("Escape")
	s.waitGone("1/2")
	s.keys("s")
	s.waitFor("there · joined-other · other")
	s.answer("stop there?", "y")
	s.waitFor("○ stopped", "● running")
	s.keys("C")
	s.text("other")
	s.waitFor("› other", "https://")
	s.keys("Down", "Enter")
	s.waitFor("other ▸ joined-other", "there")
	s.waitGone("CONTEXT")
	s.keys("C")
	s.text("main, ")
	s.waitFor("in one list")
	s.keys("Enter")
	s.waitFor("CONTEXT", "here", "there")
	s.keys("b")
	s.text("context")
	s.keys("Enter")
	s.waitFor("▾ main", "▾ other")
	s.keys("q")
	s.waitFor("ended with 0")
	s = openScreen(t, 140, 30, b.env, b.berth, "--context", "main,other") // it is remembered
	s.waitFor("▾ main", "▾ other", "here", "there")
	s.keys("q")
	s.waitFor("ended with 0")
	if kept := readFileOrNone(b.stateFile()); !strings.Contains(kept, `"group": "context"`) {
		t.Errorf("the state file holds %q", kept)
	}
}

// TestOneOfSeveralContexts creates in one of three contexts, of which one never
// answers, and looks into another namespace of one of them.
func TestOneOfSeveralContexts(t *testing.T) {
	b := newBed(t, "oneof")
	addContexts(t, b, "oneof-other")
	b.want(exitOK, nil, "ssh-config", "install", "--yes") // else it is asked for at the first create
	b.want(exitOK, nil, "create", "here")
	s := openScreen(t, 140, 40, b.env, b.berth, "--context", "main,hangs,other")
	s.waitFor("main, hangs, other ▸ oneof, nowhere, oneof-other", "here")

	s.keys("n")
	s.waitFor("every context")
	s.text("loading") // others' namespaces may fill the dialog
	s.waitFor("› loading", "hangs", "loading…")
	s.keys("Escape")
	s.waitGone("› loading")
	s.keys("n")
	s.waitFor("every context")
	s.text("kube-system")
	s.waitFor("every context", "main", "other") // those that list them have it
	s.keys("Escape")
	s.waitGone("every context")
	s.keys("n")
	s.text("oneof-other")
	s.waitFor("every context", "other · now")
	s.keys("Up", "Up", "Down", "Enter") // of main, whoever has answered first
	s.waitFor("▸ oneof-other, nowhere")
	s.waitGone("switching", " here ")

	s.keys("c")
	s.waitFor("new workspace in which context?")
	s.text("other")
	s.keys("Enter")
	s.waitFor("new workspace in other", "template")
	s.text("made")
	s.keys("C-s")
	s.waitFor("created made", "● running")
	if got := b.want(exitOK, nil, "ls", "--context", "other", "-o", "name"); !strings.Contains(got.stdout, "made") {
		t.Errorf("it is not in other: %s", got.commandAndOutput)
	}
	b.want(exitOK, nil, "delete", "made", "--context", "other", "--yes")
	s.keys("q")
	s.waitFor("ended with 0")
}

// readFileOrNone reads a file that may not be there.
func readFileOrNone(path string) string {
	data, _ := os.ReadFile(path) // "" where there is none
	return string(data)
}

// stateFile is where the program remembers how it looked.
func (b *bed) stateFile() string {
	for _, e := range b.env {
		if rest, ok := strings.CutPrefix(e, "XDG_STATE_HOME="); ok {
			return filepath.Join(rest, "berth", "program.json")
		}
	}
	return ""
}
