// Package code lists every outcome of a command: a number for ever, a name, a
// class, what a caller may repeat, and one sentence in Chinese and English. The
// number and only the number enters the journal; sentences may change with any
// release.
//
// An edge derives its status from the class and lists only the codes that it
// words otherwise, so that a new code needs no row anywhere.
package code

import "fmt"

// Code is the outcome of a command. OK is zero.
type Code uint32

// Class is what kind of outcome a code is. Edges derive their status from it.
type Class uint8

const (
	// None is the class of OK alone.
	None Class = iota
	// Invalid: the request by itself can't be right; nothing was looked up.
	Invalid
	// Missing: what the request names does not exist.
	Missing
	// Conflict: the request is well-formed, and what exists does not allow it.
	Conflict
	// Busy: the node did not take the request; nothing was decided.
	Busy
	// InDoubt: the request may have been carried out or not.
	InDoubt
	// Fault: ours; the request is not to blame.
	Fault
)

// String is the class's name in the documentation.
func (c Class) String() string {
	return [...]string{"none", "invalid", "missing", "conflict", "busy", "unknown", "internal"}[c]
}

// Retry says what a caller should do with a refusal.
type Retry uint8

const (
	// Never: the same request will be refused again; change it.
	Never Retry = iota
	// Same: repeat the same request later, with the same numbers.
	Same
	// Query: the outcome is unknown or final elsewhere; query before anything else.
	Query
)

// The outcomes, in the order in which a handler checks them: shape, identity,
// relations, limits. Numbers are never reused.
const (
	OK Code = 0

	// About the node rather than the request.
	Overloaded      Code = 1
	Unknown         Code = 2
	NotLeader       Code = 3
	ReadOnly        Code = 4
	DiskLow         Code = 5
	ClockSkew       Code = 6
	Internal        Code = 7
	Quarantined     Code = 8
	LevelTooLow     Code = 9
	SandboxOnly     Code = 10
	CommandUnknown  Code = 11
	CommandMalform  Code = 12
	NothingToDo     Code = 13
	CommandTooLarge Code = 14

	// Money and accounts.
	AmountMustBePositive Code = 20
	AmountOverflows      Code = 21
	CurrencyUnknown      Code = 22
	CurrencyMismatch     Code = 23
	AccountNotFound      Code = 24
	AccountFrozen        Code = 25
	BalanceTooLow        Code = 26
	AccountCapExceeded   Code = 27
	SameAccount          Code = 28
	BatchExists          Code = 29
	BatchEmpty           Code = 30
	BatchTooLarge        Code = 31
	AccountNameInvalid   Code = 32

	// Merchants.
	MerchantNotFound    Code = 40
	MerchantPaused      Code = 41
	MerchantExists      Code = 42
	AppidNotBound       Code = 43
	CertNotFound        Code = 44
	CertExists          Code = 45
	KeyMissing          Code = 46
	MchidInvalid        Code = 47
	AppidInvalid        Code = 48
	NameInvalid         Code = 49
	CertInvalid         Code = 50
	CallbackHostRefused Code = 51
	CallbackNeedsHTTPS  Code = 52

	// People.
	PersonNotFound  Code = 60
	PersonBlocked   Code = 61
	PersonExists    Code = 62
	OpenidNotFound  Code = 63
	OpenidMismatch  Code = 64
	PersonRefNeeded Code = 65
	TopupExists     Code = 66
	SealedInvalid   Code = 67
	PhoneTaken      Code = 68
	PersonChanged   Code = 69
	PersonErased    Code = 70
	ReasonNeeded    Code = 71
	PersonNotSealed Code = 72
	KeyNameInvalid  Code = 73

	// Orders and payments.
	OrderNotFound     Code = 80
	OrderNoUsed       Code = 81
	OrderPaid         Code = 82
	OrderClosed       Code = 83
	OrderExpired      Code = 84
	PrepayExpired     Code = 85
	PrepayReplaced    Code = 86
	PayerMismatch     Code = 87
	OutTradeNoInvalid Code = 88
	TimeExpireInvalid Code = 89
	OpenidNeeded      Code = 90
	AttemptNeeded     Code = 91
	OrderHasAttempt   Code = 92
	DescriptionNeeded Code = 93

	// Refunds.
	RefundNotFound      Code = 100
	RefundNoUsed        Code = 101
	RefundOrderNotPaid  Code = 102
	RefundExceedsPaid   Code = 103
	RefundTotalMismatch Code = 104
	RefundTooMany       Code = 105
	RefundTooLate       Code = 106
	RefundTooSoon       Code = 107
	RefundNotEnough     Code = 108
	RefundOrderMismatch Code = 109
	OutRefundNoInvalid  Code = 110

	// Notices.
	NoticeNotFound    Code = 120
	NoticeStillOwed   Code = 121
	AttemptOutOfOrder Code = 122
	LeaseInvalid      Code = 123
	CourierReplaced   Code = 124
	CouriersTooMany   Code = 125

	// Engine.
	LevelNotHigher   Code = 140
	LevelUnsupported Code = 141
	BackfillUnknown  Code = 142
	BackfillDone     Code = 143
	AlreadyGenesis   Code = 144
	NoGenesis        Code = 145
	AdvanceInvalid   Code = 146

	// Wallets: devices, consents, PINs and limits.
	ConsentNeeded    Code = 160
	DeviceUnknown    Code = 161
	CounterUsed      Code = 162
	NewDeviceLimit   Code = 163
	LimitPerAct      Code = 164
	LimitPerDay      Code = 165
	LimitPerYear     Code = 166
	TooManyActs      Code = 167
	PinNeeded        Code = 168
	PinNotSet        Code = 169
	PinLocked        Code = 170
	PinTryUnknown    Code = 171
	PinTooSoon       Code = 172
	PinHashInvalid   Code = 173
	PhoneTagInvalid  Code = 174
	CodeTooSoon      Code = 175
	CodeTooMany      Code = 176
	CodeExpired      Code = 177
	DeviceKeyInvalid Code = 178
	DeviceTaken      Code = 179
	DevicesTooMany   Code = 180
	DetailsNeeded    Code = 181
	TextInvalid      Code = 182
	CodeNotSent      Code = 184
	CodeWrong        Code = 185
	PinWrong         Code = 186
	LimitsInvalid    Code = 183
	DeviceWaits      Code = 187

	// Transfers between people.
	TransferToSelf   Code = 200
	ClientIDInvalid  Code = 201
	PayeeUnavailable Code = 203
	TransferExists   Code = 204
	TransferNotFound Code = 205
	TransferEnded    Code = 206
	LookupsTooMany   Code = 207
	AccountReserved  Code = 208

	// Red packets.
	PacketSharesInvalid Code = 215
	PacketToNobody      Code = 216
	PacketBelowOneFen   Code = 217
	PacketTooLarge      Code = 218
	CommitmentInvalid   Code = 219
	PacketExists        Code = 220
	PacketNotFound      Code = 221
	PacketTaken         Code = 222
	PacketExpired       Code = 223
	NonceInvalid        Code = 224
	LotInvalid          Code = 225
	PacketOpen          Code = 226
	SeedMismatch        Code = 227

	// Tills.
	TillNotFound      Code = 230
	TillTokenInvalid  Code = 231
	TillClosed        Code = 232
	TillCapsInvalid   Code = 233
	TillCapExceeded   Code = 234
	TillPaymentExists Code = 235
	ShiftExists       Code = 236
	ShiftNotOpen      Code = 237
	ShiftStillOpen    Code = 238
	FloatInvalid      Code = 239

	// Codes that payers show, and codes by which people are paid.
	PayCodeInvalid  Code = 240
	PayCodeWrong    Code = 241
	PayCodeExpired  Code = 242
	PayCodeUsed     Code = 243
	PayCodesTooMany Code = 244
	CodeNumberTaken Code = 245
	AsksTooMany     Code = 246
	AskNotFound     Code = 247
	AskEnded        Code = 248
	AmountFixed     Code = 249

	// Staff.
	StaffNotFound      Code = 250
	StaffExists        Code = 251
	StaffEnded         Code = 252
	StaffRolesInvalid  Code = 253
	StaffRefInvalid    Code = 254
	StaffSecretInvalid Code = 255
	SessionsTooMany    Code = 256
	SessionLifeInvalid Code = 257
	StaffRoleMissing   Code = 258
	StaffTriesTooMany  Code = 259
	SessionTaken       Code = 280
	SignInOld          Code = 281
	PasskeyInvalid     Code = 285
	PasskeyExists      Code = 286
	PasskeysTooMany    Code = 287
	ChallengeOver      Code = 288
	PasskeyUnknown     Code = 289
	PasskeyCounterBack Code = 290
	AssertionWrong     Code = 291
	PasskeysOff        Code = 292
	VelocityLimit      Code = 293
	NotBlocked         Code = 294
	AppealExists       Code = 295
	AppealWaits        Code = 296
	AppealsTooMany     Code = 297
	AppealNotFound     Code = 298
	DetailsUnsealed    Code = 299

	// Streams of the wallet and till API.
	StreamCut      Code = 300
	StreamsTooMany Code = 301
	CursorTooOld   Code = 302

	// Cash at tills.
	ShiftOfAnother Code = 305
	CashExists     Code = 306
	CashNotFound   Code = 307
	CashShort      Code = 308
	CashTooLate    Code = 309

	ReportNotFound       Code = 260
	ReportExists         Code = 261
	ReportTroubleInvalid Code = 262
	ReportSubjectUnknown Code = 263
	ReportsTooMany       Code = 264
	ReportAnswered       Code = 265
	ReportClosed         Code = 266

	ShopNotFound       Code = 270
	ShopExists         Code = 271
	ShopKindInvalid    Code = 272
	PictureInvalid     Code = 273
	ShopWaiting        Code = 274
	ShopsTooMany       Code = 275
	ShopDecided        Code = 276
	ShopRefusalInvalid Code = 277
	ShopTakingExists   Code = 278
	ShopNotOpen        Code = 279
)

// Info describes a code.
type Info struct {
	Code  Code
	Name  string
	Class Class
	Retry Retry
	ZH    string
	EN    string
}

// String is the code's name.
func (c Code) String() string {
	if i, ok := Lookup(c); ok {
		return i.Name
	}
	return fmt.Sprintf("code-%d", uint32(c))
}

// Class is the code's class; a code that this binary does not know is a Fault.
func (c Code) Class() Class {
	if i, ok := Lookup(c); ok {
		return i.Class
	}
	return Fault
}

// Reserved lists the codes that nothing refuses with yet: banks will have orders
// with an attempt under way and money in another currency, combined orders an
// openid of another appid. AttemptOutOfOrder was given before reports of attempts
// became idempotent; its number is not used for anything else.
var Reserved = []Code{CurrencyMismatch, OpenidMismatch, OrderHasAttempt, AttemptOutOfOrder}

// OK says whether the command did what was asked.
func (c Code) OK() bool { return c == OK }

// Error is a refusal as a Go error, for edges that need one.
type Error struct{ Code Code }

func (e *Error) Error() string {
	i, ok := Lookup(e.Code)
	if !ok {
		return e.Code.String()
	}
	return i.Name + ": " + i.EN
}

// Err returns nil for OK and an *Error otherwise.
func (c Code) Err() error {
	if c == OK {
		return nil
	}
	return &Error{Code: c}
}

// Lookup finds a code's description.
func Lookup(c Code) (Info, bool) {
	i, ok := byCode[c]
	return i, ok
}

var byCode = func() map[Code]Info {
	m := make(map[Code]Info, len(list))
	for _, i := range list {
		m[i.Code] = i
	}
	return m
}()

// All lists the descriptions in the order of their numbers.
func All() []Info { return list }
