package member

import "fmt"

// Refusal is why a member may not take part.
type Refusal int

// The refusals.
const (
	// Removed: the member was taken out of the cluster.
	Removed Refusal = iota + 1
	// RolledBack: its disk is older than what it told others.
	RolledBack
	// OtherCluster: its peers are of another cluster.
	OtherCluster
	// OtherIncarnation: its raft id belongs to another folder.
	OtherIncarnation
	// Superseded: another process runs on a copy of its folder.
	Superseded
	// NeverLetIn: its log is new and nobody told it who the members are: a copy of
	// the folder from before the node was let in.
	NeverLetIn
)

var refusalTexts = map[Refusal]string{
	Removed:          "this node was removed from the cluster and its data folder may not come back; set the folder aside and join anew",
	RolledBack:       "this data folder is older than what it acknowledged to its peers: an old copy was put in its place; set it aside and join anew as a learner",
	OtherCluster:     "this data folder belongs to another cluster than its peers; check cluster.peers and the data folder",
	OtherIncarnation: "another data folder has this node's raft id; set this one aside and join anew",
	Superseded:       "another process runs with this node's identity: its data folder was copied; stop one of them, set its folder aside and join anew",
	NeverLetIn:       "this data folder was never let in by a cluster: a copy from its very first start was put in its place; set it aside and join anew as a learner",
}

// RefusedError says why a member may not take part, in one sentence with what
// to do.
type RefusedError struct {
	Why Refusal
	// Detail adds figures, "" when there are none.
	Detail string
}

func (e *RefusedError) Error() string {
	if e.Detail == "" {
		return refusalTexts[e.Why]
	}
	return refusalTexts[e.Why] + " (" + e.Detail + ")"
}

// Rejoin says whether the node helps itself by joining anew as a learner.
func (e *RefusedError) Rejoin() bool { return e.Why == RolledBack || e.Why == NeverLetIn }

func refused(why Refusal) *RefusedError { return &RefusedError{Why: why} }

func refusedf(why Refusal, format string, args ...any) *RefusedError {
	return &RefusedError{Why: why, Detail: fmt.Sprintf(format, args...)}
}
