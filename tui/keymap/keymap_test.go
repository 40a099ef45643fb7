package keymap

import (
	"strings"
	"testing"
)

func TestAKeyTwiceInAContextIsRefused(t *testing.T) {
	_, err := New([]*Action{
		{ID: "stop", Keys: []string{"s"}, Contexts: []Context{List}},
		{ID: "sort", Keys: []string{"t", "s"}, Contexts: []Context{List}},
	})
	if err == nil || !strings.Contains(err.Error(), "stop and sort") {
		t.Fatalf("got %v, want an error that names both", err)
	}
}

func TestAKeyMayMeanSomethingElseElsewhere(t *testing.T) {
	r, err := New([]*Action{
		{ID: "page", Keys: []string{"space"}, Contexts: []Context{Detail}},
		{ID: "mark", Keys: []string{"space"}, Contexts: []Context{List}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := r.Lookup(List, "space"); a == nil || a.ID != "mark" {
		t.Errorf("space in the list is %v", a)
	}
	if a := r.Lookup(Deleted, "space"); a != nil {
		t.Errorf("space among the deleted is %v", a)
	}
}

func TestAnIDTwiceIsRefused(t *testing.T) {
	if _, err := New([]*Action{{ID: "a"}, {ID: "a"}}); err == nil {
		t.Fatal("no error")
	}
}
