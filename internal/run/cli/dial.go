package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// Dial is what a person said about where the node is; empty fields are looked
// up in the environment and then in the data folder.
type Dial struct {
	URL       string
	TokenFile string
	CAFile    string
	Data      string
	Timeout   time.Duration
}

func (d *Dial) flags(fs *flag.FlagSet) {
	fs.StringVar(&d.URL, "admin", d.URL, "`URL` of the node's admin address (HOLDFAST_ADMIN, else DIR/admin.url)")
	fileVar(fs, &d.TokenFile, "token-file", "`FILE` with the bearer token (HOLDFAST_TOKEN_FILE, else DIR/admin.token)")
	fileVar(fs, &d.CAFile, "ca", "`FILE` with the certificate that signed the node's, in PEM (HOLDFAST_CA)")
	fs.StringVar(&d.Data, "data", d.Data, dataHelp)
	fs.DurationVar(&d.Timeout, "timeout", 15*time.Second, "give up after this `TIME`; the outcome is then unknown")
}

// Client finds the node and returns its admin API.
func (e *Env) Client() (pbconnect.AdminServiceClient, error) {
	a, err := e.address()
	if err != nil {
		return nil, err
	}
	client, err := admin.Dial(a)
	if err != nil {
		return nil, noToken(err)
	}
	return client, nil
}

// Desk is Client for what operators call about themselves.
func (e *Env) Desk() (pbconnect.StaffServiceClient, error) {
	a, err := e.address()
	if err != nil {
		return nil, err
	}
	client, err := admin.DialStaff(a)
	if err != nil {
		return nil, noToken(err)
	}
	return client, nil
}

func noToken(err error) error {
	return usage("the token file is DIR/admin.token of the node, or an operator's own; --token-file names another", "%w", err)
}

// address finds the node.
func (e *Env) address() (admin.Address, error) {
	d := e.Node
	pick := func(given *string, name, otherwise string) {
		if *given == "" {
			*given = e.Getenv(name)
		}
		if *given == "" {
			*given = otherwise
		}
	}
	pick(&d.URL, "HOLDFAST_ADMIN", "")
	pick(&d.TokenFile, "HOLDFAST_TOKEN_FILE", "")
	pick(&d.CAFile, "HOLDFAST_CA", "")
	if d.URL == "" || d.TokenFile == "" {
		if err := d.lookUp(e); err != nil {
			return admin.Address{}, err
		}
	}
	return admin.Address{URL: d.URL, TokenFile: d.TokenFile, CAFile: d.CAFile, Timeout: d.Timeout}, nil
}

// lookUp reads in the data folder what was not given.
func (d *Dial) lookUp(e *Env) error {
	dir, err := dataDir(e, d.Data)
	if err != nil {
		return err
	}
	node := nodeFolder(dir)
	if d.TokenFile == "" {
		d.TokenFile = admin.TokenFile(node)
	}
	if d.URL != "" {
		return nil
	}
	if d.URL, err = admin.ReadURL(node); err != nil {
		return failure(ExitUnreachable, "start it with `holdfast dev` or `holdfast serve`, or name it: --admin URL, or --data DIR of a running node", "%w", err)
	}
	return nil
}

// method is a call of the admin API, written pbconnect.AdminServiceClient.Name.
type method[Q, A any] = func(pbconnect.AdminServiceClient, context.Context, *connect.Request[Q]) (*connect.Response[A], error)

// call makes one admin call and turns its error into a Failure that speaks the
// person's language.
func call[Q, A any](ctx context.Context, env *Env, m method[Q, A], q *Q) (*A, error) {
	client, err := env.Client()
	if err != nil {
		return nil, err
	}
	answer, err := m(client, ctx, connect.NewRequest(q))
	if err != nil {
		return nil, env.callError(err)
	}
	return answer.Msg, nil
}

// callError explains what a node answered, or that it did not.
func (e *Env) callError(err error) error {
	if c, ok := rpc.CodeOf(err); ok {
		exit, hint := ExitRefused, retryHint(c)
		if class := c.Class(); class == code.InDoubt || class == code.Fault {
			exit = ExitUnreachable
		}
		return &Failure{Exit: exit, Msg: fmt.Sprintf("%s: %s", c, e.Sentence(c)), Hint: hint, Cause: err}
	}
	var ce *connect.Error
	if !errors.As(err, &ce) {
		return err
	}
	switch ce.Code() {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeCanceled:
		return &Failure{Exit: ExitUnreachable, Msg: "the node did not answer: " + ce.Message(),
			Hint: "is it running? `holdfast status` tells; repeating a command is safe, nothing is done twice", Cause: err}
	case connect.CodeUnauthenticated:
		return &Failure{Exit: ExitRefused, Msg: ce.Message(), Hint: "use the token file of this node, or your own: --token-file FILE", Cause: err}
	}
	return &Failure{Exit: ExitRefused, Msg: ce.Message(), Hint: admin.HintOf(err), Cause: err}
}

func retryHint(c code.Code) string {
	i, _ := code.Lookup(c)
	switch i.Retry {
	case code.Same:
		return "repeat the same command later"
	case code.Query:
		return "look first (`holdfast inspect`), then repeat the same command: nothing is done twice"
	}
	return ""
}
