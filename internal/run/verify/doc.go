// Package verify checks a data folder without changing it: everything that can
// be recomputed is recomputed from the raw bytes and compared with what is
// stored.
//
//	keys        the sealed keystore opens, its public copies match
//	log         every file and entry is whole; it reaches what was acknowledged
//	state       every file and row is whole; each table's digest and row count
//	journal     every leaf, tile and the root; balances from the postings alone;
//	            what people's devices signed
//	books       the invariants of all rules: indexes, orders, refunds, notices
//	            and accounts agree with each other
//	tail        the log's rest is replayed into an overlay, and the journal and
//	            the books are checked again as they will stand
//	checkpoint  its signature, and that the journal extends it
//
// Each thing found wrong is a Problem that says where and what.
package verify

import (
	"fmt"
)

// Problem is one thing that is not as it should be.
type Problem struct {
	// Step is the step that found it, from the list in the package comment.
	Step string `json:"step"`
	// Where names a file, a row, an entry or an account.
	Where string `json:"where"`
	// What says what is wrong with it.
	What string `json:"what"`
}

func (p Problem) String() string { return fmt.Sprintf("%s: %s: %s", p.Step, p.Where, p.What) }

// Report is the verdict on one folder.
type Report struct {
	Dir      string    `json:"dir"`
	OK       bool      `json:"ok"`
	Problems []Problem `json:"problems"`
	// Applied is the index the state had on disk, Last the log's last.
	Applied uint64 `json:"applied"`
	Last    uint64 `json:"last"`
	// Replayed counts the frames of the log's tail.
	Replayed int `json:"replayed"`
	// JournalSize and Root are the journal's with the tail applied.
	JournalSize uint64 `json:"journal_size"`
	Root        string `json:"root"`
	// Rows, Orders, Refunds and Notices count what was read.
	Rows    uint64 `json:"rows"`
	Orders  uint64 `json:"orders"`
	Refunds uint64 `json:"refunds"`
	Notices uint64 `json:"notices"`
	// Consents counts the signatures of people's devices that were checked.
	Consents uint64 `json:"consents"`
	// CheckpointSize is the published checkpoint's, 0 when there is none.
	CheckpointSize uint64 `json:"checkpoint_size"`
}

// maxProblems bounds a report: a folder with more is beyond naming each.
const maxProblems = 100

func (r *Report) add(step, where, what string, args ...any) {
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, Problem{step, where, fmt.Sprintf(what, args...)})
	}
}

// full says that the report takes no more problems.
func (r *Report) full() bool { return len(r.Problems) >= maxProblems }
