package node

import (
	"context"
	"sync/atomic"

	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// busyCommands is how many commands wait for a frame when the scrubber holds back.
const busyCommands = 64

// scrubbing reads everything stored again and again, and mends what it finds.
type scrubbing struct {
	part
	cfg      DiskConfig
	scrubber *scrub.Scrubber
}

// Start reads everything stored again and again, and mends what it finds.
func (n *scrubbing) Start(context.Context) error {
	n.scrubber = scrub.New(scrub.Options{
		State: n.store, Log: n.raftLog, Copies: n.copies(), Path: n.path(scrub.ProgressFile),
		Rate: uint64(n.cfg.ScrubRate), Every: n.cfg.ScrubEvery.Std(),
		Busy: func() bool { return n.replica.Waiting() > busyCommands }, Found: n.found, Logger: n.log,
	})
	n.damage.scrubber.Store(n.scrubber)
	n.spawn("scrubber", n.scrubber.Run)
	return nil
}

// copies are the files beside the stores.
func (n *scrubbing) copies() []scrub.Copy {
	return []scrub.Copy{
		{Name: "keystore", Check: func() (scrub.Finding, bool, error) {
			err := n.keys.Check()
			f, damaged := scrub.FromKeys(err, n.keys.MasterKeyPath())
			if damaged {
				err = nil
			}
			return f, damaged, err
		}},
		{Name: "checkpoint", Check: func() (scrub.Finding, bool, error) {
			if err := n.journal.publisher.CheckFile(); err != nil {
				return scrub.Finding{Kind: scrub.CheckpointFile, Where: n.journal.publisher.Path(), Cause: err}, true, nil
			}
			return scrub.Finding{}, false, nil
		}},
	}
}

// damaged ends a node whose state or log can't be trusted; what helps it is done
// at the next start.
type damaged struct {
	finding scrub.Finding
	remedy  remedy
}

func (d *damaged) Error() string { return "found damage: " + d.finding.String() }

// found is told of damage, by the scrubber or by who met it.
func (n *scrubbing) found(f scrub.Finding) {
	s := scrub.Situation{
		Peers: n.group != nil && !n.replica.Status().Alone, Applied: n.replica.Applied(), StateDamaged: n.scrubber.Status().StateDamaged(),
	}
	plan := scrub.Plan(f, s)
	n.log.Error("damage on this node's disk", "what", f.Kind.String(), "where", f.Where, "cause", f.Cause, "plan", plan.String())
	switch plan {
	case scrub.RefetchState:
		n.replica.Stop(&damaged{f, heal})
	case scrub.Rejoin:
		n.replica.Stop(&damaged{f, setAside})
	case scrub.RewriteAcked:
		n.mend(f, plan, nil)
	case scrub.RewriteKeys:
		n.mend(f, plan, n.keys.Rewrite)
	case scrub.RewriteCheckpoint:
		n.mend(f, plan, n.journal.publisher.Rewrite)
	case scrub.CutLog:
		n.mend(f, plan, nil)
	case scrub.Report:
	}
}

// mend heals what needs nothing from others: by the scrubber itself, or by write.
func (n *scrubbing) mend(f scrub.Finding, plan scrub.Action, write func() error) {
	var err error
	if write == nil {
		err = n.scrubber.Mend(f, plan)
	} else if err = write(); err == nil {
		n.scrubber.Healed(f)
	}
	if err != nil {
		n.log.Error("it could not be mended", "where", f.Where, "err", err)
		return
	}
	n.log.Info("mended", "where", f.Where, "by", plan.String())
}

// damageReports take in damage that others meet, once there is a scrubber to
// deal with it.
type damageReports struct {
	scrubber atomic.Pointer[scrub.Scrubber]
}

// noticed takes in damage that a reader of the state met: its request fails, and
// the node heals.
func (d *damageReports) noticed(err error) {
	if s := d.scrubber.Load(); s != nil {
		s.Noticed(err)
	}
}

// met takes in damage that the state's store met, in the background too.
func (d *damageReports) met(err error) {
	if s := d.scrubber.Load(); s != nil {
		s.Met(err)
	}
}

// tell adds how the scrubber stands to what peers are told.
func (d *damageReports) tell(h *pb.NodeHealth) {
	scrubber := d.scrubber.Load()
	if scrubber == nil {
		return
	}
	s := scrubber.Status()
	h.ScrubPercent, h.DamageFound = s.Percent, uint64(len(s.Open))
	if !s.Done.IsZero() {
		h.ScrubDone = s.Done.UnixMilli()
	}
}
