// Package courier delivers notices to merchants and reports every attempt to
// the node. It keeps nothing on disk: what is owed lives in the node's tables,
// and a courier that starts anew reads it all again.
//
//	node ── Owed ──> feed ──┐                       ┌─> sign ─> send ─┐ merchant
//	node <─ Fetch ── fetch ─┤ loop: destinations,   │  (pool)  (HTTP) │
//	node <─ Report ─ report ┘ scheduler; decides  ──┘ <───── done ────┘
//
// One goroutine, the loop (loop.go), owns all state and decides; everything
// that waits (the stream, calls to the node, signatures, merchants) happens in
// other goroutines that send it an event. So there are no locks, and a test
// under testing/synctest sees the same run each time.
//
// # What is in memory
//
// A destination keeps 16 bytes a notice, its number and when it is due (hint.go), so
// that a dead merchant's backlog of a million costs 16 MB. Contents of a few
// thousand notices are kept (bodies.go); the others are fetched when they are
// due, and what Fetch answers is the truth: a hint may be stale or doubled.
//
// A stream that is opened anew (after a fault, and every quarter of an hour)
// tells everything again, and the hints are made anew from it.
//
// A notice is busy from the moment it is picked until the node has accepted the
// report of its attempt; rows that the stream tells meanwhile are set aside.
//
// # Who goes first
//
// Fresh notices (never tried, owed for less than a minute) go before all
// others, in the order they were owed. Retries and old backlog use what is left
// of the signing pool, and one start in eight at least.
//
// Merchants take turns. Each of a merchant's addresses, up to eight, is a destination
// of its own (merchant.go), so that one that hangs holds up no other. A destination has
// at most Config.Window notices in the air. Five failures in a row break it: one
// at a time, with a pause that grows to two seconds, until something succeeds.
// Destinations that are broken or answer slowly draw on a pool of their own, so however
// many merchants hang, the others find room.
//
// When a notice is due again and when it is parked is decided by the state
// machine as it takes the report (rule/notice); the courier obeys.
package courier
