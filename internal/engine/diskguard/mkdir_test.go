package diskguard_test

import (
	"os"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

func TestMakeDirSurvivesAPowerCut(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	for range 2 {
		if err := diskguard.MakeDir(fs, "a/b/c"); err != nil {
			t.Fatal(err)
		}
	}
	after := fs.CrashClone(vfs.CrashCloneCfg{})
	if info, err := after.Stat("a/b/c"); err != nil || !info.IsDir() {
		t.Errorf("after a power cut: %v", err)
	}
	dir := t.TempDir() + "/x/y"
	if err := diskguard.MakeDir(vfs.Default, dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("on disk: %v (%v)", info, err)
	}
	if err := diskguard.MakeDir(vfs.Default, "/proc/no/such"); err == nil {
		t.Error("a folder was made where none can be")
	}
}
