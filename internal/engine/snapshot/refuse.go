package snapshot

import "errors"

// giveUp undoes an installation that met a copy which is not whole. The marker
// gets another name first: from then on nobody installs the copy, and a crash
// finds what is left to undo.
func (i *install) giveUp() error {
	ready, refused := i.disk.PathJoin(i.fetched, readyName), i.disk.PathJoin(i.fetched, refusedName)
	if err := errors.Join(i.disk.Rename(ready, refused), syncDir(i.disk, i.fetched)); err != nil {
		return err
	}
	return i.finishRefusal()
}

// finishRefusal puts the old state back, if it was put aside, and forgets the
// refused copy. What was fetched and never moved stays: Fetch goes on from it.
func (i *install) finishRefusal() error {
	refused := i.disk.PathJoin(i.fetched, refusedName)
	there, err := exists(i.disk, refused)
	if err != nil || !there {
		return err
	}
	aside, err := exists(i.disk, i.old)
	if err != nil {
		return err
	}
	if aside {
		// What stands in its place is the copy.
		if err := removeAll(i.disk, i.state); err != nil {
			return err
		}
		if err := errors.Join(i.disk.Rename(i.old, i.state), syncDir(i.disk, i.dir)); err != nil {
			return err
		}
	}
	return remove(i.disk, refused)
}
