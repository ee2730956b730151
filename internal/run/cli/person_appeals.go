package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var personAppeals = Command{
	Name: "person appeals", Short: "list what blocked people say against it", JSON: true, Admin: true,
	Long: "Lists the appeals that nobody has decided, oldest first, with the person's own words.",
	Examples: []Example{
		{"holdfast person appeals", "what waits"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		limit := fs.Uint("limit", 100, "at most `N`, up to 1,000")
		return func(ctx context.Context, env *Env, _ []string) error {
			a, err := call(ctx, env, pbconnect.AdminServiceClient.AppealList, &pb.AdminAppealListRequest{Limit: uint32(min(*limit, 1000))})
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			var b strings.Builder
			for _, appeal := range a.Appeals {
				fmt.Fprintf(&b, "person %d, blocked since %s: %s (told: %s)\n", appeal.Uid, when(appeal.BlockedAt), appeal.BlockReason, appeal.Why)
				printAppeal(&b, appeal)
			}
			if len(a.Appeals) == 0 {
				b.WriteString("no appeal waits\n")
			}
			_, err = env.Out.Write([]byte(b.String()))
			return err
		}
	},
}

// printAppeal prints one appeal, if there is one.
func printAppeal(b *strings.Builder, a *pb.AppealShown) {
	if a == nil {
		return
	}
	fmt.Fprintf(b, "appeal %d of %s, %s", a.Number, when(a.FiledAt), a.State)
	if a.DecidedAt != 0 {
		fmt.Fprintf(b, " %s", when(a.DecidedAt))
	}
	fmt.Fprintf(b, "\n  %s\n", strings.ReplaceAll(a.Words, "\n", "\n  "))
	if a.Answer != "" {
		fmt.Fprintf(b, "  answer: %s\n", strings.ReplaceAll(a.Answer, "\n", "\n  "))
	}
}

var personDecide = Command{
	Name: "person decide", Args: "[REF]", Short: "decide a person's appeal", JSON: true, Admin: true,
	Long: `Decides the appeal that waits: --grant lets the person go on, --uphold keeps the block.
--number is the appeal's as ` + "`person appeals`" + ` shows it, so that the one decided is the
one that was read. The person reads --answer.`,
	Examples: []Example{
		{"holdfast person decide --uid 17 --number 1 --grant --answer 'You were right; we are sorry.'", "the person may go on"},
		{"holdfast person decide --uid 17 --number 1 --uphold --answer 'Bring your ID to a branch.'", "the block stays"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminAppealDecideRequest
		fs.Uint64Var(&q.Uid, "uid", 0, "our `NUMBER` of the person instead of a reference")
		fs.Uint64Var(&q.Number, "number", 0, "the appeal's `NUMBER`")
		fs.StringVar(&q.Answer, "answer", "", "what the person reads: `TEXT`, at most 500 characters")
		fs.BoolVar(&q.Grant, "grant", false, "let the person go on")
		uphold := fs.Bool("uphold", false, "keep the block")
		return func(ctx context.Context, env *Env, args []string) (err error) {
			if q.PersonRef, err = whichPerson(args, q.Uid); err != nil {
				return err
			}
			if q.Grant == *uphold {
				return usage("--grant or --uphold", "decide one way")
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.AppealDecide, &q)
			if err != nil {
				return err
			}
			return showPerson(env, a)
		}
	},
}

var personGrade = Command{
	Name: "person grade", Args: "[REF]", Short: "say how well a person is known", JSON: true, Admin: true,
	Long: `Limits are per grade (` + "`holdfast limits list`" + `): 1 is a phone number alone, 2 a name that was
checked, 3 a document that was seen; an operator may use up to 9.`,
	Examples: []Example{
		{"holdfast person grade --uid 17 --grade 2", "the name was checked"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminPersonGradeRequest
		fs.Uint64Var(&q.Uid, "uid", 0, "our `NUMBER` of the person instead of a reference")
		grade := fs.Uint("grade", 0, "`N`, 1 to 9")
		return func(ctx context.Context, env *Env, args []string) (err error) {
			if q.PersonRef, err = whichPerson(args, q.Uid); err != nil {
				return err
			}
			if q.Grade = uint32(min(*grade, 10)); q.Grade == 0 {
				return usage("--grade 2", "which grade?")
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.PersonGrade, &q)
			if err != nil {
				return err
			}
			return showPerson(env, a)
		}
	},
}

var personErase = Command{
	Name: "person erase", Args: "UID", Short: "erase a person's details for good", JSON: true, Admin: true,
	Long: `Name, phone number and e-mail are gone on every node within a second, with the key they
were sealed under; devices, PIN and passkeys end. The account stays, and what the books
say of it. Nobody can undo it: --yes-erase repeats the number, so that a slip of the
hand erases nobody.`,
	Examples: []Example{
		{"holdfast person erase 17 --yes-erase 17", "after the person asked for it, and was told what it means"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		again := fs.String("yes-erase", "", "the same `UID` once more")
		return func(ctx context.Context, env *Env, args []string) error {
			uid, err := readUID(args[0])
			if err != nil {
				return err
			}
			if *again != args[0] {
				return usage("holdfast person erase "+args[0]+" --yes-erase "+args[0], "this can't be undone; say the number again")
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.PersonErase, &pb.AdminPersonShowRequest{Uid: uid})
			if err != nil {
				return err
			}
			return showPerson(env, a)
		}
	},
}
