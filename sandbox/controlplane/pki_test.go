package controlplane

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestCertificatesLastUntilTheyRunOut(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	serial := func(now time.Time) string {
		t.Helper()
		ca, err := openAuthority(dir, now)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := ca.certificate(subject{file: "serving", name: "test", server: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := pair.Leaf.CheckSignatureFrom(ca.cert); err != nil {
			t.Error(err)
		}
		if !pair.Leaf.NotAfter.After(now) {
			t.Errorf("the certificate ended at %v, before %v", pair.Leaf.NotAfter, now)
		}
		return pair.Leaf.SerialNumber.String()
	}
	first := serial(start)
	if again := serial(start.Add(24 * time.Hour)); again != first {
		t.Error("a day later the certificate was replaced")
	}
	renewed := serial(start.Add(certificateLife - renewBefore + time.Hour))
	if renewed == first {
		t.Error("the certificate was not replaced before it runs out")
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.key"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if healed := serial(start); healed == renewed {
		t.Error("a certificate of the lost authority was kept")
	}
}

func TestCapLogStaysSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, err := OpenCapLog(path)
	if err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64<<10)
	for range 3 * logCap / len(line) {
		if n, err := log.Write(line); n != len(line) || err != nil {
			t.Fatalf("writing: %d, %v", n, err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".1"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() == 0 || info.Size() > logCap {
			t.Errorf("%s has %d bytes, want 1 to %d", filepath.Base(name), info.Size(), logCap)
		}
	}
}
