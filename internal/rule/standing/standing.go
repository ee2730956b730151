// Package standing keeps whether people may act: blocks with their reasons, and what
// the blocked say against them. A block keeps nobody from being heard.
package standing

import (
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/moves"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Level is the feature level from which on there are appeals.
const Level = 5

// MaxAppeals is how often a person may appeal against one block.
const MaxAppeals = 3

// Moves is the life of an appeal.
var Moves = moves.Table[pb.AppealState]{
	{To: pb.AppealState_APPEAL_STATE_OPEN, By: "appeal_file", When: "a blocked person says why they should be let go on"},
	{From: pb.AppealState_APPEAL_STATE_OPEN, To: pb.AppealState_APPEAL_STATE_UPHELD, By: "appeal_decide", When: "the block stays"},
	{From: pb.AppealState_APPEAL_STATE_OPEN, To: pb.AppealState_APPEAL_STATE_GRANTED, By: "appeal_decide", When: "the person may go on; so it is when an operator unblocks them"},
}

var appeals = table.Of[pb.Appeal, *pb.Appeal]{ID: table.Appeals}

func key(uid uint64) table.Key              { return table.K(table.Appeals).U64(uid) }
func openKey(a *pb.Appeal) table.Key        { return table.K(table.OpenAppeals).I64(a.FiledAt).U64(a.Uid) }
func entity(uid uint64) string              { return "appeal/" + strconv.FormatUint(uid, 10) }
func waits(a *pb.Appeal) bool               { return a.GetState() == pb.AppealState_APPEAL_STATE_OPEN }
func put(tx table.Txn, a *pb.Appeal)        { appeals.Put(tx, key(a.Uid), a) }
func about(a *pb.Appeal, p *pb.Person) bool { return a.BlockedAt == p.BlockedAt }

// Of reads a person's last appeal.
func Of(r table.Reader, uid uint64) (*pb.Appeal, bool) { return appeals.Get(r, key(uid)) }

// Waiting visits the appeals that nobody has decided, oldest first.
func Waiting(r table.Reader, visit func(*pb.Appeal) bool) {
	from, to := table.Range(table.OpenAppeals)
	r.Scan(from, to, func(k, _ []byte) bool {
		f := table.F(k)
		f.I64()
		return visit(appeals.Need(r, key(f.U64())))
	})
}

// The commands.
var (
	Block  = catalogue.Returning(catalogue.PersonBlock, "person_block", ApplyBlock).From(Level)
	File   = catalogue.Returning(catalogue.AppealFile, "appeal_file", ApplyFile).From(Level)
	Decide = catalogue.Returning(catalogue.AppealDecide, "appeal_decide", ApplyDecide).From(Level)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "standing",
	Commands: []*catalogue.Spec{Block.Spec, File.Spec, Decide.Spec},
	Tables:   []table.ID{table.Appeals, table.OpenAppeals},

	Invariants: []catalogue.Invariant{
		{Name: "appeals that wait are listed", Check: listed},
		{Name: "an appeal waits only while its person is blocked", Check: blocked},
	},
}

// Word is an appeal's state in a word.
func Word(s pb.AppealState) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "APPEAL_STATE_"))
}
