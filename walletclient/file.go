package walletclient

import (
	"context"
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
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/httpsig"
)

// File is a device that is kept in a file of mode 0600: the key, where the wallet API
// is, and how many calls were signed. Processes may share it.
type File struct {
	path string
	key  *ecdsa.PrivateKey
	held contents // mutex: mu
	mu   sync.Mutex
}

type contents struct {
	URL string `json:"url"`
	// Key is PKCS #8.
	Key     []byte `json:"key"`
	Counter uint64 `json:"counter"`
	// PayCodes are nil before the device was given any.
	PayCodes *PayCodes `json:"pay_codes,omitempty"`
}

// Create makes a device in a new file, for the wallet API at a URL; several nodes are
// separated by commas. A file that is there is not overwritten.
func Create(path, url string) (*File, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a device's key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("write a device's key: %w", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there already: it may hold a wallet's device", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the wallet's folder: %w", err)
	}
	f := &File{path: path, key: key, held: contents{URL: url, Key: der}}
	return f, f.write()
}

// Open reads a device from its file.
func Open(path string) (*File, error) {
	f := &File{path: path}
	if err := f.read(); err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(f.held.Key)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%s holds no device's key", path)
	}
	f.key = key
	return f, nil
}

// URL is where the wallet API is, as Create was told.
func (f *File) URL() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.held.URL
}

// URLs are the nodes that URL names.
func (f *File) URLs() []string { return strings.Split(f.URL(), ",") }

// Move changes where the wallet API is.
func (f *File) Move(url string) error {
	return f.change(func() error { f.held.URL = url; return nil })
}

// PublicKey implements Device.
func (f *File) PublicKey() ([]byte, error) {
	point, err := f.key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("read the device's key: %w", err)
	}
	return point, nil
}

// Sign implements Device.
func (f *File) Sign(hash []byte) ([]byte, error) { return httpsig.Sign(f.key, hash) }

// Next implements Device. The count is written before it is used.
func (f *File) Next() (n uint64, err error) {
	err = f.change(func() error {
		f.held.Counter++
		n = f.held.Counter
		return nil
	})
	return n, err
}

// PayCode makes the next code that the device shows to a till, without a network, and
// writes that it was made before it is shown.
func (f *File) PayCode() (code string, err error) {
	err = f.change(func() (err error) {
		code, err = f.held.PayCodes.Next(time.Now())
		return err
	})
	return code, err
}

// RenewPayCodes gets what codes are made with anew, and keeps it.
func (f *File) RenewPayCodes(ctx context.Context, c *Client) error {
	fresh, err := c.RenewPayCodes(ctx, nil)
	if err != nil {
		return err
	}
	return f.change(func() error {
		if old := f.held.PayCodes; old != nil {
			fresh.Step, fresh.Taps = old.Step, old.Taps
		}
		f.held.PayCodes = fresh
		return nil
	})
}

// change changes what the file holds, under a lock that other processes take too.
func (f *File) change(how func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	lock, err := os.OpenFile(f.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock the wallet's file: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock the wallet's file: %w", err)
	}
	if err := f.read(); err != nil {
		return err
	}
	if err := how(); err != nil {
		return err
	}
	return f.write()
}

func (f *File) read() error {
	b, err := os.ReadFile(f.path)
	if err != nil {
		return fmt.Errorf("read the wallet's file: %w", err)
	}
	if err := json.Unmarshal(b, &f.held); err != nil {
		return fmt.Errorf("%s is no wallet's file: %w", f.path, err)
	}
	return nil
}

func (f *File) write() error {
	b, err := json.Marshal(f.held)
	if err != nil {
		return fmt.Errorf("write the wallet's file: %w", err)
	}
	t, err := os.CreateTemp(filepath.Dir(f.path), ".wallet-*")
	if err != nil {
		return fmt.Errorf("write the wallet's file: %w", err)
	}
	defer os.Remove(t.Name()) // gone already when it was renamed
	_, err = t.Write(append(b, '\n'))
	if err = errors.Join(err, t.Sync(), t.Close()); err == nil {
		err = os.Rename(t.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("write the wallet's file: %w", err)
	}
	return nil
}
