// Package sequencer takes commands from callers and gives them their order: it
// queues them, puts what waits into frames, offers those to the group through a
// member (engine/member), tells each caller what became of its command, finds out
// how far a state must be for a read, and gives learners that have caught up
// their vote.
//
//	Admit ──► queue ──► Propose: frame, stamp, member.Propose ──► Driver.Commit ──► Done ──► callers
//	Read  ──► batch ──► Ask: member.ReadIndex ──► Batch.Known
//
// It is a step function like the member: it starts no goroutine, reads no clock
// and opens no socket. engine/replica drives it with a loop, an applier and a
// real clock; trial/sim with simulated ones. What a caller is told when the lead
// is lost, when a clock is off or when too much waits is decided here, so that it
// is the same in both.
//
// Three kinds of callers share it. Any goroutine may call Admit, Abandon, Read,
// Status and what asks for flags; the loop, which owns the member, calls Step,
// Tick, Work, Propose, Ask, Change and Close; who applies calls Done, Drop and
// ReadOnly. What they share is atomic, or under the queue's or the reads' lock.
package sequencer
