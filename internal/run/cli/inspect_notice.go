package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var inspectNotice = Command{
	Name: "inspect notice", Args: "ID", Short: "a notice with its attempts and what the merchant decrypts", JSON: true, Admin: true,
	Long: "ID is the notice's number, or the event id (`id` in the notice's envelope) as the merchant logs it.",
	Examples: []Example{
		{"holdfast inspect notice 42", "why has the merchant not got it?"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		q := inspectFlags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			q.Id = args[0]
			a, err := call(ctx, env, pbconnect.AdminServiceClient.InspectNotice, q)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			var b strings.Builder
			n := a.Notice
			fields(&b, "event id", a.EventId, "event type", a.EventType, "merchant", n.Mchid, "tells of", fmt.Sprintf("%s/%d", word(n.Subject.GetKind()), n.Subject.GetId()),
				"owed since", when(n.CreatedAt))
			printNotices(&b, []*pb.NoticeShown{n})
			printSteps(&b, a.Steps)
			fmt.Fprintf(&b, "plaintext  %s\n", a.Plaintext)
			return write(env, &b)
		}
	},
}
