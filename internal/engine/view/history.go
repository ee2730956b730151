package view

import (
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// History returns an account's lines with a seq below before (0 for no bound),
// the newest first: at least limit where there are as many, and then as many
// more as belong to the same entry. The last line's Seq is the next page's
// before.
func (v *Views) History(account string, currency uint32, before uint64, limit int) ([]*pb.HistoryLine, error) {
	var lines []*pb.HistoryLine
	prefix := historyKey(account, currency)
	from, to := table.Prefix(prefix)
	if before > 0 {
		to = historyKey(account, currency).U64(before)
	}
	err := v.query(func(db *pebble.DB) error {
		return scan(db, from, to, true, func(key, value []byte) (bool, error) {
			row, err := rowLines(prefix, key, value)
			if err != nil {
				return false, err
			}
			for i := len(row) - 1; i >= 0; i-- {
				if len(lines) >= limit && (len(lines) == 0 || row[i].Seq != lines[len(lines)-1].Seq) {
					return false, nil
				}
				if before == 0 || row[i].Seq < before {
					lines = append(lines, row[i])
				}
			}
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	return lines, nil
}

func rowLines(prefix, key, value []byte) ([]*pb.HistoryLine, error) {
	first, ok := numberAfter(prefix, key)
	if !ok {
		return nil, errPacked
	}
	var lines []*pb.HistoryLine
	err := unpackLines(value, first, func(l *pb.HistoryLine) bool {
		lines = append(lines, l)
		return true
	})
	return lines, err
}

// BalanceAt returns what had been debited to and credited to an account by the
// business time at (Unix milliseconds, inclusive), in minor units. It is
// complete when the views include everything up to that time.
func (v *Views) BalanceAt(account string, currency uint32, at int64) (debits, credits int64, err error) {
	var total sums
	err = v.query(func(db *pebble.DB) error {
		total = sums{}
		from, _ := table.Prefix(sumKey(account, currency))
		to := sumKey(account, currency).I64(hourOf(at))
		err := scan(db, from, to, false, func(_, value []byte) (bool, error) {
			return true, total.plus(value)
		})
		if err != nil {
			return err
		}
		return addLines(db, &total, account, currency, hourOf(at)*hour, at)
	})
	if err != nil {
		return 0, 0, err
	}
	return total.debits, total.credits, nil
}

// addLines adds the lines with since <= at <= until.
func addLines(db *pebble.DB, total *sums, account string, currency uint32, since, until int64) error {
	first, err := sliceBefore(db, since)
	if err != nil {
		return err
	}
	prefix := historyKey(account, currency)
	_, to := table.Prefix(prefix)
	from := historyKey(account, currency).U64(first)
	return scan(db, from, to, false, func(key, value []byte) (bool, error) {
		seq, ok := numberAfter(prefix, key)
		if !ok {
			return false, errPacked
		}
		more := true
		err := unpackLines(value, seq, func(l *pb.HistoryLine) bool {
			more = l.At <= until
			switch {
			case !more || l.At < since:
			case l.Amount < 0:
				total.debits -= l.Amount
			default:
				total.credits += l.Amount
			}
			return more
		})
		return more, err
	})
}

// sliceBefore returns the first entry of the last slice that begins before at:
// nothing that happened at or after it stands further left.
func sliceBefore(db *pebble.DB, at int64) (first uint64, err error) {
	err = scan(db, newKey(sliceAtPrefix), sliceAtKey(at, 0), true, func(key, _ []byte) (bool, error) {
		if len(key) != 17 {
			return false, errPacked
		}
		first = binary.BigEndian.Uint64(key[9:])
		return false, nil
	})
	return first, err
}
