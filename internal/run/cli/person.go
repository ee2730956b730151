package cli

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// showPerson prints a person with openids and balance.
func showPerson(env *Env, a *pb.AdminPerson) error {
	if env.JSON {
		return env.Message(a)
	}
	var b strings.Builder
	p := a.Person
	fields(&b, "person", fmt.Sprintf("%d  %s", p.GetUid(), cmp.Or(p.GetName(), "("+p.GetMissing()+")")), "phone", p.GetPhone(), "ref", p.GetRef(), "since", when(p.GetCreatedAt()),
		"blocked", choose(p.GetBlocked(), cmp.Or(p.GetBlockReason(), "yes"), ""), "told", p.GetBlockWhy(), "blocked since", choose(p.GetBlocked(), when(p.GetBlockedAt()), ""),
		"e-mail", p.GetEmail(), "grade", choose(a.Grade > 0, strconv.Itoa(int(a.Grade)), ""))
	printAppeal(&b, a.Appeal)
	for _, o := range p.GetOpenids() {
		fmt.Fprintf(&b, "openid  %s  for %s\n", o.Openid, o.Appid)
	}
	printAccounts(&b, a.Accounts)
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

// amountFlag reads an amount in yuan.
type amountFlag int64

func (a *amountFlag) String() string {
	if a == nil || *a == 0 {
		return ""
	}
	return money.Format(int64(*a))
}

// Set implements flag.Value.
func (a *amountFlag) Set(s string) error {
	fen, err := money.Parse(s)
	if err != nil {
		return err
	}
	if fen <= 0 {
		return fmt.Errorf("an amount is more than 0.00")
	}
	*a = amountFlag(fen)
	return nil
}

var personShow = Command{
	Name: "person show", Args: "[REF]", Short: "show a person with openids and balance", JSON: true, Admin: true,
	Long: "Names the person by the operator's own reference, or by --uid.",
	Examples: []Example{
		{"holdfast person show alice", "by the reference given at `person add`"},
		{"holdfast person show --uid 17", "by our number, as postings name it"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		uid := fs.Uint64("uid", 0, "our `NUMBER` of the person instead of a reference")
		return func(ctx context.Context, env *Env, args []string) error {
			ref, err := whichPerson(args, *uid)
			if err != nil {
				return err
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.PersonShow, &pb.AdminPersonShowRequest{Uid: *uid, Ref: ref})
			if err != nil {
				return err
			}
			return showPerson(env, a)
		}
	},
}

// readUID reads our number of a person.
func readUID(text string) (uint64, error) {
	uid, err := strconv.ParseUint(text, 10, 64)
	if err != nil || uid == 0 {
		return 0, usage("our number of the person, as `person show` has it", "%q is no uid", text)
	}
	return uid, nil
}

// whichPerson demands exactly one of a reference and a number.
func whichPerson(args []string, uid uint64) (ref string, err error) {
	if len(args) > 0 {
		ref = args[0]
	}
	if (ref == "") == (uid == 0) {
		return "", usage("a reference, or --uid NUMBER", "name the person one way")
	}
	return ref, nil
}
