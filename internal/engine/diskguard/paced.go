package diskguard

import "github.com/cockroachdb/pebble/v2/vfs"

// pacer calls pace before each read and remembers why it was told to end.
type pacer struct {
	pace    func(bytes int) error
	stopped error
}

func (p *pacer) wait(bytes int) error {
	if p.stopped == nil && p.pace != nil {
		p.stopped = p.pace(bytes)
	}
	return p.stopped
}

// pacedFS is a file system whose files are read slowly. Whatever does not read
// goes straight through.
type pacedFS struct {
	vfs.FS
	pacer *pacer
}

func (p *pacedFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := p.FS.Open(name, opts...)
	if err != nil {
		return nil, err
	}
	return &pacedFile{f, p.pacer}, nil
}

type pacedFile struct {
	vfs.File
	pacer *pacer
}

func (f *pacedFile) Read(b []byte) (int, error) {
	if err := f.pacer.wait(len(b)); err != nil {
		return 0, err
	}
	return f.File.Read(b)
}

func (f *pacedFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.pacer.wait(len(b)); err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, off)
}

// Prefetch would read ahead of the pace.
func (f *pacedFile) Prefetch(int64, int64) error { return nil }
