package table

import "fmt"

// ID names a table: the first byte of its keys. A number is never reused.
type ID byte

// The tables. Rows of Head, Journal and Tiles stand outside the digest: Head
// holds it, and the journal has its Merkle root.
const (
	Head         ID = 0x01 // () -> Head
	Journal      ID = 0x10 // (seq) -> Entry
	Tiles        ID = 0x11 // (level, n) -> 256 hashes
	Merchants    ID = 0x20 // (mchid) -> Merchant
	Certs        ID = 0x21 // (mchid, serial) -> Cert
	Persons      ID = 0x28 // (uid) -> Person
	Openids      ID = 0x29 // (appid, openid) -> PersonRef
	PersonRefs   ID = 0x2a // (ref) -> PersonRef
	Accounts     ID = 0x30 // (name, currency) -> Account
	Batches      ID = 0x31 // (ref) -> Batch
	Orders       ID = 0x38 // (order id) -> Order
	OrderNos     ID = 0x39 // (mchid, out_trade_no) -> OrderRef
	Refunds      ID = 0x40 // (refund id) -> Refund
	RefundNos    ID = 0x41 // (mchid, out_refund_no) -> OrderRef (of the refund)
	OrderRefunds ID = 0x42 // (order id, refund id) -> empty; from level 2
	Owed         ID = 0x48 // (notice id) -> Notice in state OWED
	Settled      ID = 0x49 // (notice id) -> Notice DELIVERED or PARKED
	Parked       ID = 0x4a // (mchid) -> PersonRef, a count; (mchid, what it waits for, notice id) -> empty
	Couriers     ID = 0x4b // (name) -> Courier; from level 3
	Due          ID = 0x50 // (at, kind, id) -> empty
)

var names = map[ID]string{
	Head: "head", Journal: "journal", Tiles: "tiles", Merchants: "merchants", Certs: "certs",
	Persons: "persons", Openids: "openids", PersonRefs: "person_refs", Accounts: "accounts",
	Batches: "batches", Orders: "orders", OrderNos: "order_nos", Refunds: "refunds",
	RefundNos: "refund_nos", OrderRefunds: "order_refunds", Owed: "owed", Settled: "settled",
	Parked: "parked", Couriers: "couriers", Due: "due",
}

// All lists the tables in key order.
func All() []ID {
	return []ID{Head, Journal, Tiles, Merchants, Certs, Persons, Openids, PersonRefs, Accounts,
		Batches, Orders, OrderNos, Refunds, RefundNos, OrderRefunds, Owed, Settled, Parked,
		Couriers, Due}
}

func (id ID) String() string {
	if n, ok := names[id]; ok {
		return n
	}
	return fmt.Sprintf("table-%#x", byte(id))
}

// Digested says whether the table's rows are summed into its digest.
func (id ID) Digested() bool { return id != Head && id != Journal && id != Tiles }

// Level is the feature level from which on the state's head has a digest of the
// table; below it the table has no rows. A table that an index of level 2 needs
// had its digest from the start.
func (id ID) Level() uint32 {
	if id == Couriers {
		return 3
	}
	return 1
}

// Counted says whether rows are counted per bucket, which is how a row that
// silently vanished (a misdirected block) is noticed.
func (id ID) Counted() bool { return id == Orders || id == Accounts }
