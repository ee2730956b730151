package raftlog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// CheckAcked reads the file "acked" again. It returns a *StartError when the file
// is missing, damaged, or says more than this process ever acknowledged.
func (l *Log) CheckAcked() error {
	index, ok, err := readAcked(l.fs, l.dir, l.id.Incarnation)
	switch {
	case err != nil:
		return err
	case !ok:
		return stop(l.acked.path(), 0, "%s is missing", l.acked.path())
	case index > l.AckedIndex():
		return stop(l.acked.path(), index, "%s says %d, but only %d was acknowledged", l.acked.path(), index, l.AckedIndex())
	}
	return nil
}

// RewriteAcked writes the file "acked" again from what this process knows. It is
// made under a name of its own, since the goroutine may be writing one as well;
// if that one is newer and is replaced, the older number is still true.
func (l *Log) RewriteAcked() error {
	b := binary.BigEndian.AppendUint64([]byte(ackedMagic), l.AckedIndex())
	b = binary.BigEndian.AppendUint64(b, l.id.Incarnation)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	again := l.acked.path() + ".again"
	if err := diskguard.ReplaceFile(l.fs, again, b); err != nil {
		return fmt.Errorf("rewrite %s: %w", l.acked.path(), err)
	}
	if err := l.fs.Rename(again, l.acked.path()); err != nil {
		return fmt.Errorf("rewrite %s: %w", l.acked.path(), err)
	}
	return l.acked.syncDir()
}
