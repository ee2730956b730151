package simdisk

import (
	"bytes"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A flipped bit is put back also when the store has appended to the file since, and
// what the store has replaced is left alone.
func TestFlipIsUndone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(mem *vfs.MemFS) error
		want      string
	}{
		"nothing else":    {func(*vfs.MemFS) error { return nil }, "content"},
		"appended to":     {func(mem *vfs.MemFS) error { return write(mem, "f", "conteot"+string(make([]byte, 9000))) }, "content" + string(make([]byte, 9000))},
		"replaced":        {func(mem *vfs.MemFS) error { return write(mem, "f", "cooteot") }, "cooteot"},
		"shorter":         {func(mem *vfs.MemFS) error { return write(mem, "f", "con") }, "con"},
		"no longer there": {func(mem *vfs.MemFS) error { return mem.Remove("f") }, ""},
	} {
		mem := vfs.NewMem()
		if err := write(mem, "f", "content"); err != nil {
			t.Fatal(err)
		}
		undo, err := (&disk{mem: mem}).flip("f", 5, 'n'^'o')
		if err == nil {
			err = c.meanwhile(mem)
		}
		if err != nil {
			t.Fatal(err)
		}
		undo()
		if got, _ := mem.UnsafeGetFileDataBuffer("f"); !bytes.Equal(got, []byte(c.want)) {
			t.Errorf("%s: the file holds %q, want %q", name, got, c.want)
		}
	}
	if _, err := (&disk{mem: vfs.NewMem()}).flip("f", 0, 1); err == nil {
		t.Error("a bit of no file was flipped")
	}
}

// write replaces a file's content.
func write(mem *vfs.MemFS, name, content string) error {
	f, err := mem.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if _, err := f.Write([]byte(content)); err != nil {
		return err
	}
	return f.Close()
}
