package cli

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var staffPasskeys = Command{
	Name: "staff passkeys", Args: "REF", Short: "list what a member of staff signs in with, and remove it", JSON: true, Admin: true,
	Long: `Lists the passkeys that the member has added on a page that they were signed in on. --end ID
removes one with the sessions that it opened; the beginning of the ID will do.`,
	Examples: []Example{
		{"holdfast staff passkeys wang", "which, and when each was used last"},
		{"holdfast staff passkeys wang --end 3f9a", "a lost laptop's"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		member := memberFlags(fs)
		end := fs.String("end", "", "remove the one whose `ID` begins so")
		return func(ctx context.Context, env *Env, args []string) error {
			m, err := call(ctx, env, pbconnect.AdminServiceClient.StaffShow, member(args))
			if err != nil {
				return err
			}
			if *end != "" {
				key, err := beginning(m.Passkeys, (*pb.MemberPasskeyShown).GetCredential, *end, m.Ref+"'s passkeys", "holdfast staff passkeys "+m.Ref)
				if err != nil {
					return err
				}
				q := &pb.AdminStaffEndPasskeyRequest{Member: member(args), Credential: key}
				if m, err = call(ctx, env, pbconnect.AdminServiceClient.StaffEndPasskey, q); err != nil {
					return err
				}
			}
			return showPasskeys(env, m)
		}
	},
}

func showPasskeys(env *Env, m *pb.StaffShown) error {
	if env.JSON {
		return env.Message(m)
	}
	if len(m.Passkeys) == 0 {
		fmt.Fprintln(env.Err, "no passkey")
		return nil
	}
	var b strings.Builder
	printPasskeys(&b, m)
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

func printPasskeys(b *strings.Builder, m *pb.StaffShown) {
	for _, k := range m.Passkeys {
		fmt.Fprintf(b, "passkey  %.8x  %s  since %s%s\n", k.Credential, k.Label, when(k.AddedAt), choose(k.UsedAt != 0, "  last used "+when(k.UsedAt), "  never used"))
	}
}

// signsInBy says in a word or two how a member signs in.
func signsInBy(m *pb.StaffShown) string {
	var ways []string
	for way, has := range map[string]bool{"token": m.TokenAt != 0, "passkey": len(m.Passkeys) > 0, "wallet": m.Uid != 0} {
		if has && m.EndedAt == 0 {
			ways = append(ways, way)
		}
	}
	slices.Sort(ways)
	return cmp.Or(strings.Join(ways, " "), "-")
}
