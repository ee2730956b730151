package credentials

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	caFile      = "ca.crt"
	certFile    = "node.crt"
	keyFile     = "node.key"
	nodeFile    = "node.json"
	joiningFile = "joining"
	joinedFile  = "joined"
)

const (
	certBlock = "CERTIFICATE"
	keyBlock  = "PRIVATE KEY"
)

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

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return replaceFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

func writeKey(dir string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("keep the node's key: %w", err)
	}
	defer clear(der)
	return writePEM(filepath.Join(dir, keyFile), keyBlock, der, 0o600)
}

// readPEM reads a file with one block of a kind.
func readPEM(path, kind string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, damaged(path, "does not hold a PEM block "+kind)
	}
	return block.Bytes, nil
}

func readCert(path string) (*x509.Certificate, error) {
	der, err := readPEM(path, certBlock)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, damaged(path, "holds a certificate that cannot be read")
	}
	return cert, nil
}

// readKey refuses a key that others than its owner can read: then anybody on the
// machine may be the node.
func readKey(path string) (*ecdsa.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, &Fault{Text: fmt.Sprintf("%s can be read by others (mode %04o)", path, mode), Hint: "run: chmod 600 " + path}
	}
	der, err := readPEM(path, keyBlock)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, damaged(path, "holds a key that cannot be read")
	}
	return key, nil
}

func damaged(path, what string) *Fault {
	return &Fault{Text: path + " " + what, Hint: "put the file back from a copy, or remove the folder and join again with a token: holdfast cluster join"}
}
