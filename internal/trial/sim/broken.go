package sim

import (
	"maps"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// broken is what is wrong on purpose in a run: places where the driver does what
// a careless one would. All zero is the driver as it should be.
type broken struct {
	onStart   func(*process)
	onPropose func(*process, *sequencer.Frame)
	onApply   func(p *process, index uint64, data []byte) []byte
	onMessage func(*process, *pb.PeerMessage)
	onAsk     func(*process, *pb.Command) // on a command's way in

	readsLocally      bool // any node answers a query from its own state
	leaderReads       bool // who takes itself for the leader does
	guesses           bool // "not done" for an outcome that is open
	forgetsTries      bool // a command's last try decides what its caller is told
	losesIdentity     bool // a repeated request gets a new identity
	reportsFirst      bool // the courier reports before it sends
	cutsTooMuch       bool // the log is cut up to what is applied, flushed or not
	neverFetches      bool // a snapshot is not fetched
	takesAnyFolder    bool // a folder is taken for the node's own
	makesUpLots       bool // the lot of a lucky share is made up
	namesOwnKeys      bool // a data key is named once its own node has it
	keepsErased       bool // erased keys are not deleted
	fetchesNoKeys     bool // a node fetches no data keys
	remembersSessions bool // a session that was good once is good
	countsNoGuess     bool // a wrong code is called so before it is counted
	learnsNothing     bool // a node that starts takes every order number for new
	// countsUnwritten says who takes a write for durable as soon as it is on its way
	countsUnwritten func(*process) bool
	// promisesEarly: what it promises is not on its disk, and who sees what comes of
	// that is what is tried
	promisesEarly bool
}

// Variant is a driver that is broken on purpose.
type Variant struct {
	// Why says what a careless driver does here.
	Why string
	// Checkers are the rules of which one must catch it.
	Checkers []string
	make     func() broken
}

// VariantNames lists the broken drivers.
func VariantNames() []string { return slices.Sorted(maps.Keys(Variants)) }

// Variants are the broken drivers, by name.
var Variants = map[string]Variant{
	"ack-before-fsync": {
		"the log answers before what it was given is on disk",
		[]string{"acknowledged", "history", "digests", "stop", "liveness"},
		func() broken {
			return broken{promisesEarly: true, onStart: func(p *process) { p.disk.log.lies = true }}
		},
	},
	"own-vote-early": {
		"a leader counts its own entries while they are on their way to its disk",
		[]string{"acknowledged", "history", "digests", "panic"},
		func() broken {
			return broken{promisesEarly: true, countsUnwritten: func(p *process) bool { return p.member.Leads() != 0 }}
		},
	},
	"acknowledged-early": {
		"a follower acknowledges entries while they are on their way to its disk",
		[]string{"promises"},
		func() broken {
			return broken{countsUnwritten: func(p *process) bool { return p.member.Leads() == 0 }}
		},
	},
	"applied-early": {
		"a leader applies entries while they are on their way to its disk",
		[]string{"promises"},
		func() broken {
			return broken{countsUnwritten: func(p *process) bool { return p.member.Leads() != 0 }}
		},
	},
	"forgotten-vote": {
		"entries are synced, term and vote are not",
		[]string{"leaders", "liveness", "terms", "panic"},
		func() broken {
			return broken{promisesEarly: true, onStart: func(p *process) { p.disk.log.forgetsHard = true }}
		},
	},
	"vote-with-a-hole": {
		"a node with an older disk takes part without proving that it has what it told others",
		[]string{"liveness", "storm", "panic", "acknowledged", "history", "digests"},
		func() broken {
			return broken{onMessage: forgetful}
		},
	},
	"any-folder": {
		"a node takes whatever folder it finds for its own, without identity and without proof",
		[]string{"liveness", "storm", "panic", "acknowledged", "history", "digests", "stop"},
		func() broken {
			return broken{takesAnyFolder: true, onMessage: forgetful}
		},
	},
	"map-order": {
		"the commands of a frame are applied in an order that differs between nodes",
		[]string{"digests"},
		func() broken { return broken{onApply: turnedAround} },
	},
	"local-read": {
		"a follower answers a query from its own state",
		[]string{"history"},
		func() broken { return broken{readsLocally: true} },
	},
	"deposed-leader-read": {
		"who takes itself for the leader answers a query without asking the others",
		[]string{"history"},
		func() broken { return broken{leaderReads: true} },
	},
	"guess": {
		"a request that was lost with the lead is answered as not done",
		[]string{"history"},
		func() broken { return broken{guesses: true} },
	},
	"forgotten-try": {
		"a request that may have been taken at one try is answered as not taken when the next one is refused",
		[]string{"history"},
		func() broken { return broken{forgetsTries: true} },
	},
	"lost-identity": {
		"a repeated request gets a new identity",
		[]string{"money", "history"},
		func() broken { return broken{losesIdentity: true} },
	},
	"made-up-lot": {
		"a node makes up the lot of who takes a lucky share",
		[]string{"packets"},
		func() broken { return broken{makesUpLots: true} },
	},
	"cash-in-twice": {
		"a till that repeats a cash-in gives it another name",
		[]string{"tills"},
		func() broken { return broken{onAsk: renamesCash} },
	},
	"printed-twice": {
		"a phone that repeats a payment by printed code gives it another name and signs anew",
		[]string{"money", "history"},
		func() broken { return broken{onAsk: renamesPayments} },
	},
	"takings-twice": {
		"a phone that repeats taking takings out gives that another name and signs anew",
		[]string{"shops", "money", "history"},
		func() broken { return broken{onAsk: renamesTakings} },
	},
	"any-decision": {
		"a desk takes whatever was decided on a shop for its own decision",
		[]string{"history"},
		func() broken { return broken{onAsk: decidesAsBefore} },
	},
	"dropped-difference": {
		"a shift is closed with what its drawer should hold, whatever was counted",
		[]string{"tills", "history"},
		func() broken { return broken{onAsk: countsAsExpected} },
	},
	"code-used-twice": {
		"what was shown is not the identity of the payment: each try has another tap",
		[]string{"history", "codes"},
		func() broken { return broken{onAsk: tapsAnew} },
	},
	"cash-for-code-twice": {
		"a till that repeats cash for a shown code gives it another name",
		[]string{"tills", "money", "history"},
		func() broken { return broken{onAsk: renamesCodeCash} },
	},
	"pin-tries-given-back": {
		"a node says of each PIN that it was right",
		[]string{"pins"},
		func() broken { return broken{onAsk: takesForRight} },
	},
	"guess-not-counted": {
		"a node says that a code is wrong before it counted that",
		[]string{"codes"},
		func() broken { return broken{countsNoGuess: true} },
	},
	"guesses-by-node": {
		"each node counts the wrong codes that it read itself",
		[]string{"codes"},
		func() broken { return broken{onAsk: countsByNode} },
	},
	"key-on-one-node": {
		"a command names a data key that only the node has which drew it",
		[]string{"keys", "liveness"},
		func() broken { return broken{namesOwnKeys: true} },
	},
	"erased-key-kept": {
		"an erase command is applied, and the key stays in the keyrings",
		[]string{"keys"},
		func() broken { return broken{keepsErased: true} },
	},
	"keys-not-fetched": {
		"a node that joins or was away does not fetch the data keys it lacks",
		[]string{"keys", "liveness"},
		func() broken { return broken{fetchesNoKeys: true} },
	},
	"remembered-session": {
		"a node takes a session that it found good before for good without looking",
		[]string{"history"},
		func() broken { return broken{remembersSessions: true} },
	},
	"challenge-twice": {
		"a node takes another number for the challenge that a passkey signed at each try",
		[]string{"passkeys", "history"},
		func() broken { return broken{onAsk: renumbersChallenge} },
	},
	"ack-before-commit": {
		"a caller is answered when its command is proposed",
		[]string{"history", "acknowledged"},
		func() broken { return broken{onPropose: answerAtOnce} },
	},
	"early-checkpoint": {
		"a checkpoint is published before its frame is committed",
		[]string{"journal"},
		func() broken { return broken{onPropose: publishAtOnce} },
	},
	"report-first": {
		"the courier reports a notice as delivered and then sends it",
		[]string{"notices"},
		func() broken { return broken{reportsFirst: true} },
	},
	"cut-too-much": {
		"the log is cut up to what is applied, although a crash takes the state back behind it",
		[]string{"stop"},
		func() broken { return broken{cutsTooMuch: true} },
	},
	"lost-row": {
		"one row of a frame is not written",
		[]string{"books", "money", "digests", "stop"},
		func() broken { return broken{onStart: losesRows} },
	},
	"lying-filter": {
		"a node that starts takes every order number for new",
		[]string{"stop", "digests", "history", "books"},
		func() broken { return broken{learnsNothing: true} },
	},
	"learner-counts": {
		"the acknowledgement of a learner is taken for a voter's",
		[]string{"panic", "acknowledged", "history", "digests"},
		func() broken { return broken{onMessage: asVoter} },
	},
	"no-pre-vote": {
		"a node campaigns without having asked whether it could win",
		[]string{"terms"},
		func() broken { return broken{onMessage: grantsItself} },
	},
	"no-snapshot": {
		"a node that is too far behind for the log does not fetch a snapshot",
		[]string{"liveness"},
		func() broken { return broken{neverFetches: true} },
	},
}

// turnedAround has every second node apply a frame's commands backwards.
func turnedAround(p *process, _ uint64, data []byte) []byte {
	var f pb.Frame
	if p.node.place%2 == 0 || f.UnmarshalVT(data) != nil {
		return data
	}
	slices.Reverse(f.Commands)
	return table.Encode(&f)
}

// foresee applies a frame to a copy of the state, as it will be if the frame is
// committed next; nil when others come before it.
func foresee(p *process, data []byte) (*machine.Machine, []catalogue.Result) {
	if p.seq.Unapplied() != 1 || len(p.commits) > 0 || p.disk.log.last() != p.applied {
		return nil, nil
	}
	m, err := machine.Open(p.disk.state.live.Clone(), machine.Options{})
	if err != nil {
		return nil, nil
	}
	results, err := m.Apply(p.applied+1, p.term, data)
	if err != nil {
		return nil, nil
	}
	return m, results
}

// answerAtOnce tells callers what comes of it before anybody else has heard of it.
func answerAtOnce(p *process, f *sequencer.Frame) {
	_, results := foresee(p, f.Data)
	for i, r := range results {
		f.Waiters[i].Caller.Answer(sequencer.Outcome{Result: r})
	}
}

// publishAtOnce publishes what the journal will be if the frame is committed next.
func publishAtOnce(p *process, f *sequencer.Frame) {
	if m, _ := foresee(p, f.Data); m != nil {
		position := m.Position()
		p.w.publish(position.JournalSize, position.JournalRoot, p.node.name)
	}
}

// losesRows drops one row of an account now and then.
func losesRows(p *process) {
	p.disk.state.spoil = func(writes []table.Write) []table.Write {
		i := slices.IndexFunc(writes, func(w table.Write) bool { return table.ID(w.Key[0]) == table.Accounts })
		if i < 0 || !p.w.chance.oneIn(20) {
			return writes
		}
		return slices.Delete(slices.Clone(writes), i, i+1)
	}
}
