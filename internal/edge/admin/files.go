package admin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// TokenFile is where a node keeps its admin tokens.
func TokenFile(dir string) string { return filepath.Join(dir, "admin.token") }

// urlFile is where a running node leaves the address of its administration,
// so that the CLI on the same machine finds it by the data folder alone.
func urlFile(dir string) string { return filepath.Join(dir, "admin.url") }

// WriteURL leaves the node's admin URL in the data folder.
func WriteURL(dir, url string) error {
	if err := os.WriteFile(urlFile(dir), []byte(url+"\n"), 0o644); err != nil {
		return fmt.Errorf("leave the admin address: %w", err)
	}
	return nil
}

// RemoveURL takes the address back when the node stops.
func RemoveURL(dir string) error {
	if err := os.Remove(urlFile(dir)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("take back the admin address: %w", err)
	}
	return nil
}

// ReadURL reads what a running node left in its data folder.
func ReadURL(dir string) (string, error) {
	text, err := os.ReadFile(urlFile(dir))
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("no node is running on the data folder %s", dir)
	}
	if err != nil {
		return "", fmt.Errorf("read the admin address: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
