package diskguard

import (
	"errors"
	"fmt"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// MakeDir makes dir and the parents it lacks, for this user alone, and syncs
// each folder in which one was made: a power cut does not take back a folder in
// which something was acknowledged. A folder that exists is left as it is.
func MakeDir(fs vfs.FS, dir string) error {
	_, err := fs.Stat(dir)
	if err == nil {
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("look for %s: %w", dir, err)
	}
	parent := fs.PathDir(dir)
	if parent != dir {
		if err := MakeDir(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	d, err := fs.OpenDir(parent)
	if err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return errors.Join(d.Sync(), d.Close())
}
