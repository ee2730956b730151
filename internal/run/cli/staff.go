package cli

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/edge/drawing"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// roleFlag reads roles by name; it may be repeated.
type roleFlag []pb.StaffRole

func (r *roleFlag) String() string {
	if r == nil {
		return ""
	}
	return roleNames(*r)
}

// Set implements flag.Value.
func (r *roleFlag) Set(s string) error {
	role, ok := rpc.Value[pb.StaffRole](strings.ReplaceAll(s, "-", "_"))
	if !ok || role == 0 {
		return fmt.Errorf("a role is one of %s", roleNames(allRoles()))
	}
	*r = append(*r, role)
	return nil
}

func allRoles() (all []pb.StaffRole) {
	for n := range pb.StaffRole_name {
		if n != 0 {
			all = append(all, pb.StaffRole(n))
		}
	}
	slices.Sort(all)
	return all
}

func roleNames(roles []pb.StaffRole) string {
	var names []string
	for _, r := range roles {
		names = append(names, strings.ReplaceAll(rpc.Word(r), "_", "-"))
	}
	return strings.Join(names, " ")
}

const (
	roleHelp     = "a `ROLE`: on-call, support, finance, read-only or field for operators; owner, cashier or developer for a merchant's people; may be repeated"
	merchantHelp = "the merchant whose own person it is, by `MCHID`; without it an operator"
)

// memberFlags declare how a member is named.
func memberFlags(fs *flag.FlagSet) func(args []string) *pb.AdminStaffRequest {
	merchant := fs.String("merchant", "", merchantHelp)
	return func(args []string) *pb.AdminStaffRequest {
		return &pb.AdminStaffRequest{Mchid: *merchant, Ref: args[0]}
	}
}

// showMember prints a member with the sessions that are open.
func showMember(env *Env, m *pb.StaffShown) error {
	if env.JSON {
		return env.Message(m)
	}
	var b strings.Builder
	name := m.Name
	if m.Missing != "" {
		name = "(" + m.Missing + ")"
	}
	fields(&b,
		"staff", fmt.Sprintf("%d  %s", m.Id, m.Ref), "merchant", m.Mchid, "name", name, "phone", m.Phone, "e-mail", m.Email,
		"roles", roleNames(m.Roles), "person", choose(m.Uid != 0, fmt.Sprint(m.Uid), ""), "since", when(m.CreatedAt),
		"token", choose(m.TokenAt != 0, "made "+when(m.TokenAt), "none"), "ended", choose(m.EndedAt != 0, when(m.EndedAt), ""))
	printPasskeys(&b, m)
	printSessions(&b, m)
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

func printSessions(b *strings.Builder, m *pb.StaffShown) {
	for _, s := range m.Sessions {
		fmt.Fprintf(b, "session  %d  %s  since %s until %s%s\n", s.Number, cmp.Or(s.Label, "-"), when(s.OpenedAt), when(s.Until), choose(s.ByDevice, "  by wallet", choose(s.ByPasskey, "  by passkey", "  by token")))
	}
}

var staffAdd = Command{
	Name: "staff add", Args: "REF", Short: "add an operator, or one of a merchant's own people", JSON: true, Admin: true,
	Long: `REF is a short name (1 to 64 of 0-9 A-Z a-z _ -) under which the member is listed; it
is never given to anybody else, and stands in the journal, so take none that says
who it is. Name, phone and e-mail are sealed. Adding the same member again changes
nothing. A member can do nothing before ` + "`holdfast staff token`" + ` has made a token.`,
	Examples: []Example{
		{"holdfast staff add wang --role support --name 王小明", "an operator"},
		{"holdfast staff add till-2 --merchant 1900000001 --role cashier", "somebody at a merchant's till"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminStaffAddRequest
		var roles roleFlag
		fs.Var(&roles, "role", roleHelp)
		fs.StringVar(&q.Mchid, "merchant", "", merchantHelp)
		fs.StringVar(&q.Name, "name", "", "the member's `NAME`")
		fs.StringVar(&q.Phone, "phone", "", "the member's phone `NUMBER`")
		fs.StringVar(&q.Email, "email", "", "the member's e-mail `ADDRESS`")
		fs.Uint64Var(&q.Uid, "uid", 0, "our `NUMBER` of the person whose wallet signs in for the member")
		return func(ctx context.Context, env *Env, args []string) error {
			if q.Ref, q.Roles = args[0], roles; len(roles) == 0 {
				return usage("--role support", "what may the member do? name a --role")
			}
			m, err := call(ctx, env, pbconnect.AdminServiceClient.StaffAdd, &q)
			if err != nil {
				return err
			}
			return showMember(env, m)
		}
	},
}

var staffList = Command{
	Name: "staff list", Short: "list operators, or a merchant's people", JSON: true, Admin: true,
	Long: "Lists members in the order in which they were added, those who were ended too.",
	Examples: []Example{
		{"holdfast staff list", "operators"},
		{"holdfast staff list --merchant 1900000001", "a merchant's own people"},
		{"holdfast staff list --all --after 100", "everybody, from the 101st on"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminStaffListRequest
		fs.StringVar(&q.Mchid, "merchant", "", "the people of this merchant, by `MCHID`; without it operators")
		fs.BoolVar(&q.All, "all", false, "operators and all merchants' people")
		fs.Uint64Var(&q.After, "after", 0, "start after the member with this `NUMBER`")
		limit := fs.Uint("limit", 100, "at most `N` members, up to 1,000")
		return func(ctx context.Context, env *Env, _ []string) error {
			q.Limit = uint32(min(*limit, 1000))
			a, err := call(ctx, env, pbconnect.AdminServiceClient.StaffList, &q)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			return printMembers(env, a)
		}
	},
}

func printMembers(env *Env, a *pb.ListMembersResponse) error {
	if len(a.Members) == 0 {
		fmt.Fprintln(env.Err, "nobody; add somebody: holdfast staff add REF --role support")
		return nil
	}
	w := tabwriter.NewWriter(env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tREF\tMERCHANT\tROLES\tSIGNS IN BY\tSESSIONS\tENDED")
	for _, m := range a.Members {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", m.Id, m.Ref, cmp.Or(m.Mchid, "-"), roleNames(m.Roles), signsInBy(m), len(m.Sessions), choose(m.EndedAt != 0, "yes", "no"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if a.Next != 0 {
		fmt.Fprintf(env.Err, "more: holdfast staff list --after %d\n", a.Next)
	}
	return nil
}

var staffShow = Command{
	Name: "staff show", Args: "REF", Short: "show a member of staff with roles and sessions", JSON: true, Admin: true,
	Long:     "Shows who it is, what they may do, how they sign in, and where they are. A token itself is never shown again.",
	Examples: []Example{{"holdfast staff show wang", "an operator"}, {"holdfast staff show till-2 --merchant 1900000001", "one of a merchant's people"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		member := memberFlags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			m, err := call(ctx, env, pbconnect.AdminServiceClient.StaffShow, member(args))
			if err != nil {
				return err
			}
			return showMember(env, m)
		}
	},
}

var staffRoles = Command{
	Name: "staff roles", Args: "REF", Short: "replace what a member of staff may do", JSON: true, Admin: true,
	Long:     "The roles that are named are the member's from now on, in sessions that are open too.",
	Examples: []Example{{"holdfast staff roles wang --role finance --role read-only", "these two, and no other"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var roles roleFlag
		fs.Var(&roles, "role", roleHelp)
		member := memberFlags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			if len(roles) == 0 {
				return usage("--role support", "which roles? who is to have none is ended: holdfast staff end REF")
			}
			m, err := call(ctx, env, pbconnect.AdminServiceClient.StaffSetRoles, &pb.AdminStaffSetRolesRequest{Member: member(args), Roles: roles})
			if err != nil {
				return err
			}
			return showMember(env, m)
		}
	},
}

var staffToken = Command{
	Name: "staff token", Args: "REF", Short: "make a new token for a member of staff", JSON: true, Admin: true,
	Long: `The token is shown here, or written to --out FILE, and nowhere else; one that is lost
is replaced by running this again. The token before it ends, with the passkeys that it
could add and the sessions that they all opened. Other commands take it by --token-file FILE.

--qr draws it as a code for a till's tablet: its camera opens the till page signed in. Who
photographs the code can sign in too, until the next token: show it to the tablet alone.`,
	Examples: []Example{
		{"holdfast staff token wang --out wang.token", "into a file that only you can read"},
		{"holdfast staff token till-2 --merchant 1900000001", "shown on the terminal"},
		{"holdfast staff token till-2 --merchant 1900000001 --qr", "a code for the tablet"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		member := memberFlags(fs)
		qr := fs.Bool("qr", false, "draw a code that signs a till's tablet in")
		var out string
		fileVar(fs, &out, "out", "write the token to this new `FILE` instead of showing it")
		return func(ctx context.Context, env *Env, args []string) error {
			if *qr && out != "" {
				return usage("--qr or --out FILE", "a token is drawn or written, not both")
			}
			to, err := secretFile(out)
			if err != nil {
				return err
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.StaffToken, member(args))
			if err != nil {
				return to.drop(err)
			}
			if *qr && !env.JSON {
				return drawSignIn(env, a)
			}
			return to.put(env, a.Token, "token", a)
		}
	},
}

// drawSignIn draws a new token for a tablet to scan. It is there by now: what can't be
// drawn is said.
func drawSignIn(env *Env, a *pb.NewTokenResponse) error {
	if a.Link == "" {
		return failure(ExitRefused, "set wallet_api.base_url to where browsers find the pages, and run this again: it makes another token", "the node's pages have no address that a tablet could open")
	}
	drawn, err := drawing.Terminal(a.Link, "  ", false)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Out, "%s\n%s\n", drawn, a.Link)
	if err == nil {
		fmt.Fprintln(env.Err, "this is the only time that the token is shown; clear the screen when the tablet has it")
	}
	return err
}

var staffSessions = Command{
	Name: "staff sessions", Args: "REF", Short: "list where a member of staff is signed in, and sign them out", JSON: true, Admin: true,
	Long: "Lists the sessions that are open. --end N ends one, --end-all ends all; the token stays.",
	Examples: []Example{
		{"holdfast staff sessions wang", "where"},
		{"holdfast staff sessions wang --end 3", "a lost laptop"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		member := memberFlags(fs)
		number := fs.Uint64("end", 0, "end this one, by its `NUMBER`")
		all := fs.Bool("end-all", false, "end all sessions")
		return func(ctx context.Context, env *Env, args []string) (err error) {
			var m *pb.StaffShown
			if *number == 0 && !*all {
				m, err = call(ctx, env, pbconnect.AdminServiceClient.StaffShow, member(args))
			} else {
				q := &pb.AdminStaffEndSessionRequest{Member: member(args), Number: *number}
				if *all {
					q.Number = 0
				}
				m, err = call(ctx, env, pbconnect.AdminServiceClient.StaffEndSession, q)
			}
			if err != nil {
				return err
			}
			return showSessions(env, m)
		}
	},
}

func showSessions(env *Env, m *pb.StaffShown) error {
	if env.JSON {
		return env.Message(m)
	}
	if len(m.Sessions) == 0 {
		fmt.Fprintln(env.Err, "no session is open")
		return nil
	}
	var b strings.Builder
	printSessions(&b, m)
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

var staffEnd = Command{
	Name: "staff end", Args: "REF", Short: "end a member of staff, with token and sessions", JSON: true, Admin: true,
	Long:     "From now on the member can do nothing, on any node. What they did keeps their number; their REF is never given again.",
	Examples: []Example{{"holdfast staff end wang", "on their last day"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		member := memberFlags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			m, err := call(ctx, env, pbconnect.AdminServiceClient.StaffEnd, member(args))
			if err != nil {
				return err
			}
			return showMember(env, m)
		}
	},
}

// newSecret is a file that a secret is about to be written to; nil shows it instead.
type newSecret struct{ file *os.File }

// secretFile makes the file before the secret is there: one that can't be kept is not
// asked for.
func secretFile(name string) (*newSecret, error) {
	if name == "" {
		return &newSecret{}, nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, usage("name a file that is not there yet", "%w", err)
	}
	return &newSecret{f}, nil
}

// drop removes the file again when there is nothing to write.
func (n *newSecret) drop(why error) error {
	if n.file != nil {
		_ = n.file.Close()
		_ = os.Remove(n.file.Name())
	}
	return why
}

// put writes the secret, or shows it in the answer.
func (n *newSecret) put(env *Env, secret, what string, answer proto.Message) error {
	if n.file == nil {
		if env.JSON {
			return env.Message(answer)
		}
		_, err := fmt.Fprintf(env.Out, "%s\n", secret)
		if err == nil {
			fmt.Fprintf(env.Err, "this is the only time that the %s is shown\n", what)
		}
		return err
	}
	if _, err := n.file.WriteString(secret + "\n"); err != nil {
		return n.drop(fmt.Errorf("write the %s: %w", what, err))
	}
	if err := n.file.Close(); err != nil {
		return fmt.Errorf("write the %s: %w", what, err)
	}
	if env.JSON {
		return env.Object(map[string]string{what + "_file": n.file.Name()})
	}
	fmt.Fprintf(env.Err, "the %s is in %s\n", what, n.file.Name())
	return nil
}
