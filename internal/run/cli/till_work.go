package cli

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// tillFlags are what commands take that a merchant's people give at their tills.
type tillFlags struct{ node admin.Address }

func (t *tillFlags) flags(fs *flag.FlagSet) {
	fs.StringVar(&t.node.URL, "to", "", "the wallet API's `URL` (HOLDFAST_TILL)")
	fileVar(fs, &t.node.TokenFile, "token-file", "`FILE` with your own token or session (HOLDFAST_TOKEN_FILE)")
	fileVar(fs, &t.node.CAFile, "ca", "`FILE` with the certificate that signed the node's, in PEM (HOLDFAST_CA)")
	fs.DurationVar(&t.node.Timeout, "timeout", 15*time.Second, "give up after this `TIME`; the outcome is then unknown")
}

// address is where to call, as whom.
func (t *tillFlags) address(env *Env) (admin.Address, error) {
	at := t.node
	for name, to := range map[string]*string{"HOLDFAST_TILL": &at.URL, "HOLDFAST_TOKEN_FILE": &at.TokenFile, "HOLDFAST_CA": &at.CAFile} {
		if *to == "" {
			*to = env.Getenv(name)
		}
	}
	if at.URL == "" || at.TokenFile == "" {
		return at, usage("--to https://pay.example.com --token-file li.token", "which platform, and who are you?")
	}
	return at, nil
}

func notDialled(err error) error {
	return usage("the token file is what `holdfast staff token` or `holdfast wallet work signin` wrote; --to is the wallet API's address", "%w", err)
}

func (t *tillFlags) client(env *Env) (pbconnect.TillServiceClient, error) {
	at, err := t.address(env)
	if err != nil {
		return nil, err
	}
	c, err := admin.DialTill(at)
	if err != nil {
		return nil, notDialled(err)
	}
	return c, nil
}

// tillMethod is a call of the till API, written pbconnect.TillServiceClient.Name.
type tillMethod[Q, A any] = func(pbconnect.TillServiceClient, context.Context, *connect.Request[Q]) (*connect.Response[A], error)

// tillCall makes one call and turns its error into a Failure.
func tillCall[Q, A any](ctx context.Context, env *Env, t *tillFlags, m tillMethod[Q, A], q *Q) (*A, error) {
	c, err := t.client(env)
	if err != nil {
		return nil, err
	}
	a, err := m(c, ctx, connect.NewRequest(q))
	if err != nil {
		return nil, env.callError(err)
	}
	return a.Msg, nil
}

// at is a command's run at the till that its first word names.
func (t *tillFlags) at(fs *flag.FlagSet, run func(ctx context.Context, env *Env, till uint64, args []string) error) RunFunc {
	t.flags(fs)
	return func(ctx context.Context, env *Env, args []string) error {
		till, err := tillNumber(args[0])
		if err != nil {
			return err
		}
		return run(ctx, env, till, args)
	}
}

// tillNumber reads our number of a till.
func tillNumber(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, usage("holdfast till list MCHID", "a till is named by its number, not %q", text)
	}
	return n, nil
}

var tillBegin = Command{
	Name: "till begin", Args: "TILL", Short: "begin a shift with a float that was counted", JSON: true,
	Long: `You work the till from now on, and the drawer is yours: cash goes into wallets and comes out
of them within it. --float is what both of you have counted. --number is the shift's
identity, one more than the till's newest has; without it that is looked up first.`,
	Examples: []Example{{"holdfast till begin 7 --float 200.00 --to https://pay.example.com --token-file li.token", "in the morning"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var t tillFlags
		var float amountFlag
		fs.Var(&float, "float", "`YUAN` in the drawer; none without it")
		number := fs.Uint64("number", 0, "the shift's `NUMBER`")
		return t.at(fs, func(ctx context.Context, env *Env, till uint64, _ []string) error {
			q := &pb.OpenShiftRequest{Till: till, Number: *number, Float: int64(float)}
			if q.Number == 0 {
				newest, err := tillCall(ctx, env, &t, pbconnect.TillServiceClient.ListShifts, &pb.ListShiftsRequest{Till: till, Limit: 1})
				if err != nil {
					return err
				}
				q.Number = 1
				if len(newest.Shifts) > 0 {
					q.Number = newest.Shifts[0].Number + 1
				}
			}
			s, err := tillCall(ctx, env, &t, pbconnect.TillServiceClient.OpenShift, q)
			if err != nil {
				return err
			}
			return showShift(env, s)
		})
	},
}

var tillEnd = Command{
	Name: "till end", Args: "TILL", Short: "end a shift with what was counted in the drawer", JSON: true,
	Long: `Count before you look: what must be in the drawer is shown afterwards. What is missing or too
much is a record of the shift, under the name of who worked it. --number is the shift's; without
it the one that is open ends.`,
	Examples: []Example{{"holdfast till end 7 --counted 431.50 --to https://pay.example.com --token-file li.token", "in the evening"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var t tillFlags
		counted := fs.String("counted", "", "`YUAN` that are in the drawer")
		number := fs.Uint64("number", 0, "the shift's `NUMBER`")
		return t.at(fs, func(ctx context.Context, env *Env, till uint64, _ []string) error {
			if *counted == "" {
				return usage("--counted 431.50", "how much is in the drawer? 0.00 if nothing is")
			}
			fen, err := money.Parse(*counted)
			if err != nil {
				return usage("--counted 431.50", "%w", err)
			}
			q := &pb.CloseShiftRequest{Till: till, Number: *number, Counted: fen}
			if q.Number == 0 {
				open, err := tillCall(ctx, env, &t, pbconnect.TillServiceClient.ShowShift, &pb.ShowShiftRequest{Till: till})
				if err != nil {
					return err
				}
				q.Number = open.Number
			}
			s, err := tillCall(ctx, env, &t, pbconnect.TillServiceClient.CloseShift, q)
			if err != nil {
				return err
			}
			return showShift(env, s)
		})
	},
}

var tillShift = Command{
	Name: "till shift", Args: "TILL", Short: "show a till's newest shift, and what was done in cash last", JSON: true,
	Long:     "Shows who works it, what must be in the drawer, and the newest 50 deeds in cash, those that people's own devices asked for too (`holdfast wallet cash`).",
	Examples: []Example{{"holdfast till shift 7 --to https://pay.example.com --token-file li.token", "now"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var t tillFlags
		return t.at(fs, func(ctx context.Context, env *Env, till uint64, _ []string) error {
			s, err := tillCall(ctx, env, &t, pbconnect.TillServiceClient.ShowShift, &pb.ShowShiftRequest{Till: till})
			if err != nil {
				return err
			}
			return showShift(env, s)
		})
	},
}

// missing says what a drawer had too little or too much.
func missing(s *pb.ShiftView) string {
	switch {
	case s.Open:
		return "-"
	case s.Missing > 0:
		return money.Format(s.Missing) + " missing"
	case s.Missing < 0:
		return money.Format(-s.Missing) + " too much"
	}
	return "nothing"
}

func showShift(env *Env, s *pb.ShiftView) error {
	if env.JSON {
		return env.Message(s)
	}
	if s.Number == 0 {
		fmt.Fprintln(env.Err, noShifts)
		return nil
	}
	var b strings.Builder
	fields(&b, "shift", fmt.Sprintf("%d at till %d", s.Number, s.Till), "worked by", s.Staff, "since", when(s.OpenedAt), "ended", choose(s.Open, "", when(s.ClosedAt)),
		"float", money.Format(s.Float), "cash in", money.Format(s.Taken), "cash out", money.Format(s.PaidOut), "must have", money.Format(s.Expected),
		"counted", choose(s.Open, "", money.Format(s.Counted)), "difference", choose(s.Open, "", missing(s)))
	for _, m := range s.Newest {
		fmt.Fprintf(&b, "cash  %s\n", cashLine(m))
	}
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

func cashLine(m *pb.CashView) string {
	standing := ""
	switch {
	case m.UndoneAt != 0:
		standing = "  undone " + when(m.UndoneAt)
	case m.Until != 0:
		standing = "  waiting until " + when(m.Until)
	case m.State != "done":
		standing = "  " + m.State
	}
	return fmt.Sprintf("%s  %s  %s  %s  at %s%s", m.ClientId, m.Kind, money.Format(m.Amount), m.Who, when(m.At), standing)
}

var tillShifts = Command{
	Name: "till shifts", Args: "TILL", Short: "list a till's shifts with what was missing in each", JSON: true,
	Long:     "Lists shifts, the newest first, 50 at a time: who worked each, what the drawer had to have, and the difference that was counted.",
	Examples: []Example{{"holdfast till shifts 7 --to https://pay.example.com --token-file li.token", "the newest 50"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var t tillFlags
		before := fs.Uint64("before", 0, "start before the shift with this `NUMBER`")
		return t.at(fs, func(ctx context.Context, env *Env, till uint64, _ []string) error {
			a, err := tillCall(ctx, env, &t, pbconnect.TillServiceClient.ListShifts, &pb.ListShiftsRequest{Till: till, Before: *before})
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			return printShifts(env, till, a)
		})
	},
}

// noShifts is for a till at which nobody has worked in cash.
const noShifts = "no shifts; begin one: holdfast till begin TILL --float YUAN"

func printShifts(env *Env, till uint64, a *pb.ListShiftsResponse) error {
	if len(a.Shifts) == 0 {
		fmt.Fprintln(env.Err, noShifts)
		return nil
	}
	w := tabwriter.NewWriter(env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SHIFT\tSTAFF\tSINCE\tENDED\tMUST HAVE\tCOUNTED\tDIFFERENCE")
	for _, s := range a.Shifts {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Number, s.Staff, when(s.OpenedAt), when(s.ClosedAt), money.Format(s.Expected), choose(s.Open, "-", money.Format(s.Counted)), missing(s))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if a.Next != 0 {
		fmt.Fprintf(env.Err, "more: holdfast till shifts %d --before %d\n", till, a.Next)
	}
	return nil
}
