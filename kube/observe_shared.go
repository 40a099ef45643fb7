package kube

// What very many objects have in common is kept once: the same few specs,
// conditions and names come with each of ten thousand workspaces.

import (
	"sync"
	"unique"

	"github.com/berth-sh/berth/workspace"
)

// shared is workspace.Safe for text that others have too.
func shared(text string) string { return unique.Make(workspace.Safe(text)).Value() }

// mostSpecs bounds how many specs are remembered.
const mostSpecs = 1000

// specs remembers kept specs by their text.
type specs struct {
	mu    sync.Mutex                // guards known
	known map[string]workspace.Spec // nobody changes what is behind one
}

// parse reads a kept spec and makes it fit for the screen. What its fields point
// to is shared, and must not be changed.
func (k *specs) parse(text string) (workspace.Spec, error) {
	k.mu.Lock()
	spec, ok := k.known[text]
	k.mu.Unlock()
	if ok {
		return spec, nil
	}
	spec, err := workspace.ParseSpec(text)
	if err != nil {
		return spec, err
	}
	spec = safeSpec(spec)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil || len(k.known) >= mostSpecs {
		k.known = map[string]workspace.Spec{}
	}
	k.known[text] = spec
	return spec, nil
}
