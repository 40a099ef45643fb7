package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/assets"
	"github.com/berth-sh/berth/workspace"
)

func newImage(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "image", Short: "Build images for workspaces"}
	cmd.AddCommand(newImageExport(a))
	return cmd
}

func newImageExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "export DIR",
		Short: "Write the Dockerfile of the workspace image, to build on",
		Long: `Write the Dockerfile of berth's workspace image and what belongs to it into a new
folder, for an image of one's own. Any image works as a workspace; one that has
sshd starts sooner, and works with profile restricted. docs/images.md says more.`,
		Example: "  berth image export image && docker build -t registry.example.com/workspace image",
		Args:    exactly(1, "the folder to write"),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := exportImage(args[0])
			if err != nil {
				return err
			}
			for _, file := range files {
				if _, err := fmt.Fprintln(a.out, file); err != nil {
					return err
				}
			}
			fmt.Fprintf(a.err, "build it: docker build -t IMAGE %s\n", args[0])
			return nil
		},
	}
}

// exportImage writes the image's files into dir, which must not exist or be
// empty, and returns their paths.
func exportImage(dir string) ([]string, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("%s is not empty", dir)), "name a new folder")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking at %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making %s: %w", dir, err)
	}
	var written []string
	for _, f := range assets.Image() {
		path := filepath.Join(dir, f.Name)
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return nil, fmt.Errorf("writing the image's files: %w", err)
		}
		written = append(written, path)
	}
	return written, nil
}
