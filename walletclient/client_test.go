package walletclient

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// till is a wallet API that pays, fails or refuses as its fail says of a call, by
// its number.
type till struct {
	pbconnect.UnimplementedWalletServiceHandler
	calls atomic.Int32
	fail  func(call int32) error
}

func (s *till) Pay(_ context.Context, q *connect.Request[pb.PayRequest]) (*connect.Response[pb.Payment], error) {
	if err := s.fail(s.calls.Add(1)); err != nil {
		return nil, err
	}
	return connect.NewResponse(&pb.Payment{OutTradeNo: q.Msg.ClientId}), nil
}

func (s *till) CheckPin(context.Context, *connect.Request[pb.CheckPinRequest]) (*connect.Response[pb.CheckPinResponse], error) {
	if err := s.fail(s.calls.Add(1)); err != nil {
		return nil, err
	}
	return connect.NewResponse(&pb.CheckPinResponse{Grant: 1}), nil
}

// Follow tells one message after the cursor, then breaks; after the third it refuses.
func (s *till) Follow(_ context.Context, q *connect.Request[pb.FollowRequest], out *connect.ServerStream[pb.News]) error {
	s.calls.Add(1)
	if q.Msg.Cursor == 3 {
		return refusing(code.DeviceUnknown)(0)
	}
	if err := out.Send(&pb.News{Cursor: q.Msg.Cursor + 1}); err != nil {
		return err
	}
	panic(http.ErrAbortHandler)
}

func serve(t *testing.T, fail func(call int32) error) (*till, string) {
	t.Helper()
	s := &till{fail: fail}
	_, h := pbconnect.NewWalletServiceHandler(s)
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	return s, web.URL
}

// lost drops the connection once the call was made.
func lost(int32) error { panic(http.ErrAbortHandler) }

func fine(int32) error { return nil }

func refusing(c code.Code) func(int32) error {
	return func(int32) error { return rpc.Refusal(c, rpc.Code(c, nil), "server's own words") }
}

// gone is the URL of nobody.
func gone(t *testing.T) string {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	return web.URL
}

func impatient(t *testing.T, urls ...string) *Client {
	t.Helper()
	d, err := NewMemory()
	if err != nil {
		t.Fatal(err)
	}
	c := New(d, Options{URLs: urls})
	c.pause = func(context.Context, time.Duration) error { return nil }
	return c
}

var pay = &PayRequest{Code: "wx1", ClientId: "tea"}

// A payment whose answer is lost is asked for at the next node, under its own id.
func TestALostAnswerIsAskedForAgain(t *testing.T) {
	t.Parallel()
	first, url := serve(t, lost)
	_, other := serve(t, fine)
	c := impatient(t, url, gone(t), other)
	paid, err := c.Pay(t.Context(), pay)
	if err != nil || paid.OutTradeNo != "tea" {
		t.Fatalf("the payment came to %v, %v", paid, err)
	}
	if paid, err = c.Pay(t.Context(), pay); err != nil || first.calls.Load() != 1 {
		t.Errorf("the next payment came to %v, %v, and asked the node that had failed %d times", paid, err, first.calls.Load())
	}
}

// What counts each time it is called is asked for once, unless no node was reached.
func TestATryIsNotRepeated(t *testing.T) {
	t.Parallel()
	first, url := serve(t, lost)
	second, other := serve(t, fine)
	_, err := impatient(t, url, other).CheckPin(t.Context(), &CheckPinRequest{})
	var e *Error
	if !errors.As(err, &e) || !e.Unknown || first.calls.Load() != 1 || second.calls.Load() != 0 {
		t.Errorf("a PIN whose answer was lost came to %v, after %d and %d calls", err, first.calls.Load(), second.calls.Load())
	}
	if _, err := impatient(t, gone(t), other).CheckPin(t.Context(), &CheckPinRequest{}); err != nil {
		t.Errorf("with one of two nodes gone: %v", err)
	}
}

// A refusal is final and carries its code and both sentences.
func TestARefusalSaysItInBothLanguages(t *testing.T) {
	t.Parallel()
	s, url := serve(t, refusing(code.BalanceTooLow))
	_, err := impatient(t, url).Pay(t.Context(), pay)
	i, _ := code.Lookup(code.BalanceTooLow)
	var e *Error
	if !errors.As(err, &e) || e.Code != "balance_too_low" || e.Chinese != i.ZH || e.English != i.EN || e.Unknown || e.Busy || !Refused(err, e.Code) {
		t.Errorf("the refusal is %+v", err)
	}
	if s.calls.Load() != 1 {
		t.Errorf("what was refused was asked for %d times", s.calls.Load())
	}
}

// A busy node is asked again; one that stays in doubt leaves the outcome unknown.
func TestWhatMayBeDoneIsUnknown(t *testing.T) {
	t.Parallel()
	_, url := serve(t, func(call int32) error {
		if call < 4 {
			return refusing(code.Overloaded)(call)
		}
		return nil
	})
	if _, err := impatient(t, url).Pay(t.Context(), pay); err != nil {
		t.Errorf("a node that was busy three times: %v", err)
	}
	s, url := serve(t, refusing(code.Unknown))
	c := impatient(t, url)
	c.pause = func(context.Context, time.Duration) error {
		if s.calls.Load() == 3 {
			return context.Canceled
		}
		return nil
	}
	_, err := c.Pay(t.Context(), pay)
	var e *Error
	if !errors.As(err, &e) || !e.Unknown || s.calls.Load() != 3 {
		t.Errorf("a node in doubt came to %v after %d calls", err, s.calls.Load())
	}
}

// What an outcome of a later version says for itself is passed on.
func TestAnOutcomeOfALaterVersion(t *testing.T) {
	t.Parallel()
	_, url := serve(t, func(int32) error {
		e := connect.NewError(connect.CodeFailedPrecondition, errors.New("the moon is full"))
		e.Meta().Set(rpc.Header, "moon_full")
		return e
	})
	_, err := impatient(t, url).Pay(t.Context(), pay)
	if !Refused(err, "moon_full") || !strings.Contains(err.Error(), "the moon is full") {
		t.Errorf("the refusal is %v", err)
	}
}

// Who follows the news goes on after what was read last, at the next node, until it is
// refused.
func TestNewsGoOnAtTheNextNode(t *testing.T) {
	t.Parallel()
	first, url := serve(t, fine)
	second, other := serve(t, fine)
	var read []uint64
	var last error
	for n, err := range impatient(t, url, gone(t), other).News(t.Context(), 0) {
		if last = err; err == nil {
			read = append(read, n.Cursor)
		}
	}
	if !slices.Equal(read, []uint64{1, 2, 3}) || !Refused(last, code.DeviceUnknown.String()) {
		t.Errorf("read %v, and in the end %v", read, last)
	}
	if first.calls.Load() != 2 || second.calls.Load() != 2 {
		t.Errorf("the nodes were asked %d and %d times", first.calls.Load(), second.calls.Load())
	}
	for _, err := range impatient(t).News(t.Context(), 0) {
		if err == nil {
			t.Error("there are news without a URL")
		}
	}
}
