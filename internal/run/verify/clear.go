package verify

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
)

// Find is a place in a data folder that has a personal value in clear, or a hash of
// it that anybody could make.
type Find struct {
	// Where is the log entry, row or file; What says how the value stands there.
	Where, What, Value string
}

func (f Find) String() string { return fmt.Sprintf("%s: %q %s", f.Where, f.Value, f.What) }

// Clear looks for personal values in all that the data folder of a stopped node
// holds: each log entry, each row of the state (journal entries among them), each
// row of the views, and all other files as they are. Sealed details and salted or
// keyed hashes are not found, which is the point. The views are opened as a node
// does; everything else is only read.
func Clear(dir string, values []string) ([]Find, error) {
	s := newSearch(values)
	err := errors.Join(s.log(filepath.Join(dir, "log")), s.state(filepath.Join(dir, "state")), s.views(filepath.Join(dir, "views")), s.files(dir))
	return s.finds, err
}

// needle is one form of a value.
type needle struct {
	value, form string
	bytes       []byte
}

// search collects finds.
type search struct {
	needles []needle
	finds   []Find
}

func newSearch(values []string) *search {
	s := new(search)
	for _, v := range values {
		s.needles = append(s.needles, needle{v, "in clear", []byte(v)})
		sum256, sum1, sum5 := sha256.Sum256([]byte(v)), sha1.Sum([]byte(v)), md5.Sum([]byte(v))
		for form, sum := range map[string][]byte{"by its SHA-256": sum256[:16], "by its SHA-1": sum1[:16], "by its MD5": sum5[:]} {
			s.needles = append(s.needles, needle{v, form, sum},
				needle{v, form + " in hex", []byte(hex.EncodeToString(sum))}, needle{v, form + " in hex", []byte(strings.ToUpper(hex.EncodeToString(sum)))})
		}
	}
	return s
}

func (s *search) look(where func() string, data ...[]byte) {
	for _, n := range s.needles {
		for _, b := range data {
			if bytes.Contains(b, n.bytes) {
				s.finds = append(s.finds, Find{where(), n.form, n.value})
			}
		}
	}
}

func (s *search) log(dir string) error {
	l, err := raftlog.Open(dir, raftlog.Options{ReadOnly: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	first, err := l.FirstIndex()
	last, err2 := l.LastIndex()
	for err = errors.Join(err, err2); err == nil && first <= last; {
		list, err := l.Entries(first, last+1, 1<<20)
		if err != nil {
			return errors.Join(err, l.Close())
		}
		for _, e := range list {
			s.look(func() string { return fmt.Sprintf("log entry %d", e.GetIndex()) }, e.GetData())
			first = e.GetIndex() + 1
		}
	}
	return errors.Join(err, l.Close())
}

func (s *search) state(dir string) error {
	st, err := store.Open(dir, store.Options{ReadOnly: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	err = st.Iterate([]byte{0}, []byte{0xff}, func(key, stored []byte) bool {
		s.look(func() string { return fmt.Sprintf("state row %x", key) }, key, stored)
		return true
	})
	return errors.Join(err, st.Abandon())
}

func (s *search) views(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil // they are built anew from the journal
	}
	v, err := view.Open(dir, view.Options{Kinds: machine.Rules().Kinds(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	err = v.Rows(func(key, value []byte) bool {
		s.look(func() string { return fmt.Sprintf("view row %x", key) }, key, value)
		return true
	})
	return errors.Join(err, v.Close())
}

// stores are the folders whose files are read row by row instead.
var stores = []string{"log", "state", "views"}

func (s *search) files(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		for _, name := range stores {
			if rel == name {
				return fs.SkipDir
			}
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		s.look(func() string { return "file " + rel }, data)
		return err
	})
}
