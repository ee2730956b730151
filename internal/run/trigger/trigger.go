// Package trigger sends one notice of a made-up deed to a merchant's endpoint:
// truly sealed and signed with a sandbox's keys, by the courier's own code, and
// then, if asked to, spoilt in one way that a careful merchant notices.
//
// Only a sandbox's keys sign it. With the keys of a platform that has money, a
// made-up notice would be a forgery that no merchant could tell from a true one.
package trigger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/courier"
	"github.com/holdfast-pay/holdfast/internal/edge/sandbox"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/run/dev"
)

// Request says what to send.
type Request struct {
	// Event is an event_type, e.g. "TRANSACTION.SUCCESS".
	Event string
	// To is the endpoint.
	To string
	// Fault is "" or one of Faults.
	Fault string
	// Certificate signs with the platform's certificate instead of its public key.
	Certificate bool
	// Deed is what the notice tells of.
	Deed Deed
}

// Sent is one attempt and what it means.
type Sent struct {
	Attempt *pb.Attempt
	// Delivered says that the courier would count the notice as received.
	Delivered bool
	// Genuine says that it is the true notice that followed a spoilt one.
	Genuine bool
	ZH, EN  string
}

// Outcome is what came of a request.
type Outcome struct {
	EventID, EventType, Plaintext string
	Sent                          []Sent
	// OK says that the endpoint did what a careful merchant does: it took what is
	// genuine and refused what is not.
	OK bool
	words
}

// Verdict says so in both languages.
func (o *Outcome) Verdict() (zh, en string) { return o.zh, o.en }

// ErrEvent and ErrFault mark a word that is not known.
var (
	ErrEvent = errors.New("event is not known")
	ErrFault = errors.New("fault is not known")
)

// Events lists the event types that this version knows.
func Events() (list []string) {
	for e := range pb.NoticeEvent_name { // order does not matter: sorted below
		if d, ok := wechatjson.Describe(pb.NoticeEvent(e), notice.Format); ok {
			list = append(list, d.Type)
		}
	}
	slices.Sort(list)
	return list
}

func eventOf(name string) (pb.NoticeEvent, bool) {
	for e := range pb.NoticeEvent_name { // order does not matter: at most one fits
		if d, ok := wechatjson.Describe(pb.NoticeEvent(e), notice.Format); ok && d.Type == name {
			return pb.NoticeEvent(e), true
		}
	}
	return 0, false
}

// Send sends the notice with the keys of a sandbox's folder.
//
// Errors: ErrEvent, ErrFault, *dev.Failure for a folder that is no sandbox, or
// why nothing could be sent.
func Send(ctx context.Context, dir string, q Request) (*Outcome, error) {
	event, ok := eventOf(q.Event)
	if !ok {
		return nil, fmt.Errorf("%w: %q is none of %s", ErrEvent, q.Event, strings.Join(Events(), ", "))
	}
	f, ok := faultNamed(q.Fault)
	if !ok {
		return nil, fmt.Errorf("%w: %q is none of %s", ErrFault, q.Fault, strings.Join(Faults(), ", "))
	}
	site, err := dev.Credentials(dir)
	if err != nil {
		return nil, err
	}
	keys, err := keystore.Open(site.Keys, keystore.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	if !dev.IsSandboxLog(keys.LogName()) {
		return nil, &dev.Failure{Err: fmt.Errorf("the keys in %s are not a sandbox's", site.Keys), Hint: "made-up notices are signed with a sandbox's keys only"}
	}
	owed, err := q.Deed.notice(event, keys.LogName(), site, time.Now())
	if err != nil {
		return nil, err
	}
	owed.Notice.Url, owed.SignWithPublicKey = q.To, !q.Certificate
	return deliver(ctx, withKey{keys, site.APIv3Key}, owed, f)
}

// deliver sends the notice as often as the fault wants, and judges. One that was
// refused as it should be is followed by a genuine one of the same deed: an
// endpoint that refuses everything has verified nothing.
func deliver(ctx context.Context, keys courier.Keys, n *pb.OwedNotice, f fault) (*Outcome, error) {
	o := &Outcome{EventID: n.EventId, EventType: n.EventType, Plaintext: string(n.Plaintext), OK: true, words: f.good}
	for range f.times {
		s, err := send(ctx, f.sender(keys, dev.Networks), n)
		if err != nil {
			return nil, err
		}
		o.Sent = append(o.Sent, s)
		if s.Delivered == f.refuse {
			o.OK, o.words = false, f.bad
		}
	}
	if !f.refuse || !o.OK {
		return o, nil
	}
	s, err := send(ctx, faults[0].sender(keys, dev.Networks), n)
	if err != nil {
		return nil, err
	}
	s.Genuine = true
	if o.Sent = append(o.Sent, s); !s.Delivered {
		o.OK, o.words = false, inconclusive
	}
	return o, nil
}

var inconclusive = words{
	"端点对同一笔的真实通知也没有应答成功，因此无从判断它是否验签。请用 --out-trade-no 和 --total 指定它认识的订单。",
	"The endpoint did not take a genuine notice of the same deed either, so it can't be said whether it verifies anything. Name an order that it knows with --out-trade-no and --total.",
}

func send(ctx context.Context, by courier.Single, n *pb.OwedNotice) (Sent, error) {
	a, err := by.Send(ctx, n)
	if err != nil {
		return Sent{}, err
	}
	s := Sent{Attempt: a, Delivered: a.Outcome == pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED}
	s.ZH, s.EN = sandbox.Outcome(a)
	return s, nil
}

// withKey is the sandbox's keystore with the demo merchant's APIv3 key, which the
// state would name.
type withKey struct {
	*keystore.Store
	apiv3 string
}

var _ courier.Keys = withKey{}

// demoKey names the key of sandbox.json.
const demoKey = "sandbox.json"

// APIv3Key implements courier.Keys.
func (k withKey) APIv3Key(id string) ([]byte, bool) { return []byte(k.apiv3), id == demoKey }
