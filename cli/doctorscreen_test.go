package cli

import (
	"path/filepath"
	"testing"
)

// TestDoctorInTheProgram examines a workspace that is well, and then one whose
// way is broken, inside the program.
func TestDoctorInTheProgram(t *testing.T) {
	b := newBed(t, "doctor-screen")
	b.want(exitOK, nil, "create", "api", "--wait")
	s := openScreen(t, 120, 40, b.env, b.berth)
	s.waitFor("● running")
	s.keys("X")
	s.waitFor("doctor · api · all is well", "✓ host-key", "✓ login", "✓ forward", "r again")
	spoil(t, filepath.Join(b.home(t), ".ssh", "berth", "alias", "api."+b.namespace+".berth"), `^address .*`, "address 127.0.0.1:1")
	s.keys("r")
	s.waitFor("first problem: tcp", "next: ", "not reached")
	s.keys("Escape")
	s.waitGone("doctor · api")
	s.insist("q", "ended with 0")
}
