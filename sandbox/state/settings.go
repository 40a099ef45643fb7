package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/moby/sys/atomicwriter"

	"github.com/berth-sh/berth/workspace"
)

// Settings are chosen once and kept, because kubeconfigs and aliases that
// people copied name them.
type Settings struct {
	APIPort     int `json:"apiPort"`
	GatewayPort int `json:"gatewayPort"`
}

// LoadSettings reads the settings; the zero Settings when there are none.
func (f Folder) LoadSettings() (Settings, error) {
	var s Settings
	err := f.load("settings.json", &s)
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{}, nil
	}
	if err != nil {
		return Settings{}, workspace.WithHint(err, "remove that file: new ports are chosen then")
	}
	return s, nil
}

// SaveSettings replaces the settings.
func (f Folder) SaveSettings(s Settings) error { return f.save("settings.json", s) }

// errDamaged says that a file is not what save writes.
var errDamaged = errors.New("damaged file")

// load reads a JSON file of the folder into v.
func (f Folder) load(name string, v any) error {
	data, err := os.ReadFile(f.Path(name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("reading %s: %w: %w", f.Path(name), errDamaged, err)
	}
	return nil
}

// save replaces a JSON file of the folder, completely or not at all.
func (f Folder) save(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", name, err)
	}
	if err := atomicwriter.WriteFile(f.Path(name), append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", f.Path(name), err)
	}
	return nil
}
