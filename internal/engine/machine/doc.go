// Package machine is the deterministic state machine: it decodes commands, calls
// the rules, checks the books, appends to the journal and answers.
//
// Apply takes one frame and writes one batch: rows, journal entries, digests
// and the applied index change together or not at all. The same frames give
// the same bytes on every node, whatever the backend, the scheduler or the
// garbage collector do. A broken invariant leaves nothing written; the Machine
// is then unusable and its owner stops.
//
// Nothing here reads a clock, draws a random number or starts a goroutine: time
// and randomness come in with the command.
package machine
