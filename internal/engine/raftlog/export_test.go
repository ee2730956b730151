package raftlog

// Tables returns how many table files the manifest names.
func (l *Log) Tables() (n int64) {
	for _, level := range l.db.Metrics().Levels {
		n += level.TablesCount
	}
	return n
}
