package cli

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
	"github.com/holdfast-pay/holdfast/walletclient"
)

var walletWorkList = Command{
	Name: "wallet work list", Short: "list where you work, and where you are signed in", JSON: true,
	Long:     "Lists the members of staff that your wallet signs in for: the owner of each shop of yours, and whatever an operator named you for.",
	Examples: []Example{{"holdfast wallet work list", "with the sessions that are open"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		return func(ctx context.Context, env *Env, _ []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			list, err := walletCall(ctx, env, c.ListWork, &pb.ListWorkRequest{})
			if err != nil {
				return err
			}
			return showWork(env, list)
		}
	},
}

func showWork(env *Env, list *pb.ListWorkResponse) error {
	if env.JSON {
		return env.Message(list)
	}
	if len(list.Work) == 0 {
		fmt.Fprintln(env.Err, "your wallet signs in for nobody; a shop of your own makes you its owner: holdfast wallet shop apply")
		return nil
	}
	w := tabwriter.NewWriter(env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "STAFF\tMERCHANT\tNAME\tROLES\tSESSION\tUNTIL\tWHERE")
	for _, v := range list.Work {
		who := fmt.Sprintf("%d\t%s\t%s\t%s", v.Staff, choose(v.Mchid != "", v.Mchid, "-"), choose(v.Merchant != "", v.Merchant, v.Ref), strings.Join(v.Roles, " "))
		if len(v.Sessions) == 0 {
			fmt.Fprintf(w, "%s\t-\t-\t-\n", who)
		}
		for _, s := range v.Sessions {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", who, s.Number, when(s.Until), s.Label)
		}
	}
	return w.Flush()
}

var walletWorkSignIn = Command{
	Name: "wallet work signin", Args: "[CODE]", Short: "sign in where you work, with your wallet", JSON: true,
	Long: `Nobody has to hand out a token. With CODE, the sign-in code that a till's tablet shows, the
tablet is signed in. Without it what opens is written to --out FILE, and takes a token's place
in --token-file. Where you work in several places, --staff says in which. It asks for your PIN.`,
	Examples: []Example{
		{"holdfast wallet work signin https://pay.example.com/signin#Zk9...", "the tablet in front of you"},
		{"holdfast wallet work signin --out shop.token", "this terminal, for `holdfast till`"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		var out string
		w.flags(fs)
		q := &pb.SignInStaffRequest{}
		fs.Uint64Var(&q.Staff, "staff", 0, "the `NUMBER` that `wallet work list` shows; not needed where there is but one")
		fs.StringVar(&q.Label, "label", "", "`WHERE` it is, as it is listed")
		life := fs.Duration("for", 12*time.Hour, "how long, a `TIME` of a minute to 720h; 24h at most for operators")
		fileVar(fs, &out, "out", "write it to this new `FILE`")
		pin := pinFlag(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			if (len(args) == 0) == (out == "") {
				return usage("holdfast wallet work signin CODE, or --out FILE", "what is to be signed in: a screen that shows a CODE, or this terminal?")
			}
			c, err := w.client(env)
			if err != nil {
				return err
			}
			if q.Staff, err = onlyWork(ctx, env, c, q.Staff); err != nil {
				return err
			}
			q.LifeS = int64(*life / time.Second)
			if len(args) > 0 {
				return signInScreen(ctx, env, c, *pin, q, args[0])
			}
			return signInHere(ctx, env, c, *pin, q, out)
		}
	},
}

// onlyWork is the member that was named, or the only one there is.
func onlyWork(ctx context.Context, env *Env, c *walletclient.Client, named uint64) (uint64, error) {
	if named != 0 {
		return named, nil
	}
	list, err := walletCall(ctx, env, c.ListWork, &pb.ListWorkRequest{})
	if err != nil {
		return 0, err
	}
	if len(list.Work) != 1 {
		return 0, usage("holdfast wallet work list, then --staff NUMBER", "your wallet signs in for %d members of staff; say for which", len(list.Work))
	}
	return list.Work[0].Staff, nil
}

func signInScreen(ctx context.Context, env *Env, c *walletclient.Client, pin string, q *pb.SignInStaffRequest, code string) error {
	if q.Hash = paylink.ReadSignInCode(code); q.Hash == nil {
		return usage("the link of the code that the screen shows", "%q is no sign-in code", code)
	}
	v, err := signIn(ctx, env, c, pin, q)
	if err != nil {
		return err
	}
	return showWork(env, &pb.ListWorkResponse{Work: []*pb.WorkView{v}})
}

// signInHere draws the secret itself; what opens goes into a file alone.
func signInHere(ctx context.Context, env *Env, c *walletclient.Client, pin string, q *pb.SignInStaffRequest, out string) error {
	to, err := secretFile(out)
	if err != nil {
		return err
	}
	var secret [staff.SecretSize]byte
	rand.Read(secret[:])
	text, hash := staffauth.SessionOf(q.Staff, secret[:])
	q.Hash = hash
	v, err := signIn(ctx, env, c, pin, q)
	if err != nil {
		return to.drop(err)
	}
	return to.put(env, text, "session", v)
}

func signIn(ctx context.Context, env *Env, c *walletclient.Client, pin string, q *pb.SignInStaffRequest) (v *pb.WorkView, err error) {
	err = withPIN(ctx, env, c, pin, func(grant uint64) error {
		q.Grant = grant
		v, err = c.SignInStaff(ctx, q)
		return err
	})
	if err != nil {
		return nil, env.walletError(err)
	}
	return v, nil
}

var walletWorkEnd = Command{
	Name: "wallet work end", Args: "STAFF", Short: "sign out from afar where you work", JSON: true,
	Long: "STAFF is the number that `wallet work list` shows. Ends all of its sessions, or with --session one: a tablet that was lost knows nothing any more.",
	Examples: []Example{
		{"holdfast wallet work end 17 --session 3", "the tablet that was stolen"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		q := &pb.EndWorkSessionRequest{}
		fs.Uint64Var(&q.Number, "session", 0, "this one, by its `NUMBER`")
		return func(ctx context.Context, env *Env, args []string) (err error) {
			if q.Staff, err = numberOf("staff", args[0], "holdfast wallet work list"); err != nil {
				return err
			}
			c, err := w.client(env)
			if err != nil {
				return err
			}
			v, err := walletCall(ctx, env, c.EndWorkSession, q)
			if err != nil {
				return err
			}
			return showWork(env, &pb.ListWorkResponse{Work: []*pb.WorkView{v}})
		}
	},
}
