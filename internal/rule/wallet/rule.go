package wallet

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// The commands.
var (
	SendCode     = catalogue.Returning(catalogue.CodeSend, "code_send", ApplyCodeSend).From(Level)
	Enrol        = catalogue.Returning(catalogue.DeviceEnrol, "device_enrol", ApplyDeviceEnrol).From(Level)
	EndDevice    = catalogue.Returning(catalogue.DeviceEnd, "device_end", ApplyDeviceEnd).From(Level)
	SetPIN       = catalogue.Returning(catalogue.PinSet, "pin_set", ApplyPinSet).From(Level)
	ForgetPIN    = catalogue.Returning(catalogue.PinForget, "pin_forget", ApplyPinForget).From(Level)
	ReservePIN   = catalogue.Returning(catalogue.PinReserve, "pin_reserve", ApplyPinReserve).From(Level)
	ResultPIN    = catalogue.Returning(catalogue.PinResult, "pin_result", ApplyPinResult).From(Level)
	SetFreeLimit = catalogue.Returning(catalogue.FreeLimitSet, "free_limit_set", ApplyFreeLimitSet).From(Level)
	SetGrade     = catalogue.Returning(catalogue.GradeSet, "grade_set", ApplyGradeSet).From(Level)
	AddPasskey   = catalogue.Returning(catalogue.PasskeyAdd, "passkey_add", ApplyPasskeyAdd).From(Level)
	EndPasskey   = catalogue.Returning(catalogue.PasskeyEnd, "passkey_end", ApplyPasskeyEnd).From(Level)
	UsePasskey   = catalogue.Returning(catalogue.PasskeyUse, "passkey_use", ApplyPasskeyUse).From(Level)
	SeeDevice    = catalogue.Plain(catalogue.DeviceSeen, "device_seen", ApplyDeviceSeen).From(Level)
	Erase        = catalogue.Returning(catalogue.PersonErase, "person_erase", ApplyErase).From(Level)
	SetLimits    = catalogue.Plain(catalogue.LimitsSet, "limits_set", ApplyLimitsSet).From(Level)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name: "wallet",
	Commands: []*catalogue.Spec{
		SendCode.Spec, Enrol.Spec, EndDevice.Spec, SetPIN.Spec, ForgetPIN.Spec, ReservePIN.Spec, ResultPIN.Spec,
		SetFreeLimit.Spec, SetGrade.Spec, SetLimits.Spec, Erase.Spec,
		AddPasskey.Spec, EndPasskey.Spec, UsePasskey.Spec, SeeDevice.Spec,
	},
	Tables: []table.ID{table.Wallets, table.Devices, table.SentCodes, table.CodeSenders, table.CodeTimes, table.Limits, table.Passkeys},
	Sweeps: []catalogue.Sweep{{Name: "one-time codes to forget", Do: Forget, Next: NextForget}},

	Invariants: invariants,
}
