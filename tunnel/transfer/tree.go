package transfer

import (
	"context"
	"io/fs"
	"strings"

	"golang.org/x/sync/errgroup"
)

// maxDepth is how many folders deep a tree may be: deeper ones are a trap.
const maxDepth = 200

// item is one thing to copy. Its place is relative to the root of the tree on
// both sides, slashed, and "" for the root itself.
type item struct {
	place string
	info  fs.FileInfo
	link  string // target of a link
}

// tree is what is to be copied, folders before what is in them.
type tree struct {
	folders, files, links []item
}

// add sorts one item in; what cannot be copied is noted.
func (t *tree) add(it item, o Options) {
	switch mode := it.info.Mode(); {
	case mode.IsDir():
		t.folders = append(t.folders, it)
	case mode.IsRegular():
		t.files = append(t.files, it)
		o.Meter.expect(it.info.Size())
	case mode&fs.ModeSymlink == 0:
		o.note("left out %s: it is no file, folder or link", it.place)
	case !inside(it.place, it.link):
		o.note("left out %s: it is a link to %s, outside of what is copied", it.place, it.link)
	default:
		t.links = append(t.links, it)
	}
}

// maker writes one kind of tree.
type maker interface {
	folder(ctx context.Context, it item) error
	file(ctx context.Context, it item) error
	link(ctx context.Context, it item) error
	finish(ctx context.Context, it item) error // of a folder, when everything is in it
}

// copyAll writes a tree: folders first, then files, several at a time, then
// links, and last what writing into a folder would change about it. A folder
// that cannot be made takes what is in it along.
func copyAll(ctx context.Context, t tree, m maker, o Options, failed *failures) error {
	missing := map[string]bool{}
	for _, it := range t.folders {
		if lacks(missing, it.place) {
			continue
		}
		if err := m.folder(ctx, it); err != nil {
			missing[it.place] = true
			if err := failed.add(ctx, it.place, err); err != nil {
				return err
			}
		}
	}
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, it := range t.files {
		if working.Err() != nil || lacks(missing, it.place) {
			continue
		}
		group.Go(func() error {
			if working.Err() != nil {
				return nil //nolint:nilerr // what ended it is told already
			}
			o.Meter.begin(it.info.Name())
			err := m.file(working, it)
			if err == nil {
				o.Meter.done()
			}
			return failed.add(working, it.name(), err)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, it := range t.links {
		if lacks(missing, it.place) {
			continue
		}
		if err := failed.add(ctx, it.place, m.link(ctx, it)); err != nil {
			return err
		}
	}
	for i := len(t.folders) - 1; i >= 0; i-- {
		if it := t.folders[i]; o.Preserve && !missing[it.place] {
			if err := failed.add(ctx, it.place, m.finish(ctx, it)); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// name is what an item is called in a message.
func (it item) name() string {
	if it.place == "" {
		return it.info.Name()
	}
	return it.place
}

// lacks reports whether a place is in a folder that could not be made.
func lacks(missing map[string]bool, place string) bool {
	for i := range place {
		if place[i] == '/' && missing[place[:i]] {
			return true
		}
	}
	return missing[""] && place != ""
}

func depth(place string) int { return strings.Count(place, "/") }
