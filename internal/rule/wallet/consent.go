package wallet

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// counterWindow is how far a device's calls may overtake each other.
const counterWindow = 64

// NewDeviceSum is what a device may move, in fen, before it is trusted.
const NewDeviceSum = 200_00

// Leave is a person's consent that was found good. It holds the wallet as it will
// be, and is used up by Use.
type Leave struct {
	wallet *pb.Wallet
	device *pb.Device
}

// Check says whether a consent allows a person to move an amount, fen, now. It
// writes nothing: the rule that asks goes on checking, and calls Use when it does
// what was consented to.
//
// Refuses, in this order: ConsentNeeded; PersonNotFound, PersonBlocked;
// DeviceUnknown, CounterUsed; NewDeviceLimit, LimitPerAct, LimitPerDay,
// LimitPerYear, TooManyActs, VelocityLimit; PinNeeded, PinTryUnknown.
func Check(d *deed.Deed, uid uint64, c *pb.Consent, amount int64) (Leave, code.Code) {
	l, out := signed(d, uid, c)
	if out != code.OK {
		return Leave{}, out
	}
	if out := l.spend(d, amount); out != code.OK {
		return Leave{}, out
	}
	if c.Grant == 0 && amount > l.wallet.FreeLimit {
		return Leave{}, code.PinNeeded
	}
	return l, l.takeGrant(d, c)
}

// CheckShown is Check for a payment by a code that a device showed to a till: the
// code is the proof, so that there is no counter, and no grant either. Whoever gets
// PinNeeded asks the person.
//
// Refuses, in this order: PersonNotFound, PersonBlocked; DeviceUnknown;
// NewDeviceLimit, LimitPerAct, LimitPerDay, LimitPerYear, TooManyActs; PinNeeded.
func CheckShown(d *deed.Deed, uid uint64, device []byte, amount int64) (Leave, code.Code) {
	w, dev, out := usable(d.Tx, uid, device)
	if out != code.OK {
		return Leave{}, out
	}
	l := Leave{wallet: w, device: dev}
	if out := l.spend(d, amount); out != code.OK {
		return Leave{}, out
	}
	if amount > w.FreeLimit {
		return Leave{}, code.PinNeeded
	}
	return l, code.OK
}

// CheckAct is Check for an act that moves no money of the person's. withPIN asks for
// a grant, if the person has a PIN or a passkey.
//
// Refuses, in this order: ConsentNeeded; PersonNotFound, PersonBlocked;
// DeviceUnknown, CounterUsed; PinNeeded, PinTryUnknown.
func CheckAct(d *deed.Deed, uid uint64, c *pb.Consent, withPIN bool) (Leave, code.Code) {
	l, out := signed(d, uid, c)
	if out != code.OK {
		return Leave{}, out
	}
	if withPIN && secured(l.wallet) && c.Grant == 0 {
		return Leave{}, code.PinNeeded
	}
	return l, l.takeGrant(d, c)
}

// CheckTrusted is CheckAct for an act that a device must not do that joined others and
// still waits to be trusted, unless the person has a PIN or a passkey: that is asked for.
//
// Refuses, in this order: ConsentNeeded; PersonNotFound, PersonBlocked;
// DeviceUnknown, CounterUsed; PinNeeded, PinTryUnknown; DeviceWaits.
func CheckTrusted(d *deed.Deed, uid uint64, c *pb.Consent) (Leave, code.Code) {
	l, out := CheckAct(d, uid, c, true)
	if out == code.OK && !secured(l.wallet) && l.waits(d) {
		return Leave{}, code.DeviceWaits
	}
	return l, out
}

// Use writes that the consent was used. Like any write it comes after all checks.
func (l Leave) Use(d *deed.Deed) { put(d.Tx, l.wallet) }

// Wallet is the wallet as Use will write it, for a rule that changes more of it.
func (l Leave) Wallet() *pb.Wallet { return l.wallet }

// waits says whether the device that consents is too new to be trusted.
func (l Leave) waits(d *deed.Deed) bool { return d.At < l.device.TrustedAt }

// CheckHeard is CheckAct for an act that is open to those who are blocked, too.
//
// Refuses, in this order: ConsentNeeded; PersonNotFound; DeviceUnknown, CounterUsed.
func CheckHeard(d *deed.Deed, uid uint64, c *pb.Consent) (Leave, code.Code) {
	if !Complete(c) {
		return Leave{}, code.ConsentNeeded
	}
	if _, ok := person.Peek(d.Tx, uid); !ok {
		return Leave{}, code.PersonNotFound
	}
	w, dev, out := theirs(d.Tx, uid, c.Device)
	return counted(d, w, dev, c, out)
}

// signed finds the wallet and device, and counts the call.
func signed(d *deed.Deed, uid uint64, c *pb.Consent) (Leave, code.Code) {
	if !Complete(c) {
		return Leave{}, code.ConsentNeeded
	}
	w, dev, out := usable(d.Tx, uid, c.Device)
	return counted(d, w, dev, c, out)
}

// counted counts a call of a device that was found.
func counted(d *deed.Deed, w *pb.Wallet, dev *pb.Device, c *pb.Consent, out code.Code) (Leave, code.Code) {
	switch {
	case out != code.OK:
		return Leave{}, out
	case !count(dev, c.Counter):
		return Leave{}, code.CounterUsed
	}
	dev.SeenAt = d.At
	return Leave{wallet: w, device: dev}, code.OK
}

// Complete says whether a consent has all that belongs to one, each part of its
// length: what a journal entry may keep.
func Complete(c *pb.Consent) bool {
	return c != nil && len(c.Device) == DeviceIDSize && len(c.Signed) == 32 && len(c.Signature) == 64
}

// MayAsk says whether a device may ask for what takes no consent, but is counted.
//
// Refuses, in this order: PersonNotFound, PersonBlocked; DeviceUnknown.
func MayAsk(r table.Reader, uid uint64, device []byte) code.Code {
	_, _, out := usable(r, uid, device)
	return out
}

// usable finds the wallet of a person who may act, and their device.
func usable(r table.Reader, uid uint64, device []byte) (*pb.Wallet, *pb.Device, code.Code) {
	p, ok := person.Peek(r, uid)
	switch {
	case !ok:
		return nil, nil, code.PersonNotFound
	case p.Blocked:
		return nil, nil, code.PersonBlocked
	}
	return theirs(r, uid, device)
}

// theirs finds a person's wallet and the device in it.
func theirs(r table.Reader, uid uint64, device []byte) (*pb.Wallet, *pb.Device, code.Code) {
	if w, ok := Get(r, uid); ok {
		if dev := Device(w, device); dev != nil {
			return w, dev, code.OK
		}
	}
	return nil, nil, code.DeviceUnknown
}

// count takes a counter, which is new if it was not seen and not left behind.
func count(dev *pb.Device, n uint64) bool {
	switch {
	case n == 0:
		return false
	case n > dev.Counter:
		dev.Window = dev.Window<<min(n-dev.Counter, counterWindow) | 1
		dev.Counter = n
		return true
	case dev.Counter-n >= counterWindow || dev.Window>>(dev.Counter-n)&1 == 1:
		return false
	}
	dev.Window |= 1 << (dev.Counter - n)
	return true
}

// spend adds an amount to what was moved today, this year and by a new device.
func (l Leave) spend(d *deed.Deed, amount int64) code.Code {
	must.That(amount > 0, "an amount that is moved is positive, not %d", amount)
	w, dev := l.wallet, l.device
	if l.waits(d) {
		sum, ok := money.Add(dev.SpentNew, amount)
		if !ok || sum > NewDeviceSum {
			return code.NewDeviceLimit
		}
		dev.SpentNew = sum
	}
	day, year, minute := int32(stamp.DayNumber(d.At, d.Offset)), int32(stamp.Year(d.At, d.Offset)), d.At/stamp.Minute
	if day != w.Day {
		w.Day, w.SpentDay = day, 0
	}
	if year != w.Year {
		w.Year, w.SpentYear = year, 0
	}
	if minute != w.Minute {
		w.Minute, w.ActsMinute = minute, 0
	}
	limits := LimitsOf(d.Tx, w.Grade)
	// None of the sums can overflow: each term is within its limit.
	switch {
	case amount > limits.PerAct:
		return code.LimitPerAct
	case amount > limits.PerDay-w.SpentDay:
		return code.LimitPerDay
	case amount > limits.PerYear-w.SpentYear:
		return code.LimitPerYear
	case w.ActsMinute >= limits.PerMinute:
		return code.TooManyActs
	}
	if !pace(w, limits.Velocity, d.At, amount) {
		return code.VelocityLimit
	}
	w.SpentDay, w.SpentYear, w.ActsMinute = w.SpentDay+amount, w.SpentYear+amount, w.ActsMinute+1
	return code.OK
}

// takeGrant uses up the grant that the consent names, if it names one.
func (l Leave) takeGrant(d *deed.Deed, c *pb.Consent) code.Code {
	if c.Grant == 0 {
		return code.OK
	}
	if l.wallet.Pin == nil {
		return code.PinTryUnknown
	}
	for i, g := range l.wallet.Pin.Grants {
		if g.Number == c.Grant && bytes.Equal(g.Device, c.Device) && d.At < g.Until && (len(g.Act) == 0 || bytes.Equal(g.Act, c.Act)) {
			l.wallet.Pin.Grants = append(l.wallet.Pin.Grants[:i:i], l.wallet.Pin.Grants[i+1:]...)
			return code.OK
		}
	}
	return code.PinTryUnknown
}
