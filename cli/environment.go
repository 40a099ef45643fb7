package cli

import (
	"fmt"
	"os"
	"path/filepath"
)

// environment is what a command needs to know about its process and user.
type environment struct {
	getenv     func(string) string
	home       string
	executable string // absolute path of this program, links resolved
}

func readEnvironment() (environment, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return environment{}, fmt.Errorf("finding the home directory: %w", err)
	}
	executable, err := os.Executable()
	if err != nil {
		return environment{}, fmt.Errorf("finding this program: %w", err)
	}
	if resolved, err := filepath.EvalSymlinks(executable); err == nil {
		executable = resolved
	}
	return environment{getenv: os.Getenv, home: home, executable: executable}, nil
}

// xdg is a base directory; relative values are ignored, as the specification
// asks.
func (e environment) xdg(variable string, fallback ...string) string {
	if dir := e.getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(append([]string{e.home}, fallback...)...)
}

// configFile is the user's own settings.
func (e environment) configFile() string {
	return filepath.Join(e.xdg("XDG_CONFIG_HOME", ".config"), "berth", "config.yaml")
}

// stateDir holds the log, and the sandbox's data.
func (e environment) stateDir() string {
	return filepath.Join(e.xdg("XDG_STATE_HOME", ".local", "state"), "berth")
}

// pluginReport is where the program hears of what a credential plugin says.
func (e environment) pluginReport() string {
	return filepath.Join(e.stateDir(), fmt.Sprint("plugin-", os.Getpid()))
}

// logFile is where everything goes that is not for the screen.
func (e environment) logFile() string { return filepath.Join(e.stateDir(), "berth.log") }

// lookFile is how the program looked.
func (e environment) lookFile() string { return filepath.Join(e.stateDir(), "program.json") }

// sandboxDir is where berth-sandbox keeps its data by default.
func (e environment) sandboxDir() string { return filepath.Join(e.stateDir(), "sandbox") }

// sandboxKubeconfig is there while a sandbox has been started and not purged.
func (e environment) sandboxKubeconfig() string {
	return filepath.Join(e.sandboxDir(), "kubeconfig")
}
