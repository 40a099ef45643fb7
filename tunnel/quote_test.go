package tunnel_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tunnel"
)

func TestQuoteSurvivesEveryShell(t *testing.T) {
	t.Parallel()
	words := []string{
		"plain", "", "two words", "it's", `"double"`, "$HOME", "`id`", `back\slash`, `\'`, `'\''`, `\\`, "semi;colon",
		"*", "~", "a\tb", "new\nline", "ünïcode", "-n", "{a,b}", "!x", "#c", "a=b", "%s", "(x)", "&", "|", "<", ">", "^",
	}
	line := tunnel.Quote(append([]string{"printf", "%s\\0"}, words...))
	for _, shell := range []string{"sh", "bash", "zsh", "fish"} {
		out, err := exec.CommandContext(t.Context(), shell, "-c", line).Output()
		if err != nil {
			t.Errorf("%s: %v", shell, err)
			continue
		}
		got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		if diff := cmp.Diff(words, got); diff != "" {
			t.Errorf("%s read other words (-want +got):\n%s", shell, diff)
		}
	}
}

func TestJoinQuotesNothing(t *testing.T) {
	t.Parallel()
	if got := tunnel.Join([]string{"ls | wc", "-l"}); got != "ls | wc -l" {
		t.Errorf("joined %q", got)
	}
}

func TestEnvironPicksTheTerminalsOwn(t *testing.T) {
	t.Parallel()
	got := tunnel.Environ([]string{"LANG=de_DE.UTF-8", "LC_ALL=C", "COLORTERM=truecolor", "LC_X=", "AWS_SECRET=x", "LANGUAGE=de", "odd"})
	if diff := cmp.Diff([]string{"LANG=de_DE.UTF-8", "LC_ALL=C", "COLORTERM=truecolor"}, got); diff != "" {
		t.Errorf("picked others (-want +got):\n%s", diff)
	}
}
