// Package replica turns commands into an agreed, durable order and applies it:
// it drives a member (engine/member) with real time, disk and network.
//
//	Do ──► queue ──► loop: frame, propose, append+fsync, commit ──► applier: Machine.Begin ──► finisher: Pending.Finish ──► answers
//	 └──► the leader, when that is another node (forward.go)
//
// Reads are linearizable on every node (reads.go); Local reads what this node
// has.
//
// Two goroutines work side by side. The loop owns the member and the log:
// while it waits for a disk, commands gather in the queue, and what gathered is
// the next frame, so there is no timer on the path. The applier owns the
// Machine and answers each caller after its frame is on disk and applied.
//
// Crash safety: a caller is answered only after its frame is synced in the
// raft log. The state's own store has no log; what it lost is applied again
// from the raft log, from the applied index that is in the same batch as the
// rows.
package replica
