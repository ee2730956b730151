package node

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// TestKeystoreFollowsTheLevel: a node whose state is below the level keeps its
// keystore in the layout that older binaries read, and changes it as soon as the
// level is raised.
func TestKeystoreFollowsTheLevel(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := Open(ctx, Options{Config: s.cfg, Version: "test", Fatal: s.fault, level: keystore.LayoutLevel - 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop(n)
	if _, err := n.Keys().PutSecret("bank", "a", nil); !errors.Is(err, keystore.ErrLayout) {
		t.Fatalf("below the level: %v", err)
	}
	if refused := s.do(n, catalogue.SetLevel, &pb.SetLevel{Level: keystore.LayoutLevel}); refused != nil {
		t.Fatal(refused)
	}
	for {
		_, err := n.Keys().PutSecret("bank", "a", nil)
		if err == nil {
			return
		}
		if !errors.Is(err, keystore.ErrLayout) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}
