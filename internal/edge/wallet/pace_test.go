package wallet_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/wallet"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// counted counts what is hashed.
type counted struct {
	wallet.Personal
	tags atomic.Int64
}

func (c *counted) PhoneTag(ctx context.Context, phone string) ([]byte, error) {
	c.tags.Add(1)
	return c.Personal.PhoneTag(ctx, phone)
}

func (c *counted) Tag(ctx context.Context, what, of string) ([]byte, error) {
	c.tags.Add(1)
	return c.Personal.Tag(ctx, what, of)
}

// Ten thousand codes for one number: one is sent, and the rest costs neither a hash nor
// a command.
func TestAFloodOfCodesForOneNumber(t *testing.T) {
	t.Parallel()
	b := open(t)
	cfg := b.config
	hashing := &counted{Personal: cfg.Personal}
	cfg.Personal = hashing
	s := wallet.NewServer(cfg)
	commands := 0
	b.core.Break(func(*pb.Command) (bool, error) { commands++; return true, nil })
	ask := func(n int) error {
		_, err := s.SendCode(context.Background(), connect.NewRequest(&pb.SendCodeRequest{Phone: "13800000001", ClientId: fmt.Sprint("c", n)}))
		return err
	}
	if err := ask(0); err != nil {
		t.Fatal(err)
	}
	hashes, proposed := hashing.tags.Load(), commands
	for n := range 10_000 {
		if c, _ := rpc.CodeOf(ask(n + 1)); c != code.CodeTooSoon {
			t.Fatalf("code %d: %v", n, c)
		}
	}
	if hashing.tags.Load() != hashes || commands != proposed || b.sent != 1 {
		t.Errorf("%d hashes, %d commands, %d sent", hashing.tags.Load()-hashes, commands-proposed, b.sent)
	}
	if err := ask(0); err != nil { // the answer was lost
		t.Errorf("the one that was sent, again: %v", err)
	}
	// Five an hour; what was refused does not count.
	for n := range 4 {
		b.core.Sleep(31_000)
		if err := ask(20_000 + n); err != nil {
			t.Fatal(err)
		}
	}
	b.core.Sleep(31_000)
	hashes, proposed = hashing.tags.Load(), commands
	if c, _ := rpc.CodeOf(ask(30_000)); c != code.CodeTooMany || hashing.tags.Load() != hashes || commands != proposed {
		t.Errorf("the sixth in an hour: %v, %d hashes", c, hashing.tags.Load()-hashes)
	}
	// What the state refuses is asked of it once in five seconds: here another node sent.
	fresh := wallet.NewServer(cfg)
	proposed = commands
	for n := range 100 {
		if _, err := fresh.SendCode(context.Background(), connect.NewRequest(&pb.SendCodeRequest{Phone: "13800000001", ClientId: fmt.Sprint("d", n)})); err == nil {
			t.Fatal("another node sends more")
		}
	}
	if commands != proposed+1 {
		t.Errorf("%d commands for a hundred that the state refuses", commands-proposed)
	}
}
