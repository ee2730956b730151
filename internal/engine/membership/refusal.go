package membership

// Reason is why a change of members is refused.
type Reason int

// The reasons. What a caller does about them differs, so that each has a number.
const (
	// Stranger: it shows nothing that entitles it to the name.
	Stranger Reason = iota + 1
	// Expelled: the node was removed, and only a token lets it in again.
	Expelled
	// Retired: this identity was removed; the node may come with another.
	Retired
	// IDTaken: another folder has its raft id.
	IDTaken
	// NameTaken: a node of that name is in the cluster and alive.
	NameTaken
	// Wait: its former self was heard of just now; ask again in a few seconds.
	Wait
	// Nothing: it is so already.
	Nothing
	// Behind: the learner has not caught up.
	Behind
	// LacksKeys: the learner does not have every data key, or has not said so; may be
	// forced.
	LacksKeys
	// OnlyVoter: without it there would be no voter.
	OnlyVoter
	// NoMajority: without it those that are alive would be no majority.
	NoMajority
	// NoneToSpare: without it every voter alive would be needed; may be forced.
	NoneToSpare
)

// Refusal is a change of members that is not made, in a sentence, with what to do.
type Refusal struct {
	Why        Reason
	Text, Hint string
}

func (e *Refusal) Error() string { return e.Text }
