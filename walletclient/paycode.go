package walletclient

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
)

// PayCodes make the codes that a device shows to tills, without a network. The secret
// in them is as good as money below what needs a PIN: keep it as the key is kept.
type PayCodes struct {
	Alias  uint32 `json:"alias"`
	Secret []byte `json:"secret"`
	// Until is when its codes are good no more, Unix milliseconds.
	Until int64 `json:"until"`
	// AheadMs is what the platform's clock was ahead of the device's.
	AheadMs int64 `json:"ahead_ms"`
	// Step and Taps say which codes were made already: no two are alike.
	Step uint64 `json:"step"`
	Taps uint32 `json:"taps"`
}

// Errors of PayCodes.
var (
	// ErrNoPayCodes says that the device was never given what codes are made with.
	ErrNoPayCodes = errors.New("this device makes no codes yet: be online once")
	// ErrTapsUsed says that all codes of these 30 seconds were shown.
	ErrTapsUsed = fmt.Errorf("all %d codes of these 30 seconds were shown: wait for the next", paycode.Taps)
)

// RenewPayCodes gets what codes are made with anew. Devices do so whenever they are
// online; before has what they made until now, nil where there was nothing.
func (c *Client) RenewPayCodes(ctx context.Context, before *PayCodes) (*PayCodes, error) {
	asked := time.Now()
	a, err := c.RenewPayCode(ctx, &RenewPayCodeRequest{})
	if err != nil {
		return nil, err
	}
	// The clock was read about when half of the call was over.
	k := &PayCodes{Alias: a.Alias, Secret: a.Secret, Until: a.Until, AheadMs: a.ServerTime - asked.Add(time.Since(asked)/2).UnixMilli()}
	if before != nil {
		k.Step, k.Taps = before.Step, before.Taps
	}
	return k, nil
}

// Next makes the next code, by the device's clock. It is good for a minute or so, and
// once. Whoever shows codes in several processes keeps them in a File.
func (k *PayCodes) Next(now time.Time) (string, error) {
	if k == nil || len(k.Secret) == 0 {
		return "", ErrNoPayCodes
	}
	// Codes of a clock that went back would be codes shown before.
	step := max(paycode.StepAt(now.UnixMilli()+k.AheadMs), k.Step)
	if step != k.Step {
		k.Step, k.Taps = step, 0
	}
	if k.Taps >= paycode.Taps {
		return "", ErrTapsUsed
	}
	k.Taps++
	return paycode.Make(k.Secret, k.Alias, k.Step, k.Taps-1), nil
}
