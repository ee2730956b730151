// Package member is one member of the raft group as a pure step function: a
// message, a tick or a proposal goes in; what is to be sent, applied or told
// comes out through Events. It starts no goroutine, reads no clock and opens no
// socket; it calls the log synchronously. engine/replica drives it with a real
// disk and network, trial/sim with simulated ones: what the simulation finds out
// about elections, membership and lost disks holds for production, because it
// is the same code.
//
// Around raft itself (go.etcd.io/raft) it adds what raft takes for granted:
//
//   - who is who: messages carry the sender's and the receiver's incarnation
//     and the sender's process; those of strangers, of removed members and of a
//     second process on a copied folder are dropped (step.go, registry.go);
//   - that disks remember: a member that starts asks the others what it has
//     told them, and takes no part until a majority has heard no more than it
//     has (prove.go);
//   - that clocks agree: a leader whose clock is off takes no proposals (clock.go);
//   - snapshots that are files, not messages (snapshot.go).
package member
