package cli

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var redeliver = Command{
	Name: "redeliver", Args: "[NOTICE]", Short: "send a notice again, or all of a merchant's in a time range", JSON: true, Admin: true,
	Long: `A delivered or parked notice is owed again and goes out with the next free slot of
its merchant's lane, with the same id and the same content. Notices still being
delivered are left alone. With --mchid the range --from .. --to takes all of that
merchant's ended notices (delivered or parked), by the time they were first owed;
one with more than 10,000 of them, or 200,000 of all merchants, is refused.`,
	Examples: []Example{
		{"holdfast redeliver 42", "one notice, by its number or event id"},
		{"holdfast redeliver --mchid 1900000001 --from 2026-03-01T20:00:00+08:00 --to 2026-03-01T21:00:00+08:00", "after the merchant lost an hour"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.RedeliverRequest
		fs.StringVar(&q.Mchid, "mchid", "", "all ended notices of this `MCHID` in the range")
		fs.Func("from", "start of the range, RFC 3339 `TIME`", moment(&q.From))
		fs.Func("to", "end of the range, RFC 3339 `TIME`; now when left out", moment(&q.To))
		return func(ctx context.Context, env *Env, args []string) error {
			if len(args) > 0 {
				q.Notice = args[0]
			}
			if (q.Notice == "") == (q.Mchid == "") || q.Mchid != "" && q.From == 0 {
				return usage("holdfast redeliver NOTICE, or --mchid MCHID --from TIME [--to TIME]", "name one notice, or a merchant and a range")
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.Redeliver, &q)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			for _, id := range a.Notices {
				fmt.Fprintf(env.Out, "notice %d is owed again\n", id)
			}
			if len(a.Notices) == 0 {
				fmt.Fprintln(env.Err, "no ended notice in the range")
			}
			return nil
		}
	},
}

// moment reads RFC 3339 into Unix milliseconds.
func moment(to *int64) func(string) error {
	return func(s string) error {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return fmt.Errorf("it is not a time like 2026-03-01T20:00:00+08:00")
		}
		*to = t.UnixMilli()
		return nil
	}
}
