package admin_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// refusedInWords fails unless err is a refusal with these words and a hint.
func refusedInWords(t *testing.T, err error, want connect.Code, says, hint string) {
	t.Helper()
	var ce *connect.Error
	if !errors.As(err, &ce) || ce.Code() != want || !strings.Contains(ce.Message(), says) || !strings.Contains(admin.HintOf(err), hint) {
		t.Errorf("got %v with hint %q, want %v: %s, %s", err, admin.HintOf(err), want, says, hint)
	}
}

func TestClusterCalls(t *testing.T) {
	t.Parallel()
	d, g := admintest.Open(t, false), admintest.NewGroup()
	d.WithGroup(g)
	if a := ask(t, d.Client.ShowCluster, &pb.ShowClusterRequest{}); a.Leader != 1 || len(a.Nodes) != 3 || a.Nodes[1].Why != "its disk is slow" {
		t.Errorf("shown %v", a)
	}
	if a := ask(t, d.Client.ClusterPromote, &pb.ClusterMemberRequest{Member: "n3"}); a.Nodes[2].Member.Role != pb.MemberRole_MEMBER_ROLE_VOTER {
		t.Errorf("promoted %v", a.Nodes[2])
	}
	if a := ask(t, d.Client.ClusterTransfer, &pb.ClusterMemberRequest{}); a.Leader != 3 {
		t.Errorf("the leader is %d", a.Leader)
	}
	if a := ask(t, d.Client.ClusterRemove, &pb.ClusterMemberRequest{Member: "n1", Force: true}); a.Nodes[0].Member.Role != pb.MemberRole_MEMBER_ROLE_REMOVED {
		t.Errorf("removed %v", a.Nodes[0])
	}
	want := []string{"promote n3 admin/root", "transfer n3 admin/root", "remove by force n1 admin/root"}
	if got := g.Done(); !slices.Equal(got, want) {
		t.Errorf("done %q, want %q", got, want)
	}
	for _, line := range []string{"what=promote member=n3", "what=remove member=n1 force=true actor=admin/root"} {
		if !strings.Contains(d.Log.String(), line) {
			t.Errorf("the log lacks %q", line)
		}
	}
	refusedInWords(t, try(t, d.Client.ClusterPromote, &pb.ClusterMemberRequest{Member: "n9"}), connect.CodeFailedPrecondition, "no member is called n9", "holdfast cluster status")
	refusedInWords(t, try(t, d.Client.ClusterPromote, &pb.ClusterMemberRequest{}), connect.CodeInvalidArgument, "name the member", "")
	refusedInWords(t, try(t, d.Client.ClusterRemove, &pb.ClusterMemberRequest{}), connect.CodeInvalidArgument, "name the member", "")
	g.Err = &admin.Refusal{Text: "no leader is known", Hint: "warten, 等待: 100 % sure"}
	refusedInWords(t, try(t, d.Client.ShowCluster, &pb.ShowClusterRequest{}), connect.CodeFailedPrecondition, "no leader", "warten, 等待: 100 % sure")
	g.Err = errors.New("secret detail")
	err := try(t, d.Client.ShowCluster, &pb.ShowClusterRequest{})
	if refusedWith(t, err, code.Internal); strings.Contains(err.Error(), "secret") {
		t.Error("what is internal is shown")
	}
}

func TestClusterToken(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	d.WithGroup(admintest.NewGroup())
	base := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	for seconds, want := range map[int64]time.Duration{0: time.Hour, 1: time.Second, 604800: 7 * 24 * time.Hour} {
		a := ask(t, d.Client.ClusterToken, &pb.ClusterTokenRequest{ValidS: seconds})
		if a.Token == "" || a.ExpiresAt != base.Add(want).UnixMilli() {
			t.Errorf("%d s: expires at %v", seconds, time.UnixMilli(a.ExpiresAt))
		}
		if strings.Contains(d.Log.String(), a.Token) {
			t.Error("the token is in the log")
		}
	}
	for _, seconds := range []int64{-1, 604801, math.MaxInt64, math.MinInt64, math.MaxInt64/1_000_000_000 + 2} {
		refusedInWords(t, try(t, d.Client.ClusterToken, &pb.ClusterTokenRequest{ValidS: seconds}), connect.CodeInvalidArgument, "1 s to 7 days", "")
	}
}

func TestSetLevel(t *testing.T) {
	t.Parallel()
	d, g := admintest.Open(t, false), admintest.NewGroup()
	d.WithGroup(g)
	level := ask(t, d.Client.Status, &pb.AdminStatusRequest{}).Level
	g.Known = level
	refusedInWords(t, try(t, d.Client.SetLevel, &pb.SetLevelRequest{Level: level + 1}), connect.CodeFailedPrecondition, "is not known to every node", "upgrade the binaries")
	if level < machine.MaxLevel {
		g.Known = machine.MaxLevel
		if a := ask(t, d.Client.SetLevel, &pb.SetLevelRequest{Level: level + 1}); a.Level != level+1 {
			t.Errorf("level %d after %d", a.Level, level)
		}
	}
	refusedWith(t, try(t, d.Client.SetLevel, &pb.SetLevelRequest{Level: level}), code.LevelNotHigher)
	g.Known = machine.MaxLevel + 1
	refusedWith(t, try(t, d.Client.SetLevel, &pb.SetLevelRequest{Level: machine.MaxLevel + 1}), code.LevelUnsupported)
}

// A node without peers says so, and has a level all the same.
func TestClusterOfANodeAlone(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	const says, hint = "this node runs without peers", "[cluster]"
	refusedInWords(t, try(t, d.Client.ShowCluster, &pb.ShowClusterRequest{}), connect.CodeFailedPrecondition, says, hint)
	refusedInWords(t, try(t, d.Client.ClusterToken, &pb.ClusterTokenRequest{}), connect.CodeFailedPrecondition, says, hint)
	refusedInWords(t, try(t, d.Client.ClusterTransfer, &pb.ClusterMemberRequest{}), connect.CodeFailedPrecondition, says, hint)
	refusedInWords(t, try(t, d.Client.SetLevel, &pb.SetLevelRequest{Level: machine.MaxLevel + 1}), connect.CodeFailedPrecondition, "is not known to every node", "upgrade")
}
