// Package judge takes the codes that payers show to tills: whoever has read one,
// through the till API or the merchants', has it charged here, or cash done for it.
//
// A code is compared with what its device would have made by this node's clock. That
// costs one command whether it was good (it is used) or not (it is counted), and
// nobody is told which before that command was applied. One that the device made some
// minutes ago is neither: that it has run out is no help to who guesses.
package judge

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

const (
	// tolerance is how many steps of 30 s a code's step may be from this node's: what
	// the device's clock and the node's differ by, and how long somebody holds out a
	// phone.
	tolerance = 2
	// expired is for how many steps before those a code is known to have run out.
	expired = 20
	// patience bounds the command: whoever goes away has it applied all the same, so
	// that nobody takes a wrong code back before it was counted.
	patience = 10 * time.Second
)

// Core is what it needs of the platform.
type Core interface {
	Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error)
	ReadLatest(ctx context.Context, f func(table.Reader) error) error
}

// Tags makes hashes under the keystore's key; a *personal.Sealer does.
type Tags interface {
	Tag(ctx context.Context, what, of string) ([]byte, error)
}

// Secret is what a device makes codes with that name it by an alias.
func Secret(ctx context.Context, t Tags, alias uint32, device []byte) ([]byte, error) {
	secret, err := t.Tag(ctx, "pay code", fmt.Sprintf("%09d %s", alias, hex.EncodeToString(device)))
	if err != nil {
		return nil, fmt.Errorf("make a device's secret: %w", err)
	}
	return secret, nil
}

// Judge judges codes. Its methods may be called from any goroutine.
type Judge struct {
	Core Core
	Tags Tags
	// Wall is the wall clock, whatever business time is.
	Wall func() time.Time
	// Node is this node's number, which the journal keeps with each code.
	Node uint64
}

// Charge is an order that is to be paid by a shown code.
type Charge struct {
	// Order is what is bought, of the product MICROPAY; for cash, whose till it is.
	Order *pb.OrderCreate
	// Till is 0 for a merchant's own device.
	Till uint64
	// Code is what was scanned or typed.
	Code string
	// Actor and Request are whose call it is and which.
	Actor, Request string
}

// Pay charges the code. The order that it returns is paid, or USERPAYING when its payer
// is asked; for a repeat it is as it is now. An error means that the outcome is not
// known, and that the same charge is to be asked for again.
//
// Refuses with PayCodeInvalid, PayCodeWrong (nobody's alias, or other digits),
// PayCodeExpired, PayCodesTooMany, and what paycode.Pay refuses.
func (j *Judge) Pay(ctx context.Context, c Charge) (*pb.Order, code.Code, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	shown, out, err := j.judge(ctx, c, func(r table.Reader, read paycode.Read) *pb.ShownCode {
		if old, ok := order.ByNumber(r, c.Order.GetMchid(), c.Order.GetOutTradeNo()); ok && read.Placed(old) {
			return paycode.Shown(old)
		}
		return nil
	})
	if err != nil || out != code.OK {
		return nil, out, err
	}
	return paycode.Pay.Do(ctx, j.Core, c.Actor, c.Request, &pb.CodePay{Order: c.Order, Code: shown, Till: c.Till})
}

// Cash takes cash into the wallet of whoever shows the code, or pays it out of it: m says
// what, but for the code; of Order only the merchant counts. What it returns is done, or
// waits when the person is asked.
//
// Refuses as Pay does, and with what paycode.Cash refuses.
func (j *Judge) Cash(ctx context.Context, c Charge, m *pb.CodeCash) (*pb.CashMove, code.Code, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	shown, out, err := j.judge(ctx, c, func(r table.Reader, read paycode.Read) *pb.ShownCode {
		if old, ok := till.CashOf(r, m.Till, m.ClientId); ok && read.HandedFor(old) {
			return paycode.ShownFor(old)
		}
		return nil
	})
	if err != nil || out != code.OK {
		return nil, out, err
	}
	m.Code = shown
	return paycode.Cash.Do(ctx, j.Core, c.Actor, c.Request, m)
}

// judge is the code as a command carries it. before is the one that was used for what
// this repeats, which may have run out since: nil for something new.
func (j *Judge) judge(ctx context.Context, c Charge, before func(table.Reader, paycode.Read) *pb.ShownCode) (*pb.ShownCode, code.Code, error) {
	read, ok := paycode.Parse(c.Code)
	if !ok {
		return nil, code.PayCodeInvalid, nil
	}
	var shown *pb.ShownCode
	var device []byte
	err := j.Core.ReadLatest(ctx, func(r table.Reader) error {
		shown = before(r, read)
		if _, dev, _ := paycode.ByAlias(r, read.Alias); dev != nil {
			device = dev.Id
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	if shown != nil {
		shown.Judge = j.Node
		return shown, code.OK, nil
	}
	shown, late, err := j.find(ctx, read, device)
	switch {
	case err != nil:
		return nil, 0, err
	case late:
		return nil, code.PayCodeExpired, nil
	case shown == nil:
		out, err := j.wrong(ctx, c)
		return nil, out, err
	}
	return shown, code.OK, nil
}

// nobody stands in for the device of an alias that is nobody's: the same is worked out
// for it, and nothing fits.
var nobody = make([]byte, 32)

// find compares the code with those that the device makes about now; late says that it
// made it some minutes ago.
func (j *Judge) find(ctx context.Context, read paycode.Read, device []byte) (shown *pb.ShownCode, late bool, err error) {
	known := device != nil
	if !known {
		device = nobody
	}
	secret, err := Secret(ctx, j.Tags, read.Alias, device)
	if err != nil {
		return nil, false, err
	}
	now := paycode.StepAt(j.Wall().UnixMilli())
	from := now - min(now, tolerance)
	if step, tap, ok := read.Find(secret, from, now+tolerance); ok && known {
		return &pb.ShownCode{Alias: read.Alias, Step: step, Tap: tap, Digits: read.Digits, Judge: j.Node}, false, nil
	}
	_, _, late = read.Find(secret, from-min(from, expired), from-min(from, 1))
	return nil, late && known, nil
}

// wrong counts a code that was none.
func (j *Judge) wrong(ctx context.Context, c Charge) (code.Code, error) {
	_, out, err := paycode.Wrong.Do(ctx, j.Core, c.Actor, c.Request, &pb.PayCodeWrong{Mchid: c.Order.GetMchid(), Till: c.Till})
	if err == nil && out == code.OK {
		out = code.PayCodeWrong
	}
	return out, err
}
