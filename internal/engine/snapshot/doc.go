// Package snapshot moves the state from one node to another that has fallen
// behind the log, or whose own state is damaged.
//
// Who has it keeps copies for others (Keeper):
//
//	DIR/snapshots/INDEX/     a checkpoint of the state's store, as of that log index
//
// and describes each in a manifest: index, term, members, and every file with
// its size and SHA-256. Who needs it reads the files by range (Fetch):
//
//	DIR/snapshot/files/      what has arrived; NAME.HASH.part is not yet whole
//	DIR/snapshot/ready       the manifest, once every file is here, checked and synced
//
// and puts it into place when it starts, before any store is open (Install):
//
//	DIR/state                becomes DIR/state.old, until the copy is in use
//	DIR/snapshot/files       becomes DIR/state, and is given this node's identity
//	DIR/log                  goes on after the copy's index
//
// The state of the network, of this process and of the machine may change at
// any moment: a fetch goes on from what is there and checks it, each step of
// an installation can be done again, and what is not as the manifest says is
// never put into place. A copy carries its sender's identity until Install gives
// it the receiver's, so one that was put into place by hand is refused at start.
package snapshot
