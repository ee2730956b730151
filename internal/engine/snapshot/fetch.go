package snapshot

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/sleep"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Chunk is how much one request asks for, in bytes.
const Chunk = 1 << 20

// Defaults of FetchOptions.
const (
	DefaultAttempts = 6
	DefaultRetry    = 100 * time.Millisecond
)

// Remote is the node that holds a copy; *peer.Remote is one.
type Remote interface {
	// ReadSnapshot calls take with the parts of a range, in order.
	ReadSnapshot(ctx context.Context, req *pb.ReadSnapshotRequest, take func([]byte) error) error
}

// FetchOptions says how a copy is fetched; zero values mean the defaults.
type FetchOptions struct {
	// FS is where the data folder lives; nil is the local disk.
	FS vfs.FS
	// Fatal ends the process after a fault of the disk; nil is diskguard.Exit.
	Fatal func(error)
	// Logger hears what is fetched again; nil is slog.Default.
	Logger *slog.Logger
	// BytesPerSecond bounds the rate; 0 does not.
	BytesPerSecond uint64
	// Attempts at one range, and the pause before the second, which doubles.
	Attempts int
	Retry    time.Duration
	// KeepFree is how many bytes must be free on the disk afterwards.
	KeepFree uint64
	// DropViews: the state that is replaced held something wrong, so what was
	// built from it is removed at the installation too.
	DropViews bool
	// Progress is called after each range with the bytes that are here.
	Progress func(done, total uint64)
}

func (o FetchOptions) withDefaults() FetchOptions {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	o.FS = diskguard.Wrap(o.FS, o.Fatal)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Attempts == 0 {
		o.Attempts = DefaultAttempts
	}
	if o.Retry == 0 {
		o.Retry = DefaultRetry
	}
	if o.Progress == nil {
		o.Progress = func(uint64, uint64) {}
	}
	return o
}

// Fetch brings the copy that m describes into dataDir, where Install finds it
// at the next start. What is there already and matches is not fetched again,
// whichever copy it came from. When it returns nil, everything is on disk,
// checked. ErrGone says to ask for another manifest; ErrManifest that m is none.
// One Fetch at a time.
func Fetch(ctx context.Context, from Remote, m *pb.SnapshotManifest, dataDir string, opt FetchOptions) error {
	if err := check(m); err != nil {
		return err
	}
	f := &fetch{from: from, m: m, opt: opt.withDefaults(), total: Size(m), began: time.Now()}
	f.dir = f.opt.FS.PathJoin(dataDir, fetchDir)
	f.files = f.opt.FS.PathJoin(f.dir, filesDir)
	if err := f.run(ctx); err != nil {
		return fmt.Errorf("fetch the snapshot at %d: %w", m.Index, err)
	}
	return nil
}

type fetch struct {
	from       Remote
	m          *pb.SnapshotManifest
	opt        FetchOptions
	dir, files string

	total, done uint64
	began       time.Time
	arrived     uint64 // over the network
	buf         []byte
}

func (f *fetch) run(ctx context.Context) error {
	disk := f.opt.FS
	if err := diskguard.MakeDir(disk, f.files); err != nil {
		return err
	}
	// From here on what is there is not whole, whatever a marker says.
	if err := remove(disk, disk.PathJoin(f.dir, readyName)); err != nil {
		return err
	}
	missing, err := f.look()
	if err != nil {
		return err
	}
	if err := f.room(missing); err != nil {
		return err
	}
	for _, file := range missing {
		if err := f.file(ctx, file); err != nil {
			return err
		}
	}
	if err := errors.Join(syncDir(disk, f.files), syncDir(disk, f.dir)); err != nil {
		return err
	}
	return marker{manifest: f.m, dropViews: f.opt.DropViews}.write(disk, f.dir)
}

// look removes what does not belong to the copy and returns what is missing.
func (f *fetch) look() (missing []*pb.SnapshotFile, err error) {
	disk := f.opt.FS
	belongs := map[string]bool{}
	for _, file := range f.m.Files {
		belongs[file.Name], belongs[partOf(file)] = true, true
	}
	names, err := disk.List(f.files)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !belongs[name] {
			if err := disk.RemoveAll(disk.PathJoin(f.files, name)); err != nil {
				return nil, err
			}
		}
	}
	for _, file := range f.m.Files {
		path := disk.PathJoin(f.files, file.Name)
		if !slices.Contains(names, file.Name) {
			missing = append(missing, file)
			continue
		}
		why, err := matches(disk, path, file)
		if err != nil {
			return nil, err
		}
		if why == "" {
			f.done += file.Size
			if part := disk.PathJoin(f.files, partOf(file)); slices.Contains(names, partOf(file)) {
				if err := disk.Remove(part); err != nil {
					return nil, err
				}
			}
			continue
		}
		if err := disk.RemoveAll(path); err != nil {
			return nil, err
		}
		missing = append(missing, file)
	}
	f.opt.Progress(f.done, f.total)
	return missing, nil
}

// room refuses to begin what the disk cannot hold.
func (f *fetch) room(missing []*pb.SnapshotFile) error {
	var need uint64
	for _, file := range missing {
		need += file.Size
	}
	usage, err := f.opt.FS.GetDiskUsage(f.dir)
	if err != nil {
		return nil // not every file system tells; then the write does
	}
	if need+f.opt.KeepFree > usage.AvailBytes {
		return fmt.Errorf("%d bytes are to come and %d must stay free, but only %d are free at %s: free some space: %w",
			need, f.opt.KeepFree, usage.AvailBytes, f.dir, diskguard.ErrFull)
	}
	return nil
}

// partOf is what a file is called until it is whole. The hash in it keeps parts
// of two files of one name apart.
func partOf(file *pb.SnapshotFile) string {
	return file.Name + "." + hex.EncodeToString(file.Sha256[:8]) + partSuffix
}

// file fetches one file. If it arrives with another content than it should, it
// is fetched once more from the start: a part left by a crash may be rotten.
func (f *fetch) file(ctx context.Context, file *pb.SnapshotFile) error {
	disk := f.opt.FS
	part := disk.PathJoin(f.files, partOf(file))
	before := f.done
	for again := false; ; again = true {
		f.done = before
		same, err := f.fill(ctx, file, part)
		if err != nil {
			return err
		}
		if same {
			return disk.Rename(part, disk.PathJoin(f.files, file.Name))
		}
		if err := disk.Remove(part); err != nil {
			return err
		}
		if again {
			return fmt.Errorf("%s arrives with another content than the manifest says: ask for another snapshot", file.Name)
		}
		f.opt.Logger.Warn("a file of the snapshot is fetched again: it is not what the manifest says", "file", file.Name)
	}
}

// fill appends to part what it lacks, syncs it, and says whether the whole has
// the right hash.
func (f *fetch) fill(ctx context.Context, file *pb.SnapshotFile, part string) (same bool, err error) {
	h, have, err := f.resume(file, part)
	if err != nil {
		return false, err
	}
	out, err := f.opt.FS.OpenReadWrite(part, vfs.WriteCategoryUnspecified)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	f.done += have
	for have < file.Size {
		chunk, err := f.chunk(ctx, file, have)
		if err != nil {
			return false, fmt.Errorf("%s from byte %d: %w", file.Name, have, err)
		}
		if _, err := out.WriteAt(chunk, int64(have)); err != nil {
			return false, fmt.Errorf("write %s: %w", part, err)
		}
		h.Write(chunk)
		have += uint64(len(chunk))
		f.done += uint64(len(chunk))
		f.opt.Progress(f.done, f.total)
		if err := f.pace(ctx, len(chunk)); err != nil {
			return false, err
		}
	}
	if err := out.Sync(); err != nil {
		return false, err
	}
	return bytes.Equal(h.Sum(nil), file.Sha256), nil
}

// resume hashes what is there of a part, and makes it when nothing is.
func (f *fetch) resume(file *pb.SnapshotFile, part string) (h hash.Hash, have uint64, err error) {
	disk := f.opt.FS
	if info, err := disk.Stat(part); err != nil || uint64(info.Size()) > file.Size {
		fresh, err := disk.Create(part, vfs.WriteCategoryUnspecified)
		if err != nil {
			return nil, 0, err
		}
		if err := fresh.Close(); err != nil {
			return nil, 0, err
		}
	}
	return hashFile(disk, part, -1)
}

// chunk asks for one range until it comes.
func (f *fetch) chunk(ctx context.Context, file *pb.SnapshotFile, offset uint64) ([]byte, error) {
	req := &pb.ReadSnapshotRequest{Index: f.m.Index, File: file.Name, Offset: offset, Length: min(Chunk, file.Size-offset)}
	pause := f.opt.Retry
	for attempt := 1; ; attempt++ {
		err := f.ask(ctx, req)
		if err == nil {
			return f.buf, nil
		}
		if ctx.Err() != nil || errors.Is(err, ErrGone) || attempt >= f.opt.Attempts {
			return nil, err
		}
		f.opt.Logger.Debug("a range of the snapshot is asked for again", "file", file.Name, "offset", offset, "err", err)
		if err := sleep.For(ctx, pause); err != nil {
			return nil, err
		}
		pause *= 2
	}
}

// askLimit bounds one request: who sends less than a megabyte in that time is
// asked anew, perhaps over a better connection.
const askLimit = 30 * time.Second

func (f *fetch) ask(ctx context.Context, req *pb.ReadSnapshotRequest) error {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	f.buf = f.buf[:0]
	err := f.from.ReadSnapshot(ctx, req, func(p []byte) error {
		if uint64(len(f.buf)+len(p)) > req.Length {
			return errors.New("more arrives than was asked for")
		}
		f.buf = append(f.buf, p...)
		return nil
	})
	if err == nil && uint64(len(f.buf)) != req.Length {
		err = fmt.Errorf("%d bytes arrive of %d", len(f.buf), req.Length)
	}
	return err
}

// pace waits as long as the rate asks for.
func (f *fetch) pace(ctx context.Context, n int) error {
	f.arrived += uint64(n)
	if f.opt.BytesPerSecond == 0 {
		return ctx.Err()
	}
	due := time.Duration(float64(f.arrived) / float64(f.opt.BytesPerSecond) * float64(time.Second))
	return sleep.For(ctx, due-time.Since(f.began))
}
