package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

// invoke runs one command line and returns what came of it.
func invoke(ctx context.Context, args ...string) (exit int, stdout, stderr string) {
	var out, errs bytes.Buffer
	env := &Env{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }}
	exit = Main(ctx, args, env)
	return exit, out.String(), errs.String()
}

// serveArgs serve a folder on loopback with any free ports.
func serveArgs(dir string) []string {
	return []string{"serve", "--json", "--data", dir, "--set", "log_name=" + admintest.LogName,
		"--set", "merchant_api.address=127.0.0.1:0", "--set", "merchant_api.insecure_loopback=true",
		"--set", "admin.address=127.0.0.1:0", "--set", "admin.insecure_loopback=true", "--set", "inner.address=127.0.0.1:0",
		"--set", "disk.min_free=1MiB", "--set", "disk.min_free_percent=0"}
}

// running is a `holdfast serve` that has said it is ready.
type running struct {
	stop func() (exit int, stderr string)
}

func startServe(t *testing.T, dir string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, w := io.Pipe()
	var errs admintest.Buffer
	exits := make(chan int, 1)
	go func() {
		env := &Env{In: strings.NewReader(""), Out: w, Err: &errs, Getenv: func(string) string { return "" }}
		exit := Main(ctx, serveArgs(dir), env)
		w.Close()
		exits <- exit
	}()
	var line struct {
		Ready     bool           `json:"ready"`
		Addresses node.Addresses `json:"addresses"`
	}
	if err := json.NewDecoder(ready).Decode(&line); err != nil || !line.Ready || line.Addresses.Admin == "" {
		cancel()
		t.Fatalf("not ready: %v, %+v\n%s", err, line, errs.String())
	}
	return &running{stop: func() (int, string) { cancel(); return <-exits, errs.String() }}
}

// TestServe runs a node the way an operator does, and what goes wrong around it.
func TestServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	admintest.CopyKeys(t, dir)
	s := startServe(t, dir)
	if exit, out, errs := invoke(t.Context(), "status", "--data", dir); exit != 0 || !strings.Contains(out, "takes payments") {
		t.Errorf("status: %d %s %s", exit, out, errs)
	}
	if exit, _, errs := invoke(t.Context(), serveArgs(dir)...); exit != ExitRefused || !strings.Contains(errs, "another process uses this data folder") {
		t.Errorf("a second node on the folder: %d %s", exit, errs)
	}
	if exit, _, errs := invoke(t.Context(), "person", "add", "alice", "--name", "Alice", "--topup", "1.00", "--data", dir); exit != 0 {
		t.Errorf("person add: %d %s", exit, errs)
	}
	if exit, errs := s.stop(); exit != 0 {
		t.Errorf("an orderly stop: %d %s", exit, errs)
	}
	if exit, _, errs := invoke(t.Context(), "status", "--data", dir); exit != ExitUnreachable {
		t.Errorf("status of a stopped node: %d %s", exit, errs)
	}

	checkpoint := filepath.Join(dir, "checkpoint")
	text, err := os.ReadFile(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(checkpoint, bytes.ReplaceAll(text, []byte("test"), []byte("tost")), 0o600); err != nil {
		t.Fatal(err)
	}
	if exit, _, errs := invoke(t.Context(), serveArgs(dir)...); exit != ExitDamaged || !strings.Contains(errs, checkpoint) {
		t.Errorf("a forged checkpoint: %d %s", exit, errs)
	}
	away := filepath.Join(t.TempDir(), "log")
	if err := errors.Join(os.WriteFile(checkpoint, text, 0o600), os.Rename(filepath.Join(dir, "log"), away)); err != nil {
		t.Fatal(err)
	}
	if exit, _, errs := invoke(t.Context(), serveArgs(dir)...); exit != ExitDamaged || !strings.Contains(errs, filepath.Join(dir, "log")+":") {
		t.Errorf("a missing log: %d %s", exit, errs)
	}
	if err := os.Rename(away, filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	s = startServe(t, dir)
	if exit, out, _ := invoke(t.Context(), "person", "show", "alice", "--data", dir); exit != 0 || !strings.Contains(out, "¥1.00") {
		t.Errorf("after all was put back: %d %s", exit, out)
	}
	if exit, _ := s.stop(); exit != 0 {
		t.Errorf("the last stop: %d", exit)
	}
}

func TestNodeError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		exit int
		hint string
	}{
		{nil, 0, ""},
		{context.Canceled, 0, ""},
		{&node.StartError{Step: "replica", Err: &machine.Broken{Index: 7, Assertion: "books balance"}, Damage: true}, ExitStopped, "holdfast quarantine 7"},
		{&node.StartError{Step: "replica", Err: &machine.Outdated{Index: 7, Level: 9, Known: 4, Version: "v9.0.0"}}, ExitOutdated, "start version v9.0.0"},
		{&machine.Outdated{Level: 9, Known: 4}, ExitOutdated, "start a version that knows feature level 9"},
		{&node.StartError{Step: "raft log", Err: errors.New("bad block"), Damage: true}, ExitDamaged, "holdfast verify"},
		{&node.StartError{Step: "state store", Err: errors.New("locked"), InUse: true}, ExitRefused, "holdfast status"},
		{&node.StartError{Step: "merchant API", Err: errors.New("port taken")}, ExitRefused, ""},
		{errors.New("disk on fire"), ExitRefused, ""},
	} {
		var b bytes.Buffer
		exit := 0
		if err := NodeError(c.err); err != nil {
			exit = report(&b, err)
		}
		if exit != c.exit || !strings.Contains(b.String(), c.hint) {
			t.Errorf("%v: exit %d, %q; want %d with %q", c.err, exit, b.String(), c.exit, c.hint)
		}
	}
}
