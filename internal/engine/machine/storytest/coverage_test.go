package storytest

import (
	"slices"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
)

// unreachable are codes that a handler's comment implies and no command can
// bring about, with the reason.
var unreachable = map[catalogue.Number]map[code.Code]string{
	catalogue.OrderPay: {
		code.AmountMustBePositive: "an order's total was checked when it was placed",
		code.SameAccount:          "a person's account is no merchant's",
		code.AccountNotFound:      "accounts open with their owner",
	},
	catalogue.WalletPay: {
		code.AmountMustBePositive: "an order's total was checked when it was placed",
		code.SameAccount:          "a person's account is no merchant's",
		code.AccountNotFound:      "accounts open with their owner",
	},
	catalogue.DeviceEnd:      {code.PinNeeded: "it asks for no PIN"},
	catalogue.PinForget:      {code.PinNeeded: "it asks for no PIN"},
	catalogue.TransferCreate: {code.SameAccount: ownAccounts, code.AccountNotFound: ownAccounts},
	catalogue.TransferAccept: {
		code.PersonNotFound: "the transfer names its payee", code.PinNeeded: "to be given money needs no PIN",
		code.AmountMustBePositive: ownAccounts, code.SameAccount: ownAccounts, code.AccountNotFound: ownAccounts, code.BalanceTooLow: ownAccounts,
	},
	catalogue.TransferDecline: {
		code.PersonNotFound: "the transfer names its payee", code.PinNeeded: "to give money back needs no PIN",
		code.AmountMustBePositive: ownAccounts, code.SameAccount: ownAccounts, code.AccountNotFound: ownAccounts, code.BalanceTooLow: ownAccounts,
	},
	catalogue.TillPay: {
		code.CurrencyUnknown: ownOrder, code.OutTradeNoInvalid: ownOrder, code.DescriptionNeeded: ownOrder, code.MerchantNotFound: "the till names its merchant",
		code.OrderNoUsed: "nobody can know the number before", code.SameAccount: "a person's account is no merchant's", code.AccountNotFound: "accounts open with their owner",
	},
	catalogue.PayeeHide:    {code.PinNeeded: "to hide needs no PIN"},
	catalogue.PacketCreate: {code.SameAccount: ownAccounts, code.AccountNotFound: ownAccounts, code.AccountCapExceeded: "an escrow account that is new has no cap"},
	catalogue.PacketClaim:  {code.AmountMustBePositive: ownAccounts, code.SameAccount: ownAccounts, code.AccountNotFound: ownAccounts, code.BalanceTooLow: ownAccounts},
	catalogue.ReportClose:  {code.PersonNotFound: "the report names its person"},
	catalogue.ShopApply:    {code.PinNeeded: "somebody decides, so it asks for no PIN"},
	catalogue.ShopTake: {
		code.PinNeeded: "to be given money needs no PIN", code.PersonNotFound: "the shop names its person",
		code.SameAccount: "a merchant's account is no person's", code.AccountNotFound: "accounts open with their owner",
	},
	catalogue.SessionOpen:    {code.PersonNotFound: "the member names a person who is there"},
	catalogue.SessionEnd:     {code.PersonNotFound: "the member names a person who is there", code.PinNeeded: "it asks for no PIN"},
	catalogue.PayCodeRenew:   {code.PinNeeded: "to show codes needs no PIN"},
	catalogue.ReceiveCodeSet: {code.PinNeeded: "to be paid needs no PIN"},
	catalogue.PersonTopup: {
		code.SameAccount:     "a person's account is no bank's",
		code.AccountNotFound: "accounts open with their owner, and the bank's with its first top-up",
	},
}

// ownOrder is why an order that a till places is never refused so.
const ownOrder = "the rule fills it in"

// ownAccounts is why postings between a person and escrow are never refused so.
const ownAccounts = "accounts of people and escrow are there, and are two"

// fromMachine are the machine's own refusals, which any command may get.
var fromMachine = []code.Code{code.NoGenesis, code.LevelTooLow, code.SandboxOnly, code.CommandTooLarge, code.Quarantined}

// elsewhere are codes the machine uses that no story can show.
var elsewhere = map[string]string{
	"CommandUnknown": "TestAdmissible",
	"Quarantined":    "TestQuarantinedCommand",
}

// expected is the list of a handler's comment without what cannot happen.
func expected(t *testing.T, s *sources, h handler) (codes []code.Code) {
	t.Helper()
	all, err := s.listed(h.rule)
	if err != nil {
		t.Error(err)
	}
	for c := range unreachable[h.number] {
		if !slices.Contains(all, c) {
			t.Errorf("%s: %s is excused and not even listed: remove it from unreachable", h.rule, c)
		}
	}
	for _, c := range all {
		if _, excused := unreachable[h.number][c]; !excused {
			codes = append(codes, c)
		}
	}
	return codes
}

func TestEveryOutcomeHasAStory(t *testing.T) {
	t.Parallel()
	s := readSources(t)
	seen := map[catalogue.Number][]code.Code{}
	anywhere := map[code.Code]bool{}
	for _, rec := range stories(t) {
		for _, o := range rec.Outcomes {
			seen[o.Number] = append(seen[o.Number], o.Code)
			anywhere[o.Code] = true
		}
	}
	for _, h := range s.handlers {
		want := expected(t, s, h)
		if !slices.Contains(seen[h.number], code.OK) {
			t.Errorf("%s: no story has it succeed", h.name)
		}
		for _, c := range want {
			if !slices.Contains(seen[h.number], c) {
				t.Errorf("%s: no story has it refuse with %s: add a row to testdata, or the reason to unreachable", h.name, c)
			}
		}
		for _, c := range seen[h.number] {
			if c != code.OK && !slices.Contains(want, c) && !slices.Contains(fromMachine, c) {
				t.Errorf("%s: it refused with %s, which the comment of %s does not list", h.name, c, h.rule)
			}
		}
	}
	for name, pkg := range s.used {
		if c := s.constants[name]; !anywhere[c] && elsewhere[name] == "" {
			t.Errorf("%s uses code.%s, and no story shows it", pkg, name)
		}
	}
}

// Each ladder shows its handler's refusals in exactly the order of its comment.
func TestLaddersShowTheOrderOfPrecedence(t *testing.T) {
	t.Parallel()
	s := readSources(t)
	ladders := map[catalogue.Number]Ladder{}
	names := map[catalogue.Number]string{}
	for _, rec := range stories(t) {
		for _, l := range rec.Ladders {
			if names[l.Number] != "" {
				t.Errorf("%s:%d: %s has a ladder in %s already", rec.Name, l.Line, l.Number, names[l.Number])
			}
			ladders[l.Number], names[l.Number] = l, rec.Name
		}
	}
	for _, h := range s.handlers {
		want := expected(t, s, h)
		if h.number == catalogue.Genesis { // its first refusal needs that it was done
			continue
		}
		l, ok := ladders[h.number]
		if !ok {
			t.Errorf("%s: no story has a ladder of it", h.name)
			continue
		}
		got := slices.Compact(slices.Clone(l.Codes))
		if n := len(got); n > 0 && got[n-1] == code.OK {
			got = got[:n-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:%d: the ladder of %s climbs\n  %v, the comment of %s says\n  %v", names[h.number], l.Line, h.name, got, h.rule, want)
		}
	}
}
