package store_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// Damage that Pebble meets by itself, while it merges files or looks at them, is
// told and does not end the process: it would meet it again at every start,
// instead of healing. Rows of other files go on being served.
func TestDamageInTheBackgroundIsTold(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	opt := options(t, fs)    // a fault of the disk fails the test
	opt.NoCompactions = true // which file holds what is decided by the flush alone
	s := open(t, opt)
	for i := uint64(1); i <= 50; i++ {
		frame(t, s, i)
	}
	closed(t, s.Close)
	all := slices.Sorted(slices.Values(files(t, fs, "*.sst"))) // each table of the state has files of its own, the format in the first
	damaged := all[len(all)-1]
	b := readAll(t, fs, damaged)
	for at := 0; at < len(b)-60; at += 7 { // all but the footer, without which nothing opens
		b[at] ^= 1
	}
	writeAll(t, fs, damaged, b)
	var mu sync.Mutex
	var told []error
	opt.Damaged = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, err)
	}
	s = open(t, opt)
	if err := s.Compact(); err == nil {
		t.Error("damaged files were merged")
	}
	mu.Lock()
	sofar := slices.Clone(told)
	mu.Unlock() // the background may tell more until the store is closed
	if len(sofar) == 0 {
		t.Fatal("nobody was told")
	}
	for _, err := range sofar {
		var file *diskguard.FileError
		if !errors.As(err, &file) || !strings.HasSuffix(damaged, file.File[strings.LastIndexByte(file.File, '/')+1:]) {
			t.Errorf("told of %v, damaged is %s", err, damaged)
		}
	}
	closed(t, s.Abandon)
}
