package credentials

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/engine/sleep"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// JoinOptions say who wants to join which cluster.
type JoinOptions struct {
	// Dir is the credentials folder; Data the data folder, which gets a keystore
	// sealed under MasterKey ("" is DIR/keys/master.key) and nothing else.
	Dir, Data, MasterKey string
	// Name and Address are the node's: its operator's word, and what peers dial.
	Name, Address string
	// Peers are cluster.address of some nodes, HOST:PORT; its own is left out.
	Peers []string
	// Token is a join token. It may be "" when Dir has valid credentials.
	Token string
	// Reason says why a node that was in the cluster comes anew.
	Reason string
	// MaxLevel is the highest feature level that this binary knows.
	MaxLevel uint32
	// Wait is how long to go on asking while no peer can answer; 0 asks each once.
	Wait time.Duration
	// Logger is told of peers that do not answer; nil for none.
	Logger *slog.Logger
}

// Join asks the peers one after the other to let this node in and keeps what
// they answer: the keystore in the data folder, the credentials, and what
// ReadJoined reads, in this order. Asking again after a crash or a lost answer is
// asking the same, with the same identity; an identity that the cluster has
// removed since (connect.CodeAborted) is drawn anew. A node with valid
// credentials shows them, any other needs a token. Refusals are *Fault or
// *pki.TokenError.
func Join(ctx context.Context, opt JoinOptions) (*Credentials, *Joined, error) {
	j, err := newJoiner(opt)
	if err != nil {
		return nil, nil, err
	}
	if j.id, err = pending(opt.Dir); err != nil {
		return nil, nil, err
	}
	answer, err := j.ask(ctx)
	if connect.IsWireError(err) && connect.CodeOf(err) == connect.CodeAborted {
		if j.id, err = redraw(opt.Dir); err != nil {
			return nil, nil, err
		}
		answer, err = j.ask(ctx)
	}
	if err != nil {
		return nil, nil, refusal(err)
	}
	return j.keep(answer)
}

// joiner is one node on its way in.
type joiner struct {
	JoinOptions
	key *ecdsa.PrivateKey
	id  identity.Identity
	// own is nil without credentials; token nil without a token.
	own   *Credentials
	token *pki.JoinToken
}

func newJoiner(opt JoinOptions) (*joiner, error) {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	j := &joiner{JoinOptions: opt}
	j.Peers = slices.DeleteFunc(slices.Clone(opt.Peers), func(p string) bool { return p == opt.Address })
	if len(j.Peers) == 0 {
		return nil, &Fault{Text: "no other node to ask is named", Hint: "list cluster.address of one node or more in cluster.peers"}
	}
	if !pki.ValidNodeName(opt.Name) {
		return nil, &Fault{Text: fmt.Sprintf("%.70q cannot be a node's name", opt.Name), Hint: "use 1 to 63 of a-z, 0-9 and '-' in cluster.name"}
	}
	var err error
	if opt.Token != "" {
		if j.token, err = pki.ParseJoinToken(opt.Token); err != nil {
			return nil, err
		}
	}
	if Exists(opt.Dir) {
		if j.own, err = Load(opt.Dir); err != nil {
			return nil, err
		}
	}
	if err := j.consistent(); err != nil {
		return nil, err
	}
	j.key, err = ownKey(opt.Dir)
	return j, err
}

// consistent refuses credentials that are not this node's or not the token's
// cluster's, and a node that has nothing to show.
func (j *joiner) consistent() error {
	if j.own != nil && j.own.Node().Name != j.Name {
		return &Fault{Text: fmt.Sprintf("the credentials in %s are of node %s and cluster.name is %s", j.Dir, j.own.Node().Name, j.Name),
			Hint: "set cluster.name or cluster.credentials right"}
	}
	if j.own != nil && j.token != nil && sha256.Sum256(j.own.CA()) != j.token.CA {
		return &Fault{Text: fmt.Sprintf("the credentials in %s are of another cluster than the join token", j.Dir),
			Hint: "make a token on a node of that cluster, or name another folder in cluster.credentials"}
	}
	if j.token != nil {
		return nil
	}
	if j.own == nil {
		return &Fault{Text: "this node has neither credentials nor a join token",
			Hint: "run holdfast cluster token on a node of the cluster and give the token here: cluster.token_file or holdfast cluster join --token-file"}
	}
	return j.own.Valid()
}

// ask goes round the peers until one answers, refuses, or the time is over. An
// error that is a *connect.Error is a peer's word.
func (j *joiner) ask(ctx context.Context) (*pb.JoinResponse, error) {
	csr, err := pki.NewNodeRequest(j.Name, j.key)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	until := time.Now().Add(j.Wait)
	for {
		var none []error
		for _, peer := range j.Peers {
			answer, err := j.askPeer(ctx, peer, csr)
			if err == nil || final(err) {
				return answer, err
			}
			none = append(none, err)
		}
		left := time.Until(until)
		if left <= 0 {
			return nil, noAnswer(none)
		}
		j.Logger.Warn("no peer lets this node join yet; asking again", "err", oneLine(none))
		if sleep.For(ctx, min(left, time.Second)) != nil {
			return nil, noAnswer(none)
		}
	}
}

// noAnswer is what each peer did instead of answering.
func noAnswer(errs []error) error {
	var first *Fault
	if len(errs) == 1 && errors.As(errs[0], &first) {
		return first
	}
	return &Fault{Text: fmt.Sprintf("no peer lets this node join: %s", oneLine(errs)), Cause: errors.Join(append(errs, ErrUnreachable)...),
		Hint: "check cluster.peers, and that those nodes run and have a leader (holdfast cluster status there); asking again is safe"}
}

func oneLine(errs []error) string {
	var b bytes.Buffer
	for i, err := range errs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(err.Error())
	}
	return b.String()
}

// askPeer asks one peer: by the certificate when there is a valid one, because a
// token may be used up; by the token when there is no certificate, or the peer
// does not accept it.
func (j *joiner) askPeer(ctx context.Context, peer string, csr []byte) (*pb.JoinResponse, error) {
	if j.own != nil {
		err := j.own.Valid()
		if err == nil {
			var answer *pb.JoinResponse
			if answer, err = j.call(ctx, peer, csr, "", j.own.ClientConfig(webProtocol)); err == nil {
				return answer, nil
			}
		}
		if j.token == nil || !tokenMayHelp(err) {
			return nil, err
		}
	}
	return j.call(ctx, peer, csr, j.Token, j.token.ClientTLS(webProtocol))
}

// tokenMayHelp says whether it was the certificate that a peer did not accept.
func tokenMayHelp(err error) bool {
	if connect.IsWireError(err) {
		code := connect.CodeOf(err)
		return code == connect.CodeUnauthenticated || code == connect.CodePermissionDenied || code == connect.CodeFailedPrecondition
	}
	return errors.Is(err, ErrExpired) || errors.Is(err, ErrNotYet)
}

// callTimeout bounds one question: letting a node in is a change of members,
// which waits for a majority.
const callTimeout = 15 * time.Second

func (j *joiner) call(ctx context.Context, peer string, csr []byte, token string, config *tls.Config) (*pb.JoinResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	client, closeIdle := peerClient(peer, config)
	defer closeIdle()
	a, err := client.Join(ctx, connect.NewRequest(&pb.JoinRequest{
		Token: token, Name: j.Name, Address: j.Address, RaftId: j.id.RaftID, Incarnation: j.id.Incarnation,
		Csr: csr, Wall: time.Now().UnixMilli(), MaxLevel: j.MaxLevel, Reason: j.Reason,
	}))
	if err != nil {
		return nil, peerError(err, peer, time.Now())
	}
	return a.Msg, nil
}

// keep checks what a peer answered and writes it. What says "joined" comes last.
func (j *joiner) keep(a *pb.JoinResponse) (*Credentials, *Joined, error) {
	defer clear(a.Keys)
	id := j.id
	id.ClusterID = a.ClusterId
	if err := j.checkAnswer(a, id); err != nil {
		return nil, nil, err
	}
	if err := j.keepKeys(a); err != nil {
		return nil, nil, err
	}
	own, err := save(j.Dir, Holder{Name: j.Name, ClusterID: a.ClusterId, Address: j.Address}, a.Ca, a.Cert, time.Now)
	if err != nil {
		return nil, nil, err
	}
	joined := &Joined{Identity: id, Members: a.Members}
	if err := writeJoined(filepath.Join(j.Dir, joinedFile), joined); err != nil {
		return nil, nil, fmt.Errorf("write credentials: %w", err)
	}
	return own, joined, removeFile(filepath.Join(j.Dir, joiningFile))
}

// checkAnswer: the peer has proven itself, so what is wrong here is a bug or
// another version of the program, and nothing is kept of it.
func (j *joiner) checkAnswer(a *pb.JoinResponse, id identity.Identity) error {
	wrong := func(what string) error {
		return &Fault{Text: "the peer's answer cannot be used: " + what, Hint: "use one version of holdfast on all nodes, then join again"}
	}
	ca, err := x509.ParseCertificate(a.Ca)
	if err != nil || j.token != nil && sha256.Sum256(a.Ca) != j.token.CA || j.own != nil && !bytes.Equal(a.Ca, j.own.CA()) {
		return wrong("its CA is not the cluster's")
	}
	if a.ClusterId == 0 || j.own != nil && j.own.Node().ClusterID != 0 && j.own.Node().ClusterID != a.ClusterId {
		return wrong("its cluster id is not the cluster's")
	}
	l := &loaded{node: Holder{Name: j.Name}, ca: ca, key: j.key, pool: x509.NewCertPool()}
	l.pool.AddCert(ca)
	if _, err := l.with(a.Cert); err != nil {
		return wrong("its certificate is not this node's")
	}
	if !slices.ContainsFunc(a.Members.GetMembers(), func(m *pb.Member) bool {
		return m.RaftId == id.RaftID && m.Incarnation == id.Incarnation && m.Role != pb.MemberRole_MEMBER_ROLE_REMOVED
	}) {
		return wrong("this node is not among the members")
	}
	return nil
}

func (j *joiner) keepKeys(a *pb.JoinResponse) error {
	opt := keystore.Options{MasterKey: j.MasterKey}
	var keys *keystore.Store
	var err error
	if keystore.Exists(j.Data) {
		if keys, err = keystore.Open(j.Data, opt); err == nil {
			err = keys.Import(a.Keys)
		}
	} else {
		keys, err = keystore.CreateFrom(j.Data, opt, a.Keys)
	}
	if errors.Is(err, keystore.ErrOtherPlatform) {
		return &Fault{Text: "the data folder " + j.Data + " has keys of another platform", Hint: "name an empty folder in data", Cause: err}
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(keys.Cluster().CA(), a.Ca) {
		return &Fault{Text: "the keys that the peer sent are not of its own cluster", Hint: "look into its log"}
	}
	return nil
}
