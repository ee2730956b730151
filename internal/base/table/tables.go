package table

import "fmt"

// ID names a table: the first byte of its keys. A number is never reused.
type ID byte

// The tables; what they are is declared below.
const (
	Head         ID = 0x01
	Counters     ID = 0x02
	Journal      ID = 0x10
	Tiles        ID = 0x11
	Merchants    ID = 0x20
	Certs        ID = 0x21
	Persons      ID = 0x28
	Openids      ID = 0x29
	PersonRefs   ID = 0x2a
	PersonPhones ID = 0x2b
	PersonKeys   ID = 0x2c
	ErasedKeys   ID = 0x2d
	Accounts     ID = 0x30
	Batches      ID = 0x31
	Orders       ID = 0x38
	OrderNos     ID = 0x39
	Refunds      ID = 0x40
	RefundNos    ID = 0x41
	OrderRefunds ID = 0x42
	Owed         ID = 0x48
	Ended        ID = 0x49
	Parked       ID = 0x4a
	Couriers     ID = 0x4b
	Due          ID = 0x50
	Wallets      ID = 0x58
	Devices      ID = 0x59
	SentCodes    ID = 0x5a
	CodeSenders  ID = 0x5b
	CodeTimes    ID = 0x5c
	Limits       ID = 0x5d
	Transfers    ID = 0x60
	TransferNos  ID = 0x61
	Payees       ID = 0x62
	Reaches      ID = 0x63
	Packets      ID = 0x64
	PacketNos    ID = 0x65
	PacketShares ID = 0x66
	Tills        ID = 0x68
	TillRefs     ID = 0x69
	Shifts       ID = 0x6a
	CashMoves    ID = 0x6b
	PayAliases   ID = 0x6c
	PayCodes     ID = 0x6d
	CodeTries    ID = 0x6e
	ReceiveCodes ID = 0x6f
	Staff        ID = 0x70
	StaffRefs    ID = 0x71
	Reports      ID = 0x72
	ReportNos    ID = 0x73
	OpenReports  ID = 0x74
	Shops        ID = 0x75
	ShopRefs     ID = 0x76
	ShopTakes    ID = 0x77
	Passkeys     ID = 0x78
	Appeals      ID = 0x79
	OpenAppeals  ID = 0x7a
	SessionRefs  ID = 0x7b
	StaffPeople  ID = 0x7c
)

// declaration is what holds of a table for ever.
type declaration struct {
	name string
	rows string // key fields -> value
	// level is the feature level from which on rows are written and the head
	// has the table's digest.
	level uint32
	// undigested rows stand outside the state's digest: the head holds it, and
	// the journal has its Merkle root.
	undigested bool
	counted    bool
}

// declared has every table under its number. All else that is said of tables is
// derived from it.
var declared = [256]declaration{
	Head:         {name: "head", rows: "() -> Head", level: 1, undigested: true},
	Counters:     {name: "counters", rows: "(counter) -> the last number taken, 8 bytes", level: 4},
	Journal:      {name: "journal", rows: "(number of the last entry in it) -> Entry; from level 5 on several in a row", level: 1, undigested: true},
	Tiles:        {name: "tiles", rows: "(level, n) -> 256 hashes", level: 1, undigested: true},
	Merchants:    {name: "merchants", rows: "(mchid) -> Merchant", level: 1},
	Certs:        {name: "certs", rows: "(mchid, serial) -> Cert", level: 1},
	Persons:      {name: "persons", rows: "(uid) -> Person", level: 1},
	Openids:      {name: "openids", rows: "(appid, openid) -> PersonRef", level: 1},
	PersonRefs:   {name: "person_refs", rows: "(ref) -> PersonRef", level: 1},
	PersonPhones: {name: "person_phones", rows: "(phone tag) -> PersonRef", level: 5},
	PersonKeys:   {name: "person_keys", rows: "() -> PersonKeys", level: 5},
	ErasedKeys:   {name: "erased_keys", rows: "(key id) -> ErasedKey", level: 5},
	Accounts:     {name: "accounts", rows: "(name, currency) -> Account", level: 1, counted: true},
	Batches:      {name: "batches", rows: "(ref) -> Batch", level: 1},
	Orders:       {name: "orders", rows: "(order id) -> Order", level: 1, counted: true},
	OrderNos:     {name: "order_nos", rows: "(mchid, out_trade_no) -> OrderRef", level: 1},
	Refunds:      {name: "refunds", rows: "(refund id) -> Refund", level: 1},
	RefundNos:    {name: "refund_nos", rows: "(mchid, out_refund_no) -> OrderRef of the refund", level: 1},
	OrderRefunds: {name: "order_refunds", rows: "(order id, refund id) -> empty; rows from level 2", level: 1}, // the head of level 1 has its digest
	Owed:         {name: "owed", rows: "(notice id) -> Notice in state OWED", level: 1},
	Ended:        {name: "ended", rows: "(notice id) -> Notice DELIVERED or PARKED", level: 1},
	Parked:       {name: "parked", rows: "(mchid) -> PersonRef, a count; (mchid, what it waits for, notice id) -> empty", level: 1},
	Couriers:     {name: "couriers", rows: "(name) -> Courier", level: 3},
	Due:          {name: "due", rows: "(at, kind, id) -> empty", level: 1},
	Wallets:      {name: "wallets", rows: "(uid) -> Wallet", level: 5},
	Devices:      {name: "devices", rows: "(device id) -> PersonRef", level: 5},
	SentCodes:    {name: "sent_codes", rows: "(phone tag) -> SentCode", level: 5},
	CodeSenders:  {name: "code_senders", rows: "(address tag) -> Sends", level: 5},
	CodeTimes:    {name: "code_times", rows: "(at, 0 or 1, tag) -> empty: when the code of a number or the count of an address was last touched", level: 5},
	Limits:       {name: "limits", rows: "(grade) -> Limits", level: 5},
	Transfers:    {name: "transfers", rows: "(transfer id) -> PersonTransfer", level: 5},
	TransferNos:  {name: "transfer_nos", rows: "(payer, client id) -> OrderRef of the transfer", level: 5},
	Payees:       {name: "payees", rows: "(payer, payee) -> empty: whom a person has sent money to", level: 5},
	Reaches:      {name: "reaches", rows: "(uid) -> Reach", level: 5},
	Packets:      {name: "packets", rows: "(packet id) -> Packet", level: 5},
	PacketNos:    {name: "packet_nos", rows: "(payer, client id) -> OrderRef of the packet", level: 5},
	PacketShares: {name: "packet_shares", rows: "(packet id, uid) -> PacketShare", level: 5},
	Tills:        {name: "tills", rows: "(till id) -> Till", level: 5},
	TillRefs:     {name: "till_refs", rows: "(1, token) and (2, mchid, name) -> OrderRef of the till; (3, payer, client id) -> OrderRef of a payment there", level: 5},
	Shifts:       {name: "shifts", rows: "(till id, number) -> Shift", level: 5},
	CashMoves:    {name: "cash_moves", rows: "(till id, client id) -> CashMove", level: 5},
	PayAliases:   {name: "pay_aliases", rows: "(alias) -> PersonRef", level: 5},
	PayCodes:     {name: "pay_codes", rows: "(uid) -> PayCodes", level: 5},
	CodeTries:    {name: "code_tries", rows: "(mchid, till, 0 for all of them) -> CodeTries", level: 5},
	ReceiveCodes: {name: "receive_codes", rows: "(code) -> PersonRef", level: 5},
	Staff:        {name: "staff", rows: "(staff id) -> StaffMember", level: 5},
	StaffRefs:    {name: "staff_refs", rows: "(mchid or empty, ref) -> OrderRef of the member", level: 5},
	SessionRefs:  {name: "session_refs", rows: "(hash of a session's secret) -> OrderRef of the member", level: 5},
	StaffPeople:  {name: "staff_people", rows: "(uid, staff id) -> empty: whose devices sign in for a member", level: 5},
	Reports:      {name: "reports", rows: "(report id) -> ProblemReport", level: 5},
	ReportNos:    {name: "report_nos", rows: "(uid, client id) -> OrderRef of the report", level: 5},
	OpenReports:  {name: "open_reports", rows: "(uid, report id) -> empty: those that wait for an answer", level: 5},
	Shops:        {name: "shops", rows: "(shop id) -> Shop", level: 5},
	ShopRefs:     {name: "shop_refs", rows: "(1, uid, client id) -> OrderRef of the shop; (2, shop id) -> OrderRef: those that wait for a decision", level: 5},
	ShopTakes:    {name: "shop_takes", rows: "(shop id, client id) -> ShopTaken", level: 5},
	Passkeys:     {name: "passkeys", rows: "(uid) -> Passkeys", level: 5},
	Appeals:      {name: "appeals", rows: "(uid) -> Appeal, the last one", level: 5},
	OpenAppeals:  {name: "open_appeals", rows: "(filed at, uid) -> empty", level: 5},
}

// all is what All returns, made once.
var all = func() (list []ID) {
	for id := range declared {
		if ID(id).Declared() {
			list = append(list, ID(id))
		}
	}
	return list
}()

// All lists the tables in key order. The list is the caller's.
func All() []ID { return append([]ID(nil), all...) }

// Declared says whether there is such a table.
func (id ID) Declared() bool { return declared[id].name != "" }

func (id ID) String() string {
	if id.Declared() {
		return declared[id].name
	}
	return fmt.Sprintf("table-%#x", byte(id))
}

// Rows says what the table's rows are: key fields and value.
func (id ID) Rows() string { return declared[id].rows }

// Digested says whether the table's rows are summed into its digest.
func (id ID) Digested() bool { return !declared[id].undigested }

// Level is the feature level from which on the state's head has a digest of the
// table; below it the table has no rows.
func (id ID) Level() uint32 { return declared[id].level }

// Counted says whether rows are counted per bucket, which is how a row that
// silently vanished (a misdirected block) is noticed.
func (id ID) Counted() bool { return declared[id].counted }
