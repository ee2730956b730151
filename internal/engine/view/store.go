package view

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// openStore opens the folder's store, or a new one where what is there cannot
// be used. Another process's lock on the folder is an error: its files stay.
func (v *Views) openStore() error {
	if err := v.fs.MkdirAll(v.dir, 0o755); err != nil {
		return fmt.Errorf("views: %w", err)
	}
	lock, err := pebble.LockDirectory(v.dir, v.fs)
	if err != nil {
		return fmt.Errorf("views: folder %s is in use by another process: %w", v.dir, err)
	}
	db, m, err := v.tryOpen(lock)
	if err == nil {
		v.db, v.lock = db, lock
		v.setMeta(m)
		return nil
	}
	v.log.Warn("views are built anew: their store cannot be used", "folder", v.dir, "err", err)
	return errors.Join(lock.Close(), v.openEmpty())
}

// openEmpty deletes the folder's files and opens a new store.
func (v *Views) openEmpty() error {
	if err := v.fs.RemoveAll(v.dir); err != nil {
		return fmt.Errorf("views: delete %s: %w", v.dir, err)
	}
	if err := v.fs.MkdirAll(v.dir, 0o755); err != nil {
		return fmt.Errorf("views: %w", err)
	}
	lock, err := pebble.LockDirectory(v.dir, v.fs)
	if err != nil {
		return fmt.Errorf("views: lock %s: %w", v.dir, err)
	}
	db, m, err := v.tryOpen(lock)
	if err != nil {
		return errors.Join(fmt.Errorf("views: open %s: %w", v.dir, err), lock.Close())
	}
	v.db, v.lock = db, lock
	v.setMeta(m)
	return nil
}

// tryOpen opens the store and reads its cursor.
func (v *Views) tryOpen(lock *pebble.Lock) (db *pebble.DB, m meta, err error) {
	opts := v.pebbleOptions(lock)
	defer opts.Cache.Unref()
	err = diskguard.Guarded(func() error {
		db, err = pebble.Open(v.dir, opts)
		if err != nil {
			return err
		}
		if m, err = readMeta(db); err != nil {
			return errors.Join(err, db.Close())
		}
		return nil
	})
	return db, m, err
}

func readMeta(db *pebble.DB) (m meta, err error) {
	value, closer, err := db.Get(metaKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return meta{}, nil
	}
	if err != nil {
		return meta{}, err
	}
	m, ok := decodeMeta(value)
	if err := closer.Close(); err != nil {
		return meta{}, err
	}
	if !ok {
		return meta{}, fmt.Errorf("the store has another layout than %d", layout)
	}
	return m, nil
}

func (v *Views) pebbleOptions(lock *pebble.Lock) *pebble.Options {
	opts := &pebble.Options{
		FS: v.fs, Lock: lock, DisableWAL: true, Merger: merger,
		FormatMajorVersion:         pebble.FormatNewest,
		Cache:                      pebble.NewCache(v.opt.CacheBytes),
		MemTableSize:               v.opt.MemTableBytes,
		L0CompactionThreshold:      4,
		LBaseMaxBytes:              64 << 20,
		CompactionConcurrencyRange: func() (int, int) { return 1, 1 },
	}
	diskguard.NewEvents("views", v.log, v.opt.Fatal).Apply(opts)
	opts.EventListener.BackgroundError = v.suspect
	corruption := opts.EventListener.DataCorruption
	opts.EventListener.DataCorruption = func(info pebble.DataCorruptionInfo) {
		corruption(info)
		v.suspect(info.Details)
	}
	return opts
}

// closeStore closes the store; flush keeps what it has for the next start.
func (v *Views) closeStore(flush bool) (err error) {
	if v.db == nil {
		return nil
	}
	err = diskguard.Guarded(func() (err error) {
		if flush {
			err = v.db.Flush()
		}
		return errors.Join(err, v.db.Close())
	})
	err = errors.Join(err, v.lock.Close())
	v.db, v.lock = nil, nil
	return err
}

// commit writes a slice at once, the cursor with it.
func commit(db *pebble.DB, s *slice) error {
	b := db.NewBatchWithSize(s.accounts.bytes() + 64*len(s.steps) + 1<<10)
	err := s.emit(func(key, value []byte, merge bool) error {
		if merge {
			return b.Merge(key, value, nil)
		}
		return b.Set(key, value, nil)
	})
	if err != nil {
		return errors.Join(err, b.Close())
	}
	return errors.Join(b.Commit(pebble.NoSync), b.Close())
}

// scan visits the store's rows with from <= key < to, backwards if asked, until
// visit returns false.
func scan(db *pebble.DB, from, to []byte, backwards bool, visit func(key, value []byte) (bool, error)) error {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	start, step := it.First, it.Next
	if backwards {
		start, step = it.Last, it.Prev
	}
	more := true
	for ok := start(); ok && more && err == nil; {
		var value []byte
		if value, err = it.ValueAndErr(); err != nil {
			break
		}
		if more, err = visit(it.Key(), value); more && err == nil {
			ok = step()
		}
	}
	return errors.Join(err, it.Error(), it.Close())
}
