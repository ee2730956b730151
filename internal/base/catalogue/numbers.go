package catalogue

import (
	"fmt"
)

// Number is a command's meaning and wire shape, for ever. Changed behaviour
// takes the next free number; a handler stays until no supported log holds it.
type Number uint32

// The numbers in use. A rule's descriptors name theirs; that no two do is
// checked when the rules are put together.
const (
	Genesis      Number = 1
	Tick         Number = 2
	SetLevel     Number = 3
	Backfill     Number = 4
	AdvanceClock Number = 5
	MemberChange Number = 6

	MerchantAdd        Number = 10
	MerchantSet        Number = 11
	MerchantAppid      Number = 12
	MerchantCert       Number = 13
	MerchantCertRevoke Number = 14
	MerchantKey        Number = 15

	PersonAdd    Number = 20
	PersonOpenid Number = 21
	PersonTopup  Number = 22

	PersonBlock   Number = 23
	PersonEnter   Number = 24
	PersonSeal    Number = 25
	PersonErase   Number = 26
	PersonKeysSet Number = 27
	PersonPhone   Number = 141

	OrderCreate Number = 30
	OrderPay    Number = 31
	OrderClose  Number = 32
	WalletPay   Number = 33

	RefundCreate Number = 40

	NoticeReport    Number = 50
	NoticeRedeliver Number = 51
	CourierLease    Number = 52

	AccountLimit  Number = 60
	TransferBatch Number = 61

	CodeSend     Number = 70
	DeviceEnrol  Number = 71
	DeviceEnd    Number = 72
	PinSet       Number = 73
	PinForget    Number = 74
	PinReserve   Number = 75
	PinResult    Number = 76
	FreeLimitSet Number = 77
	GradeSet     Number = 78
	LimitsSet    Number = 79

	TransferCreate  Number = 80
	TransferAccept  Number = 81
	TransferDecline Number = 82
	PayeeLookup     Number = 83
	PayeeHide       Number = 84

	PacketCreate Number = 85
	PacketClaim  Number = 86
	PacketReveal Number = 87

	TillAdd    Number = 90
	TillSet    Number = 91
	TillPay    Number = 92
	ShiftOpen  Number = 93
	ShiftClose Number = 94
	CashIn     Number = 95

	PayCodeRenew Number = 96
	PayCodeWrong Number = 97
	CodePay      Number = 98
	AskAnswer    Number = 99

	StaffAdd      Number = 100
	StaffEnd      Number = 101
	StaffSetRoles Number = 102
	StaffToken    Number = 103
	SessionOpen   Number = 104
	SessionEnd    Number = 105

	StaffPasskeyAdd Number = 142
	StaffPasskeyEnd Number = 143

	CashOut  Number = 145
	CashUndo Number = 146

	ReportCreate Number = 106
	ReportAnswer Number = 107
	ReportClose  Number = 108

	ShopApply  Number = 120
	ShopDecide Number = 121
	ShopTake   Number = 122

	ReceiveCodeSet Number = 135
	PasskeyAdd     Number = 110
	PasskeyEnd     Number = 111
	PasskeyUse     Number = 112
	DeviceSeen     Number = 113
	AppealFile     Number = 114
	AppealDecide   Number = 115

	CodeCash   Number = 116
	CashAnswer Number = 117
)

// names holds what descriptors call their numbers. It is written while packages
// are initialised and only read afterwards.
var names = map[Number]string{}

// String is the command's name, as its descriptor has it.
func (n Number) String() string {
	if name, ok := names[n]; ok {
		return name
	}
	return fmt.Sprintf("command-%d", uint32(n))
}
