package keystore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const masterKeySize = 32

// ensureMasterKey draws a master key unless there is one.
func ensureMasterKey(path string) error {
	_, err := os.Stat(path)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for the master key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the master key's folder: %w", err)
	}
	key := make([]byte, masterKeySize)
	rand.Read(key)
	if err := replaceFile(path, key, 0o600); err != nil {
		return fmt.Errorf("write the master key: %w", err)
	}
	return nil
}

// readMasterKey refuses a key that others than its owner can read: then it no
// longer seals anything.
func readMasterKey(path string) ([]byte, error) {
	key, info, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("master key %s can be read by others (mode %04o); run: chmod 600 %s", path, mode, path)
	}
	if len(key) != masterKeySize {
		return nil, &Damage{path, fmt.Sprintf("a master key has %d bytes, this file %d", masterKeySize, len(key)), "put the right file back"}
	}
	return key, nil
}

// readFile reads a file of at most maxSealed bytes and what stat says of that
// very file, which a path alone would not.
func readFile(path string) ([]byte, os.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSealed+headerSize+64))
	return data, info, err
}

// replaceFile puts data at path so that a crash leaves the old file or the new
// one: written beside it, synced, renamed over it, folder synced.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once the rename is done
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Name(), err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

type lockKind int

const (
	shared    lockKind = syscall.LOCK_SH
	exclusive lockKind = syscall.LOCK_EX
)

// lock takes DIR/keys/lock, waiting while another process writes. The lock goes
// with the file descriptor, so a killed process leaves none behind.
func (s *Store) lock(kind lockKind) (release func(), err error) {
	f, err := os.OpenFile(s.path("lock"), os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil && s.readOnly {
		// A copy on a read-only medium has no writers to wait for.
		if f, err = os.Open(s.path("lock")); err != nil {
			return func() {}, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock keystore: %w", err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), int(kind))
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock keystore: %w", err)
	}
	return func() { f.Close() }, nil
}
