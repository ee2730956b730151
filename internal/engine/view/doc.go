// Package view keeps what people look at: account histories, the steps of an
// entity, lists of a merchant's orders and of whatever else a rule declares to be
// listed (catalogue.Kind). Rules read none of it.
//
// A view is built from the journal by a goroutine of its own into a Pebble
// store of its own, so that apply writes no row for it. Views says how far
// behind it is, can be deleted at any moment, and rebuilds itself when its
// store is damaged, of another layout, or built from another journal.
//
// The journal is read in slices of whole entries: what there is, up to
// Options.SlicePostings. A slice becomes one batch, with the cursor in it:
//
//	0x01                                             layout, next entry, leaf hash of the entry before next, last number of each listed kind
//	0x02  at, seq                                    (empty)            the slice's first entry
//	0x10  account name, currency, 1, first seq       packed lines       one account in one slice
//	0x10  account name, currency, 2, hour            debits, credits    sums, merged by Pebble
//	0x20  entity, first seq                          packed seqs        one entity in one slice
//	0x21  kind, number, first seq                    packed seqs        the same for "order/17"
//	0x21  "tells " and kind, uid, first seq          packed seqs        entries about the kind that concern a person beside their accounts
//	0x21  "tells merchant " and kind, mchid, seq     packed seqs        the same for a merchant
//	0x30  kind, owner, at, id                        packed marks       one owner in one slice
//
// One row for each account in each slice, rather than one for each posting, is
// what lets it follow 200,000 transfers a second on a machine that has other
// things to do. The store has no write-ahead log: a crash takes back some
// slices together with the cursor, and they are built again.
package view
