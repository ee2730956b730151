package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/run/dev"
	"github.com/holdfast-pay/holdfast/internal/run/trigger"
)

var triggerCommand = Command{
	Name: "trigger", Args: "EVENT", Short: "send one signed and sealed notice to your endpoint", JSON: true,
	Exits: []int{ExitVerification, ExitDamaged},
	Long: `Sends a notice of a payment or refund that never happened, with the keys of a sandbox,
and says what your endpoint answered and whether that counts as delivered. It is sealed,
signed, sent and judged by the courier's own code; nothing is recorded or repeated.

EVENT is ` + strings.Join(trigger.Events(), ", ") + `.

With --fault it arrives in a way that a merchant must be ready for:
` + faultList() + `
A spoilt notice that your endpoint refuses is followed by a genuine one of the same deed:
an endpoint that refuses everything has verified nothing. Exit 3 when your endpoint did not do what a careful merchant does: it took a notice that
is not genuine, or did not take one that is. Signed with the public key unless you say
--certificate. The folder must be a sandbox's; it need not run.`,
	Examples: []Example{
		{"holdfast trigger TRANSACTION.SUCCESS --to http://127.0.0.1:8000/notify", "is a payment's notice taken?"},
		{"holdfast trigger TRANSACTION.SUCCESS --to http://127.0.0.1:8000/notify --fault forged", "is a forged one refused?"},
		{"holdfast trigger REFUND.SUCCESS --to http://127.0.0.1:8000/notify --out-trade-no T-1 --total 250 --refund 100", "a refund of an order you know"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q trigger.Request
		data := fs.String("data", "", "folder `DIR` of the sandbox (./"+dev.DefaultData+")")
		fs.StringVar(&q.To, "to", "", "your endpoint's `URL`")
		fs.StringVar(&q.Fault, "fault", "", "`FAULT`: "+strings.Join(trigger.Faults(), ", "))
		fs.BoolVar(&q.Certificate, "certificate", false, "sign with the platform's certificate, not with its public key")
		fs.StringVar(&q.Deed.OutTradeNo, "out-trade-no", "", "your order's `NUMBER` (one made up)")
		fs.StringVar(&q.Deed.OutRefundNo, "out-refund-no", "", "your refund's `NUMBER` (one made up)")
		fs.StringVar(&q.Deed.Openid, "openid", "", "the payer's `OPENID` (a demo payer's)")
		fs.StringVar(&q.Deed.Attach, "attach", "", "the order's attach, `TEXT`")
		fs.Int64Var(&q.Deed.Total, "total", 100, "the order's amount in `FEN`")
		fs.Int64Var(&q.Deed.Refund, "refund", 0, "the refund's amount in `FEN` (all of it)")
		return func(ctx context.Context, env *Env, args []string) error {
			q.Event = args[0]
			return runTrigger(ctx, env, *data, q)
		}
	},
}

func faultList() string {
	var b strings.Builder
	for _, f := range trigger.Faults() {
		fmt.Fprintf(&b, "  %-13s %s\n", f, trigger.Describe(f))
	}
	return b.String()
}

func runTrigger(ctx context.Context, env *Env, data string, q trigger.Request) error {
	switch {
	case q.To == "":
		return usage("for example --to http://127.0.0.1:8000/notify", "--to is needed: your endpoint's URL")
	case q.Deed.Total <= 0 || q.Deed.Refund < 0 || q.Deed.Refund > q.Deed.Total:
		return usage("amounts are in fen, the refund's at most the order's", "--total %d --refund %d", q.Deed.Total, q.Deed.Refund)
	}
	o, err := trigger.Send(ctx, data, q)
	if err != nil {
		return triggerError(err)
	}
	if err := env.printOutcome(o); err != nil || o.OK {
		return err
	}
	return failure(ExitVerification, "", "%s", env.in(o.Verdict()))
}

func triggerError(err error) error {
	var f *dev.Failure
	var damage *keystore.Damage
	switch {
	case errors.Is(err, trigger.ErrEvent), errors.Is(err, trigger.ErrFault):
		return &Failure{Exit: ExitUsage, Msg: err.Error(), Hint: "see: holdfast help trigger", Cause: err}
	case errors.As(err, &f):
		return &Failure{Exit: ExitUsage, Msg: err.Error(), Hint: f.Hint, Cause: err}
	case errors.As(err, &damage):
		return &Failure{Exit: ExitDamaged, Msg: err.Error(), Hint: damage.Hint, Cause: err}
	}
	return refused("", "%w", err)
}

// in picks the sentence of the person's language.
func (e *Env) in(zh, en string) string {
	if e.Lang == "zh" {
		return zh
	}
	return en
}

func (e *Env) printOutcome(o *trigger.Outcome) error {
	if e.JSON {
		return e.Object(map[string]any{"id": o.EventID, "event_type": o.EventType, "plaintext": o.Plaintext,
			"attempts": attemptsOf(o), "ok": o.OK, "verdict": e.in(o.Verdict())})
	}
	var b strings.Builder
	fields(&b, e.in("通知", "notice"), o.EventType+"  "+o.EventID, e.in("明文", "plaintext"), o.Plaintext)
	for _, s := range o.Sent {
		line := e.in(s.ZH, s.EN)
		if s.Delivered {
			line = fmt.Sprintf("HTTP %d", s.Attempt.HttpStatus)
		}
		if s.Attempt.Answer != "" {
			line += fmt.Sprintf("  %q", s.Attempt.Answer)
		}
		name := e.in("应答", "answer")
		if s.Genuine {
			name = e.in("对真实通知的应答", "answer to a genuine one")
		}
		fmt.Fprintf(&b, "%s  %s  [%.1f ms, %s]\n", name, line, float64(s.Attempt.TookUs)/1000, s.Attempt.KeySerial)
	}
	if o.OK {
		fmt.Fprintln(&b, e.in(o.Verdict()))
	}
	_, err := io.WriteString(e.Out, b.String())
	return err
}

// shownAttempt is an attempt in JSON.
type shownAttempt struct {
	Outcome    string  `json:"outcome"`
	HTTPStatus int32   `json:"http_status"`
	TookMs     float64 `json:"took_ms"`
	Answer     string  `json:"answer"`
	Serial     string  `json:"wechatpay_serial"`
	Delivered  bool    `json:"delivered"`
	Genuine    bool    `json:"genuine"`
}

func attemptsOf(o *trigger.Outcome) []shownAttempt {
	list := make([]shownAttempt, len(o.Sent))
	for i, s := range o.Sent {
		word := strings.TrimPrefix(s.Attempt.Outcome.String(), "ATTEMPT_OUTCOME_")
		list[i] = shownAttempt{word, s.Attempt.HttpStatus, float64(s.Attempt.TookUs) / 1000, s.Attempt.Answer, s.Attempt.KeySerial, s.Delivered, s.Genuine}
	}
	return list
}
