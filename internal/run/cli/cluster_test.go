package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// doorkeeper lets in who has a token, as a leader does.
type doorkeeper struct {
	pbconnect.UnimplementedPeerServiceHandler
	keys *keystore.Store
	used map[string]uint64
}

func (d *doorkeeper) Join(_ context.Context, r *connect.Request[pb.JoinRequest]) (*connect.Response[pb.JoinResponse], error) {
	q := r.Msg
	token, err := d.keys.Cluster().VerifyJoinToken(q.Token, time.Now(), func(id string) bool { return d.used[id] != 0 && d.used[id] != q.RaftId })
	if err != nil {
		return nil, credentials.JoinRefusal(err)
	}
	d.used[token.ID] = q.RaftId
	cert, err := d.keys.Cluster().IssueNode(q.Csr, q.Name, time.Now())
	if err != nil {
		return nil, credentials.JoinRefusal(err)
	}
	contents, err := d.keys.Export()
	return connect.NewResponse(&pb.JoinResponse{ClusterId: 7, Cert: cert, Ca: d.keys.Cluster().CA(), Keys: contents, Members: &pb.Members{Members: []*pb.Member{
		{RaftId: q.RaftId, Incarnation: q.Incarnation, Name: q.Name, Address: q.Address, Role: pb.MemberRole_MEMBER_ROLE_LEARNER}}}}), err
}

// TestClusterInitAndJoin takes the commands as two machines would run them, with
// a leader that answers the second.
func TestClusterInitAndJoin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	first, second := filepath.Join(dir, "n1"), filepath.Join(dir, "n2")
	admintest.CopyKeys(t, first) // a node that ran alone before
	plain := "--set merchant_api.insecure_loopback=true --set admin.insecure_loopback=true"
	if out, exit := typed(t, "", "cluster init --data %s %s --set cluster.name=n1 --set cluster.address=%s", first, plain, listener.Addr()); exit != ExitOK {
		t.Fatalf("init: %d, %s", exit, out)
	}
	keys, err := keystore.Open(first, keystore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	own, err := credentials.Load(first + "-credentials")
	if err != nil {
		t.Fatal(err)
	}
	_, handler := pbconnect.NewPeerServiceHandler(&doorkeeper{keys: keys, used: map[string]uint64{}})
	server := &http.Server{TLSConfig: own.ServerConfig("h2"), Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close(); <-done })

	token, _, err := keys.Cluster().NewJoinToken(time.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	join := "cluster join %s --data %s --set cluster.name=%s --set cluster.address=127.0.0.1:7446 --set cluster.peers=" + listener.Addr().String() + " --token-file -"
	out, exit := typed(t, token+"\n", join, plain, second, "n2")
	if exit != ExitOK || !strings.Contains(out, "let in   cluster 0000000000000007, as node n2") {
		t.Fatalf("join: %d, %s", exit, out)
	}
	joined, err := credentials.ReadJoined(second + "-credentials")
	if err != nil || joined == nil || joined.Identity.ClusterID != 7 {
		t.Fatalf("joined %+v, %v", joined, err)
	}
	if copied, err := keystore.Open(second, keystore.Options{}); err != nil || copied.CheckpointVerifier() != keys.CheckpointVerifier() {
		t.Errorf("the keystore: %v", err)
	}
	out, exit = typed(t, token, join, plain, filepath.Join(dir, "n3"), "n3")
	if exit != ExitRefused || out != "error: the join token was used by another node: each lets one node in\nhint: make another on a node of the cluster: holdfast cluster token\n" {
		t.Errorf("the token again: %d, %s", exit, out)
	}
	if err := os.Mkdir(filepath.Join(second, "log"), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, exit = typed(t, token, join, plain, second, "n2"); exit != ExitRefused || !strings.Contains(out, "is in use: it has log/") {
		t.Errorf("over a log: %d, %s", exit, out)
	}
}

// typed runs a command line and answers both streams and the exit code.
func typed(t *testing.T, in, line string, args ...any) (string, int) {
	t.Helper()
	var out bytes.Buffer
	env := &Env{In: strings.NewReader(in), Out: &out, Err: &out, Getenv: func(string) string { return "" }}
	exit := Main(t.Context(), strings.Fields(fmt.Sprintf(line, args...)), env)
	return out.String(), exit
}

// In the moment of a hand-over nobody leads; the command waits for who does.
func TestTransferWaitsForTheNewLeader(t *testing.T) {
	t.Parallel()
	d, g := admintest.Open(t, false), admintest.NewGroup()
	g.Handover = 2
	d.WithGroup(g)
	if out, exit := typed(t, "", "cluster transfer n2 --data %s", d.Dir); exit != ExitOK || !strings.Contains(out, "leader   n2\n") || g.Handover != 0 {
		t.Errorf("%d, %s", exit, out)
	}
}

// Nor does anybody in the moment after the leader was removed.
func TestRemovingTheLeaderWaitsForTheNewOne(t *testing.T) {
	t.Parallel()
	d, g := admintest.Open(t, false), admintest.NewGroup()
	g.Handover = 3
	d.WithGroup(g)
	out, exit := typed(t, "", "cluster remove n1 --force --data %s", d.Dir)
	if exit != ExitOK || !strings.Contains(out, "leader   n2\n") || g.Handover != 0 || !slices.Equal(g.Done(), []string{"remove by force n1 admin/root"}) {
		t.Errorf("%d, %q, %s", exit, g.Done(), out)
	}
}

func TestSizesAndAges(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[uint64]string{0: "-", 1: "1.0 B", 1023: "1023.0 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1 << 30: "1.0 GiB", 5 << 40: "5.0 TiB", 1 << 63: "8388608.0 TiB"} {
		if got := size(bytes); got != want {
			t.Errorf("%d bytes are %q, want %q", bytes, got, want)
		}
	}
	for d, want := range map[time.Duration]string{-time.Second: "0ms ago", 999 * time.Millisecond: "999ms ago", time.Second: "1s ago", 119 * time.Second: "119s ago",
		2 * time.Minute: "2m ago", 119 * time.Minute: "119m ago", 2 * time.Hour: "2h ago", 48 * time.Hour: "2d ago"} {
		if got := ago(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

// What a node said before it fell silent is shown with its age.
func TestDiskOfASilentNode(t *testing.T) {
	t.Parallel()
	h := &pb.NodeHealth{DiskFree: 3 << 30}
	for want, n := range map[string]*pb.ClusterNode{
		"3.0 GiB":          {Health: h, HeardMs: 900},
		"3.0 GiB (5m ago)": {Health: h, HeardMs: 300_000},
		"-":                {HeardMs: 300_000},
	} {
		if got := diskFree(n); got != want {
			t.Errorf("the free disk of %v is %q, want %q", n, got, want)
		}
	}
}
