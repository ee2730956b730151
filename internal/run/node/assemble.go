package node

import (
	"errors"
	"io/fs"
	"os"
)

// place is a part's place in the start order.
type place struct {
	name string
	why  string
	part Part
	// reads: what fails here is mostly what is in the data folder.
	reads bool
}

// assemble lists the parts of a node in start order, with the reason for each
// place. They are closed in reverse.
func assemble(n *shared) []place {
	p := func() part { return part{shared: n} }
	operators := &administration{part: p()}
	scrubber := &scrubbing{part: p()}
	return []place{
		{"data folder", "a folder that lacks a part is refused before anything is made in it", &dataFolder{p()}, true},
		{"disk guard", "the stores must not write to a disk that is nearly full", &diskSpace{p()}, false},
		{"credentials", "a node of a cluster that has no log, or no longer, asks its peers to let it in; they give it the keys", &admittance{p()}, false},
		{"keystore", "it opens the published checkpoint, and every listener needs its certificates or tokens", &keyStore{p()}, true},
		{"administration", "health and the reason for a slow start are told while the log is replayed", operators, false},
		{"snapshot", "a state that was fetched is put into place before any store is open", &stateCopy{p()}, false},
		{"state store", "the log may be cut and replayed only from what the state has on disk", &stateStore{p()}, true},
		{"keyring", "peers put data keys into it as soon as they reach this node", &dataKeys{p()}, true},
		{"admin address", "the store's lock says that the folder is ours: now operators may be led here", &adminAddress{p()}, false},
		{"raft log", "it must reach as far as the state, the acknowledged index and the checkpoint say", &logStore{p()}, true},
		{"peers", "a node proves to its peers that its disk is no old copy before it takes part", &peering{part: p()}, false},
		{"replica", "it replays what the state lacks; from here on commands are taken", &replication{part: p(), observed: newObserved()}, true},
		{"first command", "a new log begins with what the journal is called", &firstCommand{p()}, false},
		{"checkpoints", "the replayed journal must extend what was published", &checkpointing{p()}, true},
		{"key exchange", "what the state says was erased is deleted before anybody is shown a person", &keyExchange{part: p()}, false},
		{"housekeeping", "due work and the log's length, once the state is known to be whole", &housekeeping{p()}, false},
		{"sealing", "names from before feature level 5 are sealed once commands are taken and keys can be given away", &sealing{part: p()}, false},
		{"revealing", "once commands are taken and the keystore is open", &revealing{part: p()}, false},
		{"scrubber", "damage is looked for as long as the node runs", scrubber, false},
		{"views", "they follow the journal and nothing waits for them", &viewing{p()}, false},
		{"events", "they tell what was applied, and who was away asks the views", &eventing{p()}, false},
		{"admin service", "operators before merchants", &adminService{p(), operators}, false},
		{"inner service", "the courier before the first payment, so that no notice waits", &courierService{p()}, false},
		{"admission", "before whoever it lets in", &admission{p()}, false},
		{"wallet API", "people's devices before merchants, whose codes they pay", &walletAPI{p()}, false},
		{"merchant API", "last: whoever reaches it finds everything behind it at work", &merchantAPI{p()}, false},
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
