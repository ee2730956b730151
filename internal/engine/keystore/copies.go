package keystore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// copyFile is a file whose content the sealed file determines.
type copyFile struct {
	name    string // as SHA256SUMS has it, relative to public/
	content []byte
	mode    os.FileMode
	// optional: its absence is no damage.
	optional bool
}

const sumsFile = "SHA256SUMS"

// copies lists the files beside the sealed one, in a fixed order.
func (s *snapshot) copies() []copyFile {
	files := []copyFile{
		// The token is the one secret among them, and an operator may have moved
		// it to where the clients are.
		{"../../" + adminTokenFile, []byte(s.contents.AdminToken + "\n"), 0o600, true},
		{"checkpoint.vkey", []byte(s.contents.Checkpoint.Verifier + "\n"), 0o644, false},
		{"platform-root.pem", pemOf(s.root), 0o644, false},
		{s.public.id + ".pem", s.public.pem, 0o644, false},
	}
	for _, p := range s.platform {
		files = append(files, copyFile{platformFile(p.Serial), p.signer.pem, 0o644, false})
	}
	return files
}

func platformFile(serial string) string { return "platform-" + serial + ".pem" }

// PublicKeyPath is the file with the PEM of public-key mode's key.
func (s *Store) PublicKeyPath() string {
	return s.path(publicDir, s.current.Load().public.id+".pem")
}

// PlatformCertPath is the file with a platform certificate's PEM.
func (s *Store) PlatformCertPath(serial string) string {
	return s.path(publicDir, platformFile(serial))
}

// writeCopies writes the copies, and SHA256SUMS when all are on disk. The lock
// is held exclusively.
func (s *Store) writeCopies(snap *snapshot) error {
	if err := os.MkdirAll(s.path(publicDir), 0o700); err != nil {
		return fmt.Errorf("write public keys: %w", err)
	}
	for _, f := range snap.copies() {
		path := s.path(publicDir, f.name)
		if had, err := os.ReadFile(path); err == nil && bytes.Equal(had, f.content) {
			continue
		}
		if err := replaceFile(path, f.content, f.mode); err != nil {
			return fmt.Errorf("write public keys: %w", err)
		}
	}
	if err := replaceFile(s.path(publicDir, sumsFile), sums(snap), 0o644); err != nil {
		return fmt.Errorf("write public keys: %w", err)
	}
	return nil
}

// refreshCopies writes the copies again after a crash left them old.
func (s *Store) refreshCopies() error {
	release, err := s.lock(exclusive)
	if err != nil {
		return err
	}
	defer release()
	newest, err := s.readLocked()
	if err != nil {
		return err
	}
	s.current.Store(newest)
	return s.writeCopies(newest)
}

// checkCopies compares the copies with what snap says. It answers stale when
// they were written for an earlier generation, or never, and a *Damage when one
// differs that should not. The lock is held.
func (s *Store) checkCopies(snap *snapshot) (stale bool, err error) {
	path := s.path(publicDir, sumsFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("check public keys: %w", err)
	}
	generation, _, err := parseSums(text)
	if err != nil {
		return false, s.damagedCopy(path, err.Error())
	}
	if generation < snap.contents.Generation {
		return true, nil
	}
	if !bytes.Equal(text, sums(snap)) {
		return false, s.damagedCopy(path, "is not what the sealed keystore says")
	}
	for _, f := range snap.copies() {
		path := s.path(publicDir, f.name)
		had, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && f.optional {
			continue
		}
		if err != nil {
			return false, s.damagedCopy(path, "cannot be read: "+err.Error())
		}
		if !bytes.Equal(had, f.content) {
			return false, s.damagedCopy(path, "is not what the sealed keystore says")
		}
	}
	return false, nil
}

func (s *Store) damagedCopy(path, reason string) *Damage {
	return &Damage{filepath.Clean(path), reason,
		"put the file back, or remove " + s.path(publicDir, sumsFile) + " to have all of them written again"}
}

// sums is the content of SHA256SUMS: the generation, a line for each copy in the
// form of sha256sum, and a last line over all of it.
func sums(snap *snapshot) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# holdfast public keys, generation %d\n", snap.contents.Generation)
	files := snap.copies()
	slices.SortFunc(files, func(x, y copyFile) int { return strings.Compare(x.name, y.name) })
	for _, f := range files {
		fmt.Fprintf(&b, "%s  %s\n", hexSum(f.content), f.name)
	}
	fmt.Fprintf(&b, "# %s\n", hexSum(b.Bytes()))
	return b.Bytes()
}

// parseSums reads what sums writes: sums by name.
func parseSums(text []byte) (generation uint64, byName map[string]string, err error) {
	lines := strings.SplitAfter(string(text), "\n")
	if len(lines) < 3 || lines[len(lines)-1] != "" {
		return 0, nil, errors.New("is incomplete")
	}
	last := lines[len(lines)-2]
	body := text[:len(text)-len(last)]
	if last != "# "+hexSum(body)+"\n" {
		return 0, nil, errors.New("was altered: its last line is not the sum of the others")
	}
	number, ok := strings.CutPrefix(strings.TrimSuffix(lines[0], "\n"), "# holdfast public keys, generation ")
	if generation, err = strconv.ParseUint(number, 10, 64); !ok || err != nil {
		return 0, nil, errors.New("does not begin with its generation")
	}
	byName = map[string]string{}
	for _, line := range lines[1 : len(lines)-2] {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok {
			return 0, nil, fmt.Errorf("has a line that is no sum: %.80q", line)
		}
		byName[name] = sum
	}
	return generation, byName, nil
}

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
