// Package keyring keeps data keys: one for each person's details, so that details
// can be made unreadable everywhere by deleting their key. It lies beside the
// state, in no log, no state and no snapshot; each key is wrapped under a key of
// the keystore, which every node of the cluster has.
//
// It is one file of slots, 128 bytes each. A key is deleted by writing over its
// slot, so that nothing of it is left in the file; the slot keeps the name, so that no
// node that was away brings the key back. (A disk may keep what was written over:
// flash does for a while. What it keeps is wrapped, and the keystore's key is
// sealed under the node's master key.)
//
//	+-------+---------+----+-------+------------+-----------+-------+---------+----------+--------+
//	| state | version | -  | name  | wrapped by | minted at | nonce | wrapped | -        | CRC32C |
//	| 1     | 1       | 2  | 16    | 16         | 8, BE     | 12    | 48      | 20       | 4, BE  |
//	+-------+---------+----+-------+------------+-----------+-------+---------+----------+--------+
//
// A slot that is not what was written counts as free: its key is missing here and
// is fetched from a peer again, as one that never arrived.
package keyring
