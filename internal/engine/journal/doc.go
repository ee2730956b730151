// Package journal is Holdfast's append-only, provable history.
//
// Every command that changed something leaves entries (pb.Entry). An entry is
// a leaf of an RFC 6962 Merkle tree: the leaf hash is SHA-256(0x00 || stored
// bytes). Two tables hold it:
//
//	table.Journal  seq (8 bytes)                 -> the entries up to seq that the row before lacks
//	table.Tiles    level (4 bytes), n (8 bytes)  -> 256 hashes of 32 bytes, left to right
//
// A row of the journal is one entry, or from feature level LevelPacked on those of
// a frame (row.go, packer.go). Scan, Entry and Read know both.
//
// A tile of level l holds the roots of complete subtrees of 256^l entries each;
// only complete tiles are stored. The right edge of the tree lives in memory
// (Tree) and is rebuilt at start from at most 255 entries and 255 tiles a level.
//
// Tree serves the code that applies commands: it is deterministic, reads no
// clock and starts no goroutine. Everything else reads snapshots: Prover makes
// proofs, Publisher signs checkpoints, BuildReceipt and VerifyReceipt hand the
// history to people outside, Check re-derives it all from the raw entries.
//
// DESIGN.md says why it is built this way; docs/reference/receipts.md is the
// format for those who write a verifier of their own.
package journal
