// Package stamp is what a handler knows of the world: the leader's time, the
// place in the log, and the command's own randomness. Business days and
// cut-offs are reckoned at a fixed offset from UTC; no time zone database is
// consulted.
package stamp

import "time"

// Stamp comes to a handler with its command.
type Stamp struct {
	// Index is the log index of the frame.
	Index uint64
	// Seq is the sequence number the command's journal entry will take.
	Seq uint64
	// At is business time in Unix milliseconds; it never goes back.
	At int64
	// Seed is 16 bytes drawn by the leader, different for each command.
	Seed []byte
	// Offset is the business offset from UTC in seconds.
	Offset int32
}

// Business is the default offset of business days: +08:00.
const Business int32 = 8 * 3600

// RFC3339 writes a business time as the API does, e.g. 2018-06-08T10:34:56+08:00.
func RFC3339(at int64, offset int32) string {
	return local(at, offset).Format(time.RFC3339)
}

// Compact writes a business time as yyyyMMddHHmmss.
func Compact(at int64, offset int32) string { return local(at, offset).Format("20060102150405") }

// Day writes the business day as yyyyMMdd.
func Day(at int64, offset int32) string { return local(at, offset).Format("20060102") }

// DayNumber counts business days since 1970.
func DayNumber(at int64, offset int32) int64 { return (at + int64(offset)*Second) / DayMs }

// Year is the business year.
func Year(at int64, offset int32) int { return local(at, offset).Year() }

func local(at int64, offset int32) time.Time {
	return time.UnixMilli(at).In(time.FixedZone("", int(offset)))
}

// Durations in milliseconds, for arithmetic on At.
const (
	Second int64 = 1000
	Minute       = 60 * Second
	Hour         = 60 * Minute
	DayMs        = 24 * Hour
)
