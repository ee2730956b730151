package staff_test

import (
	"crypto/sha256"
	"testing"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func wrong() *connect.Request[pb.SignInByPasskeyRequest] {
	return connect.NewRequest(&pb.SignInByPasskeyRequest{Token: []byte("wrong"), Secret: make([]byte, 32)})
}

// A screen that waits hears whom it was signed in as, keeps that in a cookie, and never
// shows the secret to anybody.
func TestScreenWaitsToBeSignedIn(t *testing.T) {
	t.Parallel()
	o := open(t)
	secret := make([]byte, 32)
	secret[5] = 7
	hash := sha256.Sum256(secret)
	news, err := o.sending().AwaitSignIn(t.Context(), connect.NewRequest(&pb.AwaitSignInRequest{Hash: hash[:]}))
	if err != nil {
		t.Fatal(err)
	}
	if !news.Receive() || news.Msg().Staff != 0 {
		t.Fatalf("at first it says %v, %v", news.Msg(), news.Err())
	}
	o.Must(catalogue.SessionOpen, &pb.SessionOpen{Id: 1, Hash: hash[:], LifeMs: stamp.Hour, Label: "till", Token: staffauth.HashOf(o.token)})
	o.Tell()
	if !news.Receive() || news.Msg().Staff != 1 || news.Msg().Until != o.Now()+stamp.Hour {
		t.Fatalf("signed in, it says %v, %v", news.Msg(), news.Err())
	}
	if news.Receive() {
		t.Errorf("and goes on with %v", news.Msg())
	}
	text, _ := staffauth.SessionOf(1, secret)
	a, err := o.as(text).KeepSession(t.Context(), connect.NewRequest(&pb.KeepSessionRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	cookie := a.Header().Get("Set-Cookie")
	if a.Msg.Ref != "li" || cookie == "" {
		t.Errorf("%v is kept as %q", a.Msg, cookie)
	}
	refused(t, o.owner.KeepSession, &pb.KeepSessionRequest{}, code.StaffSecretInvalid) // a token is no session
	short, err := o.sending().AwaitSignIn(t.Context(), connect.NewRequest(&pb.AwaitSignInRequest{Hash: []byte("short")}))
	if err == nil && short.Receive() {
		t.Error("a screen waits for what is no hash")
	}
}
