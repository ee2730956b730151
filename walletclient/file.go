package walletclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// File keeps a device in a file, mode 0600: the key, where the wallet API is, and how
// many calls were signed.
type File struct {
	Path string
	held contents
}

type contents struct {
	URL string `json:"url"`
	// Key is PKCS #8.
	Key     []byte `json:"key"`
	Counter uint64 `json:"counter"`
}

// Create makes a device in a new file. A file that is there is not overwritten.
func Create(path, url string) (*File, *Device, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a device's key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("write a device's key: %w", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s is there already: it may hold a wallet's device", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the wallet's folder: %w", err)
	}
	f := &File{Path: path, held: contents{URL: url, Key: der}}
	if err := f.write(); err != nil {
		return nil, nil, err
	}
	return f, &Device{Key: key, Next: f.next}, nil
}

// Open reads a device from its file.
func Open(path string) (*File, *Device, error) {
	f := &File{Path: path}
	if err := f.read(); err != nil {
		return nil, nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(f.held.Key)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil, nil, fmt.Errorf("%s holds no device's key", path)
	}
	return f, &Device{Key: key, Next: f.next}, nil
}

// URL is where the wallet API is.
func (f *File) URL() string { return f.held.URL }

// next counts a call under a lock, and writes the count before it is used.
func (f *File) next() (n uint64, err error) {
	lock, err := os.OpenFile(f.Path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return 0, fmt.Errorf("lock the wallet's file: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return 0, fmt.Errorf("lock the wallet's file: %w", err)
	}
	if err := f.read(); err != nil {
		return 0, err
	}
	f.held.Counter++
	return f.held.Counter, f.write()
}

func (f *File) read() error {
	b, err := os.ReadFile(f.Path)
	if err != nil {
		return fmt.Errorf("read the wallet's file: %w", err)
	}
	if err := json.Unmarshal(b, &f.held); err != nil {
		return fmt.Errorf("%s is no wallet's file: %w", f.Path, err)
	}
	return nil
}

func (f *File) write() error {
	b, err := json.Marshal(f.held)
	if err != nil {
		return fmt.Errorf("write the wallet's file: %w", err)
	}
	t, err := os.CreateTemp(filepath.Dir(f.Path), ".wallet-*")
	if err != nil {
		return fmt.Errorf("write the wallet's file: %w", err)
	}
	defer os.Remove(t.Name()) // gone already when it was renamed
	_, err = t.Write(append(b, '\n'))
	if err = errors.Join(err, t.Sync(), t.Close()); err == nil {
		err = os.Rename(t.Name(), f.Path)
	}
	if err != nil {
		return fmt.Errorf("write the wallet's file: %w", err)
	}
	return nil
}
