package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// editor changes documents. After its first error it does nothing more.
type editor struct {
	docs []*yaml.Node
	err  error
}

// everywhere applies change to every string.
func (e *editor) everywhere(change func(string) string) {
	for _, doc := range e.docs {
		scalars(doc, change)
	}
}

func scalars(n *yaml.Node, change func(string) string) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		n.Value = change(n.Value)
	}
	for _, child := range n.Content {
		scalars(child, change)
	}
}

// domainIn puts a domain in the example's place: as it is, and as it is written
// in the patterns of RE2 and Lua.
func domainIn(domain string) func(string) string {
	var pairs []string
	for _, escape := range []*strings.Replacer{
		strings.NewReplacer(),
		strings.NewReplacer(".", `\.`),
		strings.NewReplacer(".", `\\.`), // RE2 inside a string of CEL
		strings.NewReplacer(".", "%.", "-", "%-"),
	} {
		pairs = append(pairs, escape.Replace(exampleDomain), escape.Replace(domain))
	}
	return strings.NewReplacer(pairs...).Replace
}

// set replaces the value at a path of our object of a kind. Its last part may
// be new.
func (e *editor) set(kind string, value any, path ...string) {
	if e.err == nil && !put(e.object(kind), value, path...) {
		e.err = fmt.Errorf("%s %s: %w", kind, strings.Join(path, "."), errNoSuchField)
	}
}

// setOf is set for every object of a kind and a name.
func (e *editor) setOf(kind, name string, value any, path ...string) {
	found := e.objects(kind, name)
	if len(found) == 0 {
		found = []*yaml.Node{nil}
	}
	for _, root := range found {
		if e.err == nil && !put(root, value, path...) {
			e.err = fmt.Errorf("%s %s %s: %w", kind, name, strings.Join(path, "."), errNoSuchField)
		}
	}
}

// put replaces the value at a path below a node; false where there is none.
func put(at *yaml.Node, value any, path ...string) bool {
	for i, part := range path {
		if at == nil {
			return false
		}
		next := child(at, part)
		if next == nil && i == len(path)-1 && at.Kind == yaml.MappingNode {
			next = new(yaml.Node)
			at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: part}, next)
		}
		at = next
	}
	var fresh yaml.Node
	if at == nil || fresh.Encode(value) != nil {
		return false
	}
	fresh.HeadComment, fresh.LineComment = at.HeadComment, at.LineComment
	*at = fresh
	return true
}

// note puts a comment above a field of our object of a kind.
func (e *editor) note(kind, comment string, path ...string) {
	last := len(path) - 1
	parent := at(e.object(kind), path[:last]...)
	e.found(child(parent, path[last]) != nil, kind+" "+strings.Join(path, "."))
	if e.err != nil {
		return
	}
	for i, key := range parent.Content {
		if i%2 == 0 && key.Value == path[last] {
			key.HeadComment = comment
		}
	}
}

// append adds an item to a sequence of our object of a kind.
func (e *editor) append(kind string, value any, path ...string) {
	list := at(e.object(kind), path...)
	e.found(list != nil && list.Kind == yaml.SequenceNode, kind+" "+strings.Join(path, "."))
	var item yaml.Node
	if err := item.Encode(value); err != nil && e.err == nil {
		e.err = err
	}
	if e.err == nil {
		list.Content = append(list.Content, &item)
	}
}

// change replaces the value at a path below a node.
func (e *editor) change(below *yaml.Node, value any, path ...string) {
	if e.err == nil {
		e.found(put(below, value, path...), strings.Join(path, "."))
	}
}

// found makes an error of what is not there.
func (e *editor) found(ok bool, what string) {
	if e.err == nil && !ok {
		e.err = fmt.Errorf("%s: %w", what, errNoSuchField)
	}
}

// first puts a new field before all others of a mapping, last behind them, with
// a comment.
func first(mapping *yaml.Node, name string, value *yaml.Node) {
	mapping.Content = append([]*yaml.Node{{Kind: yaml.ScalarNode, Value: name}, value}, mapping.Content...)
}

func last(mapping *yaml.Node, name, comment string, value *yaml.Node) {
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name, HeadComment: comment}, value)
}

// add appends a document with a comment above it, which may be "".
func (e *editor) add(comment string, value any) {
	var doc yaml.Node
	if err := doc.Encode(value); err != nil && e.err == nil {
		e.err = err
	}
	doc.HeadComment = comment
	e.docs = append(e.docs, &doc)
}

// object finds the document of our object of a kind, or nil.
func (e *editor) object(kind string) *yaml.Node {
	if found := e.objects(kind, gatewayName); len(found) > 0 {
		return found[0]
	}
	return nil
}

// objects finds the documents of all objects of a kind and a name.
func (e *editor) objects(kind, name string) []*yaml.Node {
	var found []*yaml.Node
	for _, doc := range e.docs {
		if len(doc.Content) == 0 {
			continue
		}
		root := doc.Content[0]
		if text(child(root, "kind")) == kind && text(child(child(root, "metadata"), "name")) == name {
			found = append(found, root)
		}
	}
	return found
}

// at is the node at a path below another, or nil.
func at(n *yaml.Node, path ...string) *yaml.Node {
	for _, part := range path {
		n = child(n, part)
	}
	return n
}

// child is a field of a mapping or an item of a sequence, or nil.
func child(n *yaml.Node, part string) *yaml.Node {
	switch {
	case n == nil:
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == part {
				return n.Content[i+1]
			}
		}
	case n.Kind == yaml.SequenceNode:
		if i, err := strconv.Atoi(part); err == nil && i < len(n.Content) {
			return n.Content[i]
		}
	}
	return nil
}

func text(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}

// digest makes a name of any text.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:5])
}

// remove takes a field out of a mapping.
func remove(mapping *yaml.Node, name string) {
	if mapping == nil {
		return
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			mapping.Content = append(mapping.Content[:i], mapping.Content[i+2:]...)
			return
		}
	}
}
