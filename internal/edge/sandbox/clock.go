package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// advance is the body of POST /sandbox/clock.
type advance struct {
	Advance string
	Attempt string
}

var advanceSchema = strictjson.Of(
	strictjson.String("advance", func(a *advance) *string { return &a.Advance }, strictjson.Text{Min: 1, Max: 32}).Required(),
	strictjson.String("attempt", func(a *advance) *string { return &a.Attempt }, strictjson.Text{Max: 64}),
)

// serveAdvance moves business time forward: expiry, automatic close, refunds
// and the notices' schedule follow it, signatures and certificates do not. The
// attempt is the identity; without one every request moves the clock again.
func (s *Sandbox) serveAdvance(r *http.Request) (any, *refusal) {
	var a advance
	if refused := decode(r, advanceSchema, &a); refused != nil {
		return nil, refused
	}
	by, ok := parseAdvance(a.Advance)
	if !ok {
		return nil, wrong("/advance", a.Advance, "advance 的写法如 90s、30m、2h、7d，最多 400d，只能向前。",
			"advance is written like 90s, 30m, 2h or 7d, at most 400d and only forward.")
	}
	if a.Attempt == "" {
		a.Attempt = fresh()
	}
	if _, refused := do(s, r, machine.AdvanceClock, &pb.AdvanceClock{AdvanceMs: by, Attempt: a.Attempt}); refused != nil {
		refused.status, refused.code = http.StatusBadRequest, "PARAM_ERROR"
		return nil, refused.about("/advance")
	}
	return s.serveClock(r)
}

// parseAdvance reads a Go duration, or whole days like 7d, in milliseconds.
func parseAdvance(text string) (ms int64, ok bool) {
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		n, err := strconv.ParseInt(days, 10, 32)
		if err != nil {
			return 0, false
		}
		ms = n * stamp.DayMs
	} else {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, false
		}
		ms = d.Milliseconds()
	}
	return ms, ms > 0 && ms <= machine.MaxAdvance
}

// clockView is the sandbox's clock.
type clockView struct {
	// Now is business time, RFC 3339.
	Now string `json:"now"`
	// AheadMs is how far it is ahead of the wall clock.
	AheadMs int64  `json:"ahead_ms"`
	Ahead   string `json:"ahead"`
}

func (s *Sandbox) serveClock(r *http.Request) (any, *refusal) {
	var v clockView
	refused := s.read(r, func(r table.Reader) error {
		head, _ := machine.Head(r)
		v = clockView{Now: stamp.RFC3339(s.businessNow(head), head.GetCutoffOffsetS()), AheadMs: head.GetClockOffsetMs(),
			Ahead: (time.Duration(head.GetClockOffsetMs()) * time.Millisecond).String()}
		return nil
	})
	return v, refused
}
