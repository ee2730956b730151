package cli

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var merchantShow = Command{
	Name: "merchant show", Args: "MCHID", Short: "show a merchant with its certificates, keys and balance", JSON: true, Admin: true,
	Long: "Shows settings, certificates with their validity, versions of the APIv3 key (by id: keys themselves are never shown), accounts, and how many notices wait.",
	Examples: []Example{
		{"holdfast merchant show 1900000001", "before asking why its notices wait"},
	},
	Flags: func(*flag.FlagSet) RunFunc {
		return func(ctx context.Context, env *Env, args []string) error {
			a, err := call(ctx, env, pbconnect.AdminServiceClient.MerchantShow, &pb.AdminMerchantShowRequest{Mchid: args[0]})
			if err != nil {
				return err
			}
			return showMerchant(env, a, "")
		}
	},
}

// showMerchant prints a merchant; key is a freshly drawn APIv3 key or "".
func showMerchant(env *Env, a *pb.AdminMerchant, key drawnKey) error {
	if env.JSON {
		return merchantJSON(env, a, key)
	}
	var b strings.Builder
	m, s := a.Merchant, a.Merchant.GetSettings()
	fields(&b,
		"merchant", m.GetMchid()+"  "+m.GetName(), "status", word(m.GetStatus()), "since", when(m.GetCreatedAt()),
		"appids", strings.Join(m.GetAppids(), " "), "key mode", word(s.GetKeyMode()),
		"refund interval", fmt.Sprintf("%d s", s.GetRefundIntervalS()), "callbacks", callbacks(s), "notices of tills", s.GetTillNotifyUrl(),
		"body parameters", choose(s.GetStrict(), "unknown ones refused", "unknown ones ignored"),
		"code_url", choose(s.GetWeixinCodeUrl(), "weixin://", "the cashier's address"),
		"notices", fmt.Sprintf("%s%d owed, %d parked", choose(a.OwedAtLeast, "at least ", ""), a.NoticesOwed, a.NoticesParked))
	for _, c := range a.Certs {
		state := ""
		if c.RevokedAt != 0 {
			state = "  revoked " + when(c.RevokedAt)
		}
		fmt.Fprintf(&b, "certificate  %s  valid %s to %s%s\n", c.Serial, when(c.NotBefore), when(c.NotAfter), state)
	}
	for i, k := range m.GetKeys() {
		fmt.Fprintf(&b, "APIv3 key  %s  since %s%s\n", k.KeyId, when(k.Since), choose(i == len(m.Keys)-1, "  current", ""))
	}
	printAccounts(&b, a.Accounts)
	b.WriteString(key.line())
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

// merchantJSON is the API's message, with a drawn key as apiv3_key.
func merchantJSON(env *Env, a *pb.AdminMerchant, key drawnKey) error {
	if key == "" {
		return env.Message(a)
	}
	line, err := messageJSON(a)
	if err != nil {
		return err
	}
	object := map[string]json.RawMessage{}
	if err := json.Unmarshal(line, &object); err != nil {
		return err
	}
	object["apiv3_key"], _ = json.Marshal(string(key))
	return env.Object(object)
}

func callbacks(s *pb.MerchantSettings) string {
	to := "https only"
	if s.GetAllowHttp() {
		to = "http and https"
	}
	if len(s.GetCallbackHosts()) == 0 {
		return to + ", any public host"
	}
	return to + ", to " + strings.Join(s.GetCallbackHosts(), " ")
}

func printAccounts(b *strings.Builder, accounts []*pb.AccountShown) {
	for _, a := range accounts {
		fmt.Fprintf(b, "account  %s  %s%s\n", a.Name, yuan(a.Balance), choose(a.Frozen, "  frozen", ""))
	}
}

func choose(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// word is an enum value without its prefix, in lower case.
func word(v interface{ String() string }) string {
	s := v.String()
	for _, prefix := range []string{"MERCHANT_STATUS_", "KEY_MODE_", "TRADE_STATE_", "REFUND_STATUS_", "NOTICE_STATE_",
		"NOTICE_EVENT_", "ATTEMPT_OUTCOME_", "POSTING_CODE_", "PRODUCT_", "KIND_", "TROUBLE_", "REPORT_STATE_"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return strings.ToLower(rest)
		}
	}
	return s
}
