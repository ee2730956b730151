package store

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// Metrics are figures about the store, for monitoring. Sizes are in bytes;
// counts and sums are since Open.
type Metrics struct {
	DiskBytes           uint64 // files of the store, obsolete ones included
	MemTableBytes       uint64
	CacheBytes          int64
	CacheHits           int64
	CacheMisses         int64
	ReadAmp             int   // places a read may have to look into
	L0Files             int64 // files in level 0
	CompactionDebtBytes uint64
	Compactions         int64
	Flushes             int64
	BytesFlushed        uint64
	BytesCompacted      uint64
	WriteStalls         uint64 // times commits were held back
	Snapshots           int    // open snapshots
}

// Metrics returns the figures of the moment.
func (s *Store) Metrics() Metrics {
	m := s.db.Metrics()
	return Metrics{
		DiskBytes:           m.DiskSpaceUsage(),
		MemTableBytes:       m.MemTable.Size,
		CacheBytes:          m.BlockCache.Size,
		CacheHits:           m.BlockCache.Hits,
		CacheMisses:         m.BlockCache.Misses,
		ReadAmp:             m.ReadAmp(),
		L0Files:             m.Levels[0].TablesCount,
		CompactionDebtBytes: m.Compact.EstimatedDebt,
		Compactions:         m.Compact.Count,
		Flushes:             m.Flush.Count,
		BytesFlushed:        m.Levels[0].TableBytesFlushed,
		BytesCompacted:      bytesCompacted(m),
		WriteStalls:         s.events.Stalls(),
		Snapshots:           m.Snapshots.Count,
	}
}

func bytesCompacted(m *pebble.Metrics) uint64 {
	var n uint64
	for i := range m.Levels {
		n += m.Levels[i].TableBytesCompacted
	}
	return n
}

// TableBytes is about how many bytes of the state's files a table takes; 0 when
// that cannot be told.
func (s *Store) TableBytes(id table.ID) uint64 {
	from, to := table.Range(id)
	n, err := s.db.EstimateDiskUsage(from, to)
	if err != nil {
		return 0
	}
	return n
}
