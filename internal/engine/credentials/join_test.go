package credentials

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// leader lets nodes in as a real one does: the token or the certificate decides,
// each token lets one identity in, a name's next life replaces the last.
type leader struct {
	pbconnect.UnimplementedPeerServiceHandler
	keys    *keystore.Store
	own     *Credentials
	address string

	mu      sync.Mutex
	members map[uint64]*pb.Member
	asked   []*pb.JoinRequest
	// before and after may answer instead; alter may spoil the answer.
	before, after func(q *pb.JoinRequest) error
	alter         func(a *pb.JoinResponse)
}

const clusterID = 7

// lead serves PeerService as the node called n1 until the test ends.
func lead(t *testing.T, keys *keystore.Store) *leader {
	t.Helper()
	return leadAs(t, keys, first(t, keys, "n1"))
}

func leadAs(t *testing.T, keys *keystore.Store, own *Credentials) *leader {
	t.Helper()
	l := &leader{keys: keys, own: own, members: map[uint64]*pb.Member{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.address = listener.Addr().String()
	_, handler := pbconnect.NewPeerServiceHandler(l)
	server := &http.Server{TLSConfig: own.ServerConfig("h2"), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _ := pki.PeerName(*r.TLS)
		handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, name)))
	}), ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return l
}

type callerKey struct{}

func (l *leader) Join(ctx context.Context, r *connect.Request[pb.JoinRequest]) (*connect.Response[pb.JoinResponse], error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := r.Msg
	l.asked = append(l.asked, q)
	if l.before != nil {
		if err := l.before(q); err != nil {
			return nil, err
		}
	}
	tokenID := ""
	if caller, _ := ctx.Value(callerKey{}).(string); caller != q.Name || q.Token != "" {
		token, err := l.keys.Cluster().VerifyJoinToken(q.Token, time.Now(), func(id string) bool { return l.used(id, q) })
		if err != nil {
			return nil, JoinRefusal(fmt.Errorf("let a node in: %w", err))
		}
		tokenID = token.ID
	}
	cert, err := l.keys.Cluster().IssueNode(q.Csr, q.Name, time.Now())
	if err != nil {
		return nil, JoinRefusal(err)
	}
	if had := l.members[q.RaftId]; had != nil {
		tokenID = had.TokenId
	}
	for _, m := range l.members {
		if m.Name == q.Name && m.RaftId != q.RaftId {
			m.Role = pb.MemberRole_MEMBER_ROLE_REMOVED
		}
	}
	l.members[q.RaftId] = &pb.Member{RaftId: q.RaftId, Incarnation: q.Incarnation, Name: q.Name, Address: q.Address,
		Role: pb.MemberRole_MEMBER_ROLE_LEARNER, TokenId: tokenID}
	a := &pb.JoinResponse{ClusterId: clusterID, Cert: cert, Ca: l.keys.Cluster().CA(), Members: &pb.Members{Index: 9}}
	for _, m := range l.members {
		a.Members.Members = append(a.Members.Members, proto.CloneOf(m))
	}
	if a.Keys, err = l.keys.Export(); err != nil {
		return nil, err
	}
	if l.alter != nil {
		l.alter(a)
	}
	if l.after != nil {
		if err := l.after(q); err != nil {
			return nil, err
		}
	}
	return connect.NewResponse(a), nil
}

func (l *leader) used(id string, q *pb.JoinRequest) bool {
	for _, m := range l.members {
		if m.TokenId == id && (m.RaftId != q.RaftId || m.Incarnation != q.Incarnation) {
			return true
		}
	}
	return false
}

// coming is a new machine that wants to join l.
func coming(t *testing.T, l *leader, token string) JoinOptions {
	t.Helper()
	root := t.TempDir()
	return JoinOptions{Dir: filepath.Join(root, "data-credentials"), Data: filepath.Join(root, "data"), Name: "n2", Address: "127.0.0.1:7446",
		Peers: []string{"127.0.0.1:7446", l.address}, Token: token, MaxLevel: 3}
}

func token(t *testing.T, keys *keystore.Store) string {
	t.Helper()
	text, _, err := keys.Cluster().NewJoinToken(time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// refusedBy fails unless err is one clause that contains says, and a hint.
func refusedBy(t *testing.T, err error, says string) {
	t.Helper()
	var fault *Fault
	var wrong *pki.TokenError
	if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") || !errors.As(err, &fault) && !errors.As(err, &wrong) ||
		fault != nil && fault.Hint == "" {
		t.Errorf("got %v, want %q with a hint", err, says)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	l := lead(t, ours())
	opt := coming(t, l, token(t, ours()))
	own, joined, err := Join(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if own.Node() != (Holder{"n2", clusterID, "127.0.0.1:7446"}) || own.Valid() != nil {
		t.Errorf("%+v", own.Node())
	}
	if joined.Identity.ClusterID != clusterID || l.members[joined.Identity.RaftID].GetIncarnation() != joined.Identity.Incarnation {
		t.Errorf("identity %v, members %v", joined.Identity, l.members)
	}
	q := l.asked[0]
	if len(l.asked) != 1 || q.MaxLevel != 3 || CheckClock(q.Wall, time.Now().UnixMilli()) != nil {
		t.Errorf("asked %v", q)
	}
	keys, err := keystore.Open(opt.Data, keystore.Options{})
	if err != nil || keys.Generation() != ours().Generation() {
		t.Fatalf("keystore: %v", err)
	}
	again, err := ReadJoined(opt.Dir)
	if err != nil || again.Identity != joined.Identity || again.Members.Index != 9 || !proto.Equal(again.Members, joined.Members) {
		t.Errorf("read %+v, %v", again, err)
	}
	if _, err := os.Stat(filepath.Join(opt.Dir, joiningFile)); err == nil {
		t.Error("it is still joining")
	}
	// It can talk to the leader as a node now.
	if caller, who, serverErr, clientErr := meet(t, l.own.ServerConfig("p"), own.ClientConfig("p")); caller != "n2" || who != "n1" || serverErr != nil || clientErr != nil {
		t.Errorf("%q met %q, %v, %v", caller, who, serverErr, clientErr)
	}
	if err := ForgetJoined(opt.Dir); err != nil {
		t.Fatal(err)
	}
	if gone, err := ReadJoined(opt.Dir); gone != nil || err != nil || ForgetJoined(opt.Dir) != nil {
		t.Errorf("after forgetting: %v, %v", gone, err)
	}
}

// The answer is lost after the cluster let the node in: asking again with the
// same token is the same question.
func TestJoinAgainAfterALostAnswer(t *testing.T) {
	t.Parallel()
	l := lead(t, ours())
	opt := coming(t, l, token(t, ours()))
	l.after = func(*pb.JoinRequest) error { return connect.NewError(connect.CodeUnavailable, errors.New("no leader")) }
	_, _, err := Join(t.Context(), opt)
	refusedBy(t, err, "no leader")
	l.after = nil
	_, joined, err := Join(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.members) != 1 || l.asked[0].RaftId != joined.Identity.RaftID || l.asked[0].Incarnation != joined.Identity.Incarnation {
		t.Errorf("two lives: %v", l.members)
	}
	// A third time it is still the same: it has not started yet.
	if _, again, err := Join(t.Context(), opt); err != nil || again.Identity != joined.Identity {
		t.Errorf("%v, %v", again, err)
	}
	// Another machine can't use the token.
	other := coming(t, l, opt.Token)
	other.Name = "n3"
	_, _, err = Join(t.Context(), other)
	refusedBy(t, err, "the join token was used by another node")
}

// The data folder is lost: the certificate lets the node in again, as another
// life, without a token, and with one that is used up.
func TestJoinByCertificate(t *testing.T) {
	t.Parallel()
	l := lead(t, ours())
	opt := coming(t, l, token(t, ours()))
	seen := map[uint64]bool{}
	for i, text := range []string{opt.Token, "", opt.Token} {
		opt.Token = text
		_, joined, err := Join(t.Context(), opt)
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if seen[joined.Identity.RaftID] {
			t.Errorf("%d: an earlier life came back", i)
		}
		seen[joined.Identity.RaftID] = true
		if err := errors.Join(ForgetJoined(opt.Dir), os.RemoveAll(opt.Data)); err != nil {
			t.Fatal(err)
		}
	}
}

// The leader does not accept the certificate, of a node that was removed: a token
// helps, and is not shown before.
func TestJoinByTokenWhenTheCertificateIsRefused(t *testing.T) {
	t.Parallel()
	l := lead(t, ours())
	opt := coming(t, l, token(t, ours()))
	if _, _, err := Join(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if err := ForgetJoined(opt.Dir); err != nil {
		t.Fatal(err)
	}
	l.asked = nil
	l.before = func(q *pb.JoinRequest) error {
		if q.Token == "" {
			return JoinRefusal(&Fault{Text: "node n2 was removed", Hint: "join with a token"})
		}
		return nil
	}
	opt.Token = ""
	_, _, err := Join(t.Context(), opt)
	refusedBy(t, err, "node n2 was removed")
	opt.Token = token(t, ours())
	if _, _, err := Join(t.Context(), opt); err != nil || len(l.asked) != 3 || l.asked[1].Token != "" {
		t.Errorf("asked %d times, %v", len(l.asked), err)
	}
}

// The certificate has expired: a token helps, nothing else does.
func TestJoinWithAnExpiredCertificate(t *testing.T) {
	t.Parallel()
	l := lead(t, ours())
	opt := coming(t, l, token(t, ours()))
	own, _, err := Join(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	issuedAt(t, own, ours(), time.Now().AddDate(0, 0, -60))
	if err := ForgetJoined(opt.Dir); err != nil {
		t.Fatal(err)
	}
	opt.Token = ""
	_, _, err = Join(t.Context(), opt)
	refusedBy(t, err, "the certificate of node n2 expired at")
	opt.Token = token(t, ours())
	if own, _, err = Join(t.Context(), opt); err != nil || own.Valid() != nil {
		t.Errorf("with a token: %v", err)
	}
}

// A removed identity is drawn anew once, by itself.
func TestJoinDrawsAFreshIdentity(t *testing.T) {
	t.Parallel()
	l := lead(t, ours())
	opt := coming(t, l, token(t, ours()))
	removed := uint64(0)
	l.before = func(q *pb.JoinRequest) error {
		if removed == 0 || removed == q.RaftId {
			removed = q.RaftId
			return connect.NewError(connect.CodeAborted, errors.New("this node was removed"))
		}
		return nil
	}
	_, joined, err := Join(t.Context(), opt)
	if err != nil || joined.Identity.RaftID == removed || len(l.asked) != 2 {
		t.Errorf("%v; asked %d times", err, len(l.asked))
	}
}

func TestJoinRefusals(t *testing.T) {
	t.Parallel()
	l, stranger := lead(t, ours()), lead(t, theirs())
	expired := first(t, ours(), "n1")
	issuedAt(t, expired, ours(), time.Now().AddDate(0, 0, -60))
	old := leadAs(t, ours(), expired)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	past, _, err := ours().Cluster().NewJoinToken(time.Now().Add(-2*time.Hour), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(o *JoinOptions)) func(o *JoinOptions) { return change }
	for name, c := range map[string]struct {
		change func(o *JoinOptions)
		says   string
	}{
		"no peers":              {with(func(o *JoinOptions) { o.Peers = nil }), "no other node to ask is named"},
		"only itself":           {with(func(o *JoinOptions) { o.Peers = o.Peers[:1] }), "no other node to ask is named"},
		"no token":              {with(func(o *JoinOptions) { o.Token = "" }), "neither credentials nor a join token"},
		"half a token":          {with(func(o *JoinOptions) { o.Token = o.Token[:40] }), "this is no join token"},
		"an expired token":      {with(func(o *JoinOptions) { o.Token = past }), "the join token expired at"},
		"a bad name":            {with(func(o *JoinOptions) { o.Name = "N 2" }), "cannot be a node's name"},
		"another cluster":       {with(func(o *JoinOptions) { o.Peers = []string{stranger.address} }), "is not of the cluster that the join token is for"},
		"nobody there":          {with(func(o *JoinOptions) { o.Peers = []string{closed.Addr().String()} }), "does not answer: dial tcp"},
		"a peer that is old":    {with(func(o *JoinOptions) { o.Peers = []string{old.address} }), "the certificate of node n1 expired at"},
		"two that don't answer": {with(func(o *JoinOptions) { o.Peers = []string{closed.Addr().String(), old.address} }), "no peer lets this node join: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt := coming(t, l, token(t, ours()))
			c.change(&opt)
			_, _, err := Join(t.Context(), opt)
			refusedBy(t, err, c.says)
			if keystore.Exists(opt.Data) || Exists(opt.Dir) {
				t.Error("a refusal left something behind")
			}
			if opt.Token != "" && err != nil && strings.Contains(err.Error(), opt.Token) {
				t.Error("the error shows the token")
			}
		})
	}
}

// Credentials that are there already must be this node's and this cluster's.
func TestJoinOverOtherCredentials(t *testing.T) {
	t.Parallel()
	l := lead(t, ours())
	opt := coming(t, l, token(t, ours()))
	opt.Dir = first(t, ours(), "n3").Dir()
	_, _, err := Join(t.Context(), opt)
	refusedBy(t, err, "are of node n3 and cluster.name is n2")
	opt.Dir = first(t, theirs(), "n2").Dir()
	_, _, err = Join(t.Context(), opt)
	refusedBy(t, err, "are of another cluster than the join token")
	opt.Token = ""
	_, _, err = Join(t.Context(), opt)
	refusedBy(t, err, "another cluster's CA")
	opt = coming(t, l, token(t, ours()))
	if _, err := keystore.CreateFrom(opt.Data, keystore.Options{}, mustExport(t, theirs())); err != nil {
		t.Fatal(err)
	}
	_, _, err = Join(t.Context(), opt)
	refusedBy(t, err, "has keys of another platform")
	if Exists(opt.Dir) {
		t.Error("a refusal left credentials behind")
	}
}

func mustExport(t *testing.T, s *keystore.Store) []byte {
	t.Helper()
	data, err := s.Export()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Nothing is kept of an answer that is not whole.
func TestJoinChecksTheAnswer(t *testing.T) {
	t.Parallel()
	for name, alter := range map[string]func(a *pb.JoinResponse){
		"its CA":           func(a *pb.JoinResponse) { a.Ca = theirs().Cluster().CA() },
		"its cluster id":   func(a *pb.JoinResponse) { a.ClusterId = 0 },
		"its certificate":  func(a *pb.JoinResponse) { a.Cert = a.Ca },
		"no certificate":   func(a *pb.JoinResponse) { a.Cert = nil },
		"the members":      func(a *pb.JoinResponse) { a.Members = nil },
		"another life":     func(a *pb.JoinResponse) { a.Members.Members[0].Incarnation++ },
		"no keys":          func(a *pb.JoinResponse) { a.Keys = nil },
		"a removed member": func(a *pb.JoinResponse) { a.Members.Members[0].Role = pb.MemberRole_MEMBER_ROLE_REMOVED },
	} {
		l := lead(t, ours())
		l.alter = alter
		opt := coming(t, l, token(t, ours()))
		if _, _, err := Join(t.Context(), opt); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if joined, err := ReadJoined(opt.Dir); Exists(opt.Dir) || keystore.Exists(opt.Data) || joined != nil || err != nil {
			t.Errorf("%s: something was kept: %v, %v", name, joined, err)
		}
	}
}

// While no leader is there it goes on asking, and ends with the context.
func TestJoinWaits(t *testing.T) {
	t.Parallel()
	l := lead(t, ours())
	ready := errors.New("no leader")
	l.before = func(*pb.JoinRequest) error {
		if len(l.asked) < 2 {
			return connect.NewError(connect.CodeUnavailable, ready)
		}
		return nil
	}
	opt := coming(t, l, token(t, ours()))
	opt.Wait = time.Minute
	if _, _, err := Join(t.Context(), opt); err != nil || len(l.asked) != 2 {
		t.Errorf("asked %d times, %v", len(l.asked), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l.before = func(*pb.JoinRequest) error { cancel(); return connect.NewError(connect.CodeUnavailable, ready) }
	other := coming(t, l, token(t, ours()))
	other.Wait = time.Hour
	if _, _, err := Join(ctx, other); err == nil {
		t.Error("joined after the context ended")
	}
}

func TestReadJoinedRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing": "", "no object": "[]", "no id": "{}", "no number": `{"cluster_id":"x","raft_id":"1","incarnation":"1"}`,
		"zero": `{"cluster_id":"1","raft_id":"0","incarnation":"1"}`, "role": `{"cluster_id":"1","raft_id":"1","incarnation":"1","members":[{"raft_id":"1","incarnation":"1","role":"KING"}]}`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, joinedFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if j, err := ReadJoined(dir); err == nil {
			t.Errorf("%s: read %+v", name, j)
		}
	}
}

func FuzzReadJoined(f *testing.F) {
	f.Add([]byte(`{"cluster_id":"0000000000000007","raft_id":"1","incarnation":"2","members":[{"raft_id":"1","incarnation":"2","role":"MEMBER_ROLE_VOTER"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		j, ok := parseJoined(text)
		if !ok {
			return
		}
		text, err := formatJoined(j)
		if err != nil {
			t.Fatal(err)
		}
		if again, ok := parseJoined(text); !ok || again.Identity != j.Identity || !proto.Equal(again.Members, j.Members) {
			t.Fatalf("%+v came back as %+v from %s", j, again, text)
		}
	})
}
