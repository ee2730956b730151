package scrub

// Action is what heals a finding.
type Action uint8

// The actions. The node carries them out.
const (
	// Report: nothing the node can do heals it. It says so, and goes on serving
	// what is not damaged; reads of what is damaged are refused.
	Report Action = iota + 1
	// RefetchState: set the state's folder aside and fetch the state as a snapshot
	// from a peer whose marks a majority has; the log and the vote stay valid.
	RefetchState
	// CutLog: flush the state and compact the log up to what the state has on disk;
	// the damaged entries are among those and nobody needs them any more.
	CutLog
	// Rejoin: the node cannot vouch for what it acknowledged. It sets its folder
	// aside and joins anew as a learner, under a fresh identity.
	Rejoin
	// RewriteAcked, RewriteKeys and RewriteCheckpoint: write the file again from
	// what the process holds in memory.
	RewriteAcked
	RewriteKeys
	RewriteCheckpoint
)

var actionNames = map[Action]string{
	Report: "report", RefetchState: "refetch_state", CutLog: "cut_log", Rejoin: "rejoin",
	RewriteAcked: "rewrite_acked", RewriteKeys: "rewrite_keys", RewriteCheckpoint: "rewrite_checkpoint",
}

func (a Action) String() string { return actionNames[a] }

// Situation is what a plan depends on besides the finding.
type Situation struct {
	// Peers: there are other voters, one of which can give a proven copy.
	Peers bool
	// Applied is the log index of the last frame applied to the state.
	Applied uint64
	// StateDamaged: a finding about the state is open, so that the state cannot
	// stand in for the log.
	StateDamaged bool
}

// Plan says what heals a finding. It is the same on every node and for every
// time it is asked.
func Plan(f Finding, s Situation) Action {
	switch f.Kind {
	case StateFile, StateRow, StateTable:
		if s.Peers {
			return RefetchState
		}
	case LogFile, LogEntry:
		// What the state holds on disk the log may forget: that is how it is cut
		// every day.
		if f.Last != 0 && f.Last <= s.Applied && !s.StateDamaged {
			return CutLog
		}
		if s.Peers {
			return Rejoin
		}
	case AckedFile:
		return RewriteAcked
	case KeystoreFile:
		return RewriteKeys
	case CheckpointFile:
		return RewriteCheckpoint
	}
	return Report
}
