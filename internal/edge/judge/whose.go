package judge

import (
	"context"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
)

// Whose finds the person who shows a code to a till, without taking anything from them: a
// wrong code is counted as Pay counts it, and none is read beyond the last try. at is
// business time.
//
// Refuses, in this order: PayCodeInvalid; PayCodesTooMany; PayCodeWrong, PayCodeExpired,
// PayCodeUsed.
func (j *Judge) Whose(ctx context.Context, c Charge, at int64) (uid uint64, out code.Code, err error) {
	read, ok := paycode.Parse(c.Code)
	if !ok {
		return 0, code.PayCodeInvalid, nil
	}
	_, device, err := j.look(ctx, c.Order, read)
	if err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	shown, late, err := j.find(ctx, read, device)
	switch {
	case err != nil:
		return 0, 0, err
	case late:
		return 0, code.PayCodeExpired, nil
	case shown == nil:
		out, err := j.wrong(ctx, c)
		return 0, out, err
	}
	err = j.Core.ReadLatest(ctx, func(r table.Reader) error {
		p, dev, a := paycode.ByAlias(r, read.Alias)
		switch {
		case paycode.Exhausted(r, at, stamp.Business, c.Order.GetMchid(), c.Till):
			out = code.PayCodesTooMany
		case p == nil:
			out = code.PayCodeWrong
		case at >= a.Until:
			out = code.PayCodeExpired
		case paycode.Used(dev, shown):
			out = code.PayCodeUsed
		default:
			uid = p.Uid
		}
		return nil
	})
	return uid, out, err
}
