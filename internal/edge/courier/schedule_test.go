package courier

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const shopURL = "http://shop.example/notify"

// since lists when each post came, counted from the first.
func since(posts []post1) []time.Duration {
	out := make([]time.Duration, len(posts))
	for i, p := range posts {
		out[i] = p.at.Sub(posts[0].at)
	}
	return out
}

// schedule is when attempts go out, counted from the first.
var schedule = []time.Duration{
	0, 15 * time.Second, 30 * time.Second, time.Minute, 4 * time.Minute, 14 * time.Minute, 34 * time.Minute,
	64 * time.Minute, 94 * time.Minute, 124 * time.Minute, 184 * time.Minute, 364 * time.Minute, 544 * time.Minute,
	724 * time.Minute, 1084 * time.Minute, 1444 * time.Minute,
}

// onSchedule checks attempts against the documented times: never early, and
// late by what reporting takes (counted from each attempt, so it adds up).
func onSchedule(t *testing.T, got, want []time.Duration) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d attempts, want %d: %v", len(got), len(want), got)
	}
	for i := range want {
		if late := got[i] - want[i]; late < 0 || late > time.Duration(i)*100*time.Millisecond {
			t.Errorf("attempt %d came %v after the first, want %v", i+1, got[i], want[i])
		}
	}
}

// W1: a merchant answers 500 for six hours and then works.
//
//test:cases
func TestMerchantDownSixHours(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var b book
		up := time.Now().Add(6 * time.Hour)
		w.merchant("1900000001", "shop.example", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			b.note(r)
			if time.Now().Before(up) {
				rw.WriteHeader(http.StatusInternalServerError)
			}
		}))
		n := w.pay("1900000001", shopURL)
		_, stop := w.run(w.config())
		time.Sleep(6*time.Hour + 5*time.Minute)
		onSchedule(t, since(b.all()), schedule[:12])
		if n = w.notice(n.Id); n.State != pb.NoticeState_NOTICE_STATE_DELIVERED || n.Attempts != 12 {
			t.Errorf("notice is %s after %d attempts, want DELIVERED after 12", n.State, n.Attempts)
		}
		time.Sleep(2 * time.Hour)
		if got := len(b.all()); got != 12 {
			t.Errorf("%d posts, want 12: nothing goes out after delivery", got)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// The last retry fails: the notice is parked, and goes out once more when a
// fresh notice to the merchant succeeds.
//
//test:cases
func TestParkedAndRevived(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var b book
		var answer atomic.Int32
		answer.Store(http.StatusServiceUnavailable)
		w.merchant("1900000001", "shop.example", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			b.note(r)
			rw.WriteHeader(int(answer.Load()))
		}))
		old := w.pay("1900000001", shopURL)
		_, stop := w.run(w.config())
		time.Sleep(24*time.Hour + 5*time.Minute)
		onSchedule(t, since(b.all()), schedule)
		if n := w.notice(old.Id); n.State != pb.NoticeState_NOTICE_STATE_PARKED {
			t.Fatalf("notice is %s, want PARKED", n.State)
		}
		time.Sleep(2 * time.Hour)
		if got := len(b.all()); got != 16 {
			t.Fatalf("%d posts, want 16: a parked notice rests", got)
		}
		answer.Store(http.StatusNoContent)
		fresh := w.pay("1900000001", shopURL)
		time.Sleep(5 * time.Second)
		for _, id := range []uint64{old.Id, fresh.Id} {
			if n := w.notice(id); n.State != pb.NoticeState_NOTICE_STATE_DELIVERED {
				t.Errorf("notice %d is %s, want DELIVERED", id, n.State)
			}
		}
		stop()
	})
}

// Redelivery by hand reaches a stream that has long told the notice.
func TestRedeliverByHand(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var b book
		var answer atomic.Int32
		answer.Store(http.StatusOK)
		w.merchant("1900000001", "shop.example", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			b.note(r)
			rw.WriteHeader(int(answer.Load()))
		}))
		delivered := w.pay("1900000001", shopURL)
		_, stop := w.run(w.config())
		time.Sleep(time.Second)
		answer.Store(http.StatusTeapot)
		waiting := w.pay("1900000001", shopURL)
		time.Sleep(10 * time.Minute) // six attempts, the next after 14 min
		before := len(b.all())
		for _, n := range []*pb.Notice{delivered, waiting} {
			answer.Store(http.StatusOK)
			w.core.Must(catalogue.NoticeRedeliver, &pb.NoticeRedeliver{NoticeId: n.Id})
			asked := time.Now()
			time.Sleep(3 * time.Second)
			posts := b.all()[before:]
			before += len(posts)
			if len(posts) != 1 || posts[0].at.Sub(asked) > 1500*time.Millisecond {
				t.Errorf("notice %d: %d posts within 3 s of asking, want 1 within 1.5 s", n.Id, len(posts))
			}
			if got := w.notice(n.Id); got.State != pb.NoticeState_NOTICE_STATE_DELIVERED {
				t.Errorf("notice %d is %s", n.Id, got.State)
			}
		}
		stop()
	})
}

// A sandbox's clock moves: what has become due goes out at once.
func TestClockAdvance(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var b book
		w.merchant("1900000001", "shop.example", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			b.note(r)
			rw.WriteHeader(http.StatusBadGateway)
		}))
		w.pay("1900000001", shopURL)
		_, stop := w.run(w.config())
		time.Sleep(5 * time.Minute)
		if got := len(b.all()); got != 5 {
			t.Fatalf("%d posts in 5 min, want 5", got)
		}
		w.core.Must(catalogue.AdvanceClock, &pb.AdvanceClock{AdvanceMs: time.Hour.Milliseconds(), Attempt: "a1"})
		time.Sleep(2 * time.Second)
		if got := len(b.all()); got != 6 {
			t.Errorf("%d posts after the clock moved an hour, want 6", got)
		}
		stop()
	})
}

// W5: every attempt has the same id and the same bytes, and fresh headers.
func TestAttemptsAreByteIdentical(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var b book
		w.merchant("1900000001", "shop.example", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			b.note(r)
			rw.WriteHeader(http.StatusInternalServerError)
		}))
		w.pay("1900000001", shopURL)
		_, stop := w.run(w.config())
		time.Sleep(20 * time.Second)
		stop() // a second courier makes the same of it
		_, stop = w.run(w.config())
		time.Sleep(20 * time.Minute)
		stop()
		posts := b.all()
		if len(posts) < 5 {
			t.Fatalf("%d posts, want at least 5", len(posts))
		}
		var seen []string
		for i, p := range posts {
			if p.body != posts[0].body {
				t.Errorf("attempt %d differs:\n%s\n%s", i+1, p.body, posts[0].body)
			}
			for _, h := range []string{"Wechatpay-Nonce", "Wechatpay-Signature", "Request-Id"} {
				v := p.header.Get(h)
				if v == "" || slices.Contains(seen, v) {
					t.Errorf("attempt %d: %s is %q: empty or used before", i+1, h, v)
				}
				seen = append(seen, v)
			}
		}
	})
}
