package wechatjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// What happens to an order or refund after the deed must not show in the notice.
func TestPlaintextIgnoresLaterChanges(t *testing.T) {
	t.Parallel()
	n := &pb.Notice{Id: 5, Event: pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS, OrderId: 17, Format: 1}
	before, err := Plaintext(n, Records{Order: paidOrder()}, offset)
	if err != nil {
		t.Fatal(err)
	}
	later := paidOrder()
	later.State, later.Refunded, later.Refunding, later.RefundCount = pb.TradeState_TRADE_STATE_REFUND, 40, 60, 2
	later.LastRefundAt, later.NotifyUrl, later.PrepayId = paidAt+1, "https://elsewhere.example/", "wx"
	after, err := Plaintext(n, Records{Order: later}, offset)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the plaintext changed\n before %s\n after  %s %v", before, after, err)
	}
	closed := doneRefund()
	closed.Status = pb.RefundStatus_REFUND_STATUS_CLOSED
	n = &pb.Notice{Id: 6, Event: pb.NoticeEvent_NOTICE_EVENT_REFUND_ABNORMAL, OrderId: 17, RefundId: 3, Format: notice.Format}
	first, _ := Plaintext(n, Records{paidOrder(), closed}, offset)
	second, _ := Plaintext(n, Records{later, doneRefund()}, offset)
	if !bytes.Equal(first, second) || len(first) == 0 {
		t.Errorf("a refund's plaintext changed\n before %s\n after  %s", first, second)
	}
}

func TestPlaintextRefuses(t *testing.T) {
	t.Parallel()
	pay := func() *pb.Notice {
		return &pb.Notice{Id: 5, Event: pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS, OrderId: 17, Format: 1}
	}
	newer, unknown, refund := pay(), pay(), pay()
	newer.Format = 2
	unknown.Event = 99
	refund.Event, refund.RefundId = pb.NoticeEvent_NOTICE_EVENT_REFUND_SUCCESS, 3
	unpaid := paidOrder()
	unpaid.PaidAt = 0
	other := doneRefund()
	other.OrderId = 18
	early := doneRefund()
	early.SuccessAt = 0
	for _, c := range []struct {
		name   string
		notice *pb.Notice
		order  *pb.Order
		refund *pb.Refund
		want   error
	}{
		{"newer format", newer, paidOrder(), nil, ErrFormat},
		{"unknown event", unknown, paidOrder(), nil, ErrFormat},
		{"no order", pay(), nil, nil, ErrRecord},
		{"unpaid order", pay(), unpaid, nil, ErrRecord},
		{"no refund", refund, paidOrder(), nil, ErrRecord},
		{"refund of another order", refund, paidOrder(), other, ErrRecord},
		{"refund not yet done", refund, paidOrder(), early, ErrRecord},
	} {
		if got, err := Plaintext(c.notice, Records{c.order, c.refund}, offset); !errors.Is(err, c.want) || got != nil {
			t.Errorf("%s: %s, %v; want %v", c.name, got, err, c.want)
		}
	}
}

// subjectOf is a made-up subject of a kind, as the records of these tests have it.
func subjectOf(kind pb.Kind) *pb.Subject {
	return &pb.Subject{Kind: kind, Id: map[pb.Kind]uint64{pb.Kind_KIND_ORDER: 17, pb.Kind_KIND_REFUND: 3}[kind]}
}

// Every event has a renderer for the format of notices made now, and every
// renderer writes.
func TestEveryEventIsRendered(t *testing.T) {
	t.Parallel()
	for number, name := range pb.NoticeEvent_name {
		e := pb.NoticeEvent(number)
		if _, ok := Describe(e, notice.Format); ok == (e == pb.NoticeEvent_NOTICE_EVENT_UNSPECIFIED) {
			t.Errorf("%s in format %d: a renderer was found: %v", name, notice.Format, ok)
		}
	}
	for w, d := range renderers {
		if d.Type == "" || d.Summary == "" || d.OriginalType == "" || len(d.AssociatedData) > 16 {
			t.Errorf("%v is described as %+v", w, d.Event)
		}
		if readers[d.of] == nil {
			t.Errorf("%v tells of a %s, which nobody reads", w, d.of)
		}
		n := &pb.Notice{Id: 1, Event: w.event, Format: w.format, Subject: subjectOf(d.of)}
		if _, err := Plaintext(n, Records{paidOrder(), doneRefund()}, offset); err != nil {
			t.Errorf("%v has no plaintext: %v", w, err)
		}
	}
}

// A row below level 4 names an order and a refund, one from then on a subject:
// the merchant reads the same.
func TestBothLayoutsReadTheSame(t *testing.T) {
	t.Parallel()
	for w, d := range renderers {
		old := &pb.Notice{Id: 1, Event: w.event, Format: w.format, OrderId: 17}
		if d.of == pb.Kind_KIND_REFUND {
			old.RefundId = 3
		}
		now := &pb.Notice{Id: 1, Event: w.event, Format: w.format, Subject: subjectOf(d.of)}
		rec := Records{paidOrder(), doneRefund()}
		before, err := Plaintext(old, rec, offset)
		after, err2 := Plaintext(now, rec, offset)
		if err != nil || err2 != nil || !bytes.Equal(before, after) {
			t.Errorf("%v\n before %s %v\n after  %s %v", w, before, err, after, err2)
		}
	}
}

func TestEveryWordExists(t *testing.T) {
	t.Parallel()
	for n, name := range pb.TradeState_name {
		if w, d := TradeState(pb.TradeState(n)); (w == "" || d == "") != (n == 0) {
			t.Errorf("%s is called %q, %q", name, w, d)
		}
	}
	for n, name := range pb.Product_name {
		if w := TradeType(pb.Product(n)); (w == "") != (n == 0) {
			t.Errorf("%s is called %q", name, w)
		}
	}
	for n, name := range pb.RefundStatus_name {
		if w := RefundStatus(pb.RefundStatus(n)); (w == "") != (n == 0) {
			t.Errorf("%s is called %q", name, w)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", `a"b\c`, "\x00\x1f\n\r\t", "窗边\u2028", "\xff\xc0half\xe7\xaa", "😀"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := AppendString(nil, s)
		var back string
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatalf("%q is written as %s: %v", s, got, err)
		}
		if want := string([]rune(s)); back != want {
			t.Errorf("%q came back as %q", s, back)
		}
		again := AppendString(nil, back)
		if !bytes.Equal(got, again) {
			t.Errorf("%q is written %s, then %s", s, got, again)
		}
	})
}

func BenchmarkTransaction(b *testing.B) {
	o := paidOrder()
	b.ReportAllocs()
	for b.Loop() {
		Transaction(o, offset)
	}
}

func BenchmarkPlaintext(b *testing.B) {
	n := &pb.Notice{Id: 5, Event: pb.NoticeEvent_NOTICE_EVENT_REFUND_SUCCESS, OrderId: 17, RefundId: 3, Format: notice.Format}
	o, r := paidOrder(), doneRefund()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Plaintext(n, Records{o, r}, offset); err != nil {
			b.Fatal(err)
		}
	}
}
