package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/berth-sh/berth/workspace"
)

// overlay lays a spec in YAML or JSON over another, as the kept form has it: a
// field that the file names replaces the one below whole, null empties it, and
// one that the file does not name stays. Fields that are not known are mistakes
// here, since a person wrote them; those that the spec below brings along stay.
func overlay(into *workspace.Spec, data []byte) error {
	data, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return err
	}
	var file map[string]json.RawMessage
	if err := json.Unmarshal(data, &file); err != nil {
		return fmt.Errorf("a spec is a mapping of fields to values: %w", err)
	}
	var alone workspace.Spec
	if err := json.Unmarshal(data, &alone); err != nil {
		return err
	}
	for _, field := range slices.Sorted(maps.Keys(alone.Unknown)) {
		return fmt.Errorf("field %q is not known", field)
	}
	if alone.Version > workspace.SpecVersion {
		return fmt.Errorf("version %d: %w", alone.Version, workspace.ErrNewerSpec)
	}
	below, err := json.Marshal(*into)
	if err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(below, &all); err != nil {
		return err
	}
	maps.Copy(all, file)
	merged, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return json.Unmarshal(merged, into)
}
