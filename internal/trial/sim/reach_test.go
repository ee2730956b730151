package sim

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
)

// meant is what random runs are for. One that none of them gets to would not be
// tested, however green the rest is.
var meant = []string{
	"a leader", "proposal lost with the lead", "power lost in a write", "snapshot installed", "older disk", "lost disk",
	"refused: rolled-back", "refused: removed", "refused: superseded", "refused: other-cluster",
	"asked for a learner", "asked for a voter", "asked for a removed", "not let in yet", "checkpoint signed",
	"refused: not_leader", "refused: unknown", "a leader's clock is off", "outdated", "notice sent twice",
	"send: ok", "send: transfer_exists_with_different_content", "answer: ok", "answer: transfer_ended", "throw: ok", "grab: ok", "grab: packet_taken",
	"open: ok", "open: shift_exists_with_different_content", "count: ok", "count: shift_exists_with_different_content", "take: ok", "take: cash_exists_with_different_content", "hand: ok", "hand: cash_short",
	"undo: ok", "scan: ok", "scan: till_payment_exists_with_different_content", "scan: till_cap_exceeded",
	"hire: ok", "dismiss: ok", "token: ok", "token: staff_ended", "enter-office: ok", "office-key: ok", "key-office: ok", "key-office: passkey_unknown", "end-office-key: ok", "enter-office: staff_secret_invalid", "work: ok", "work: staff_secret_invalid",
	"block: ok", "unblock: ok", "appeal: ok", "appeal: appeal_waits", "decide: ok", "decide: appeal_not_found",
	"report: ok", "report: report_exists_with_different_content", "reply-report: ok", "reply-report: report_closed", "close-report: ok",
	"apply: ok", "apply: shop_exists_with_different_content", "apply: shop_waiting",
	"approve: ok", "approve: shop_decided", "turn-down: ok", "turn-down: shop_decided",
	"visit: ok", "visit: till_not_found", "visit: till_payment_exists_with_different_content",
	"collect: ok", "collect: shop_taking_exists_with_different_content", "collect: balance_too_low", "collect: shop_not_open", "collect: shop_not_found",
	"passkey: ok", "end-passkey: ok", "sign: ok", "sign: challenge_over", "sign: passkey_unknown",
	"enter: ok", "enter: person_erased", "erase: ok", "data keys fetched", "erased keys deleted",
	"charge: ok", "charge: pay_code_used", "charge: pay_code_wrong", "charge: pay_code_expired", "charge: pay_codes_too_many", "reply: ok", "reply: ask_ended",
	"guess: pay_code_wrong", "guess: pay_codes_too_many", "renew: ok", "receive: ok",
	"pocket: ok", "pocket: pay_code_used", "pocket: cash_exists_with_different_content", "confirm: ok", "confirm: ask_ended", "confirm: ask_not_found", "call-off: ok",
	"find: ok", "find: lookups_too_many", "hide: ok", "hide: nothing_to_do", "rephone: ok", "rephone: phone_taken", "rephone: person_changed",
	"guess-pin: ok", "guess-pin: pin_locked", "a PIN locked for 10 min", "a PIN locked for 60 min", "a PIN locked for 360 min",
	"forget-pin: ok", "new-pin: ok", "new-pin: pin_too_soon", "seen: ok", "seen: nothing_to_do", "advance: ok", "one-time codes forgotten",
	"apply: shops_too_many",
}

func TestSeedsReachEverything(t *testing.T) {
	const most = 600
	reached, came := map[string]int{}, map[outcome]int{}
	for _, c := range firstCommands(machine.MaxLevel) {
		came[outcome{catalogue.Number(c.Number), code.OK}]++
	}
	var missing []string
	for seed := uint64(1); seed <= most; seed++ {
		rep := Play(Options{Seed: seed, Lenient: true}, Generate(seed))
		for what, n := range rep.reached { // order does not matter: sums
			reached[what] += n
		}
		for what, n := range rep.came { // order does not matter: sums
			came[what] += n
		}
		missing = slices.DeleteFunc(slices.Clone(meant), func(what string) bool { return reached[what] > 0 })
		missing = append(missing, unplayed(t, came)...)
		if len(missing) == 0 {
			t.Logf("after %d seeds", seed)
			return
		}
	}
	t.Errorf("%d seeds did not get to %q, but to %v", most, missing, slices.Sorted(maps.Keys(reached)))
}

// unplayed are the commands about people that did not succeed, and what those refuse with
// according to their documentation that did not come out of any of them.
func unplayed(t *testing.T, came map[outcome]int) (missing []string) {
	t.Helper()
	done, refused := map[catalogue.Number]bool{}, map[string]bool{}
	for o := range came { // order does not matter: sets
		if o.code == code.OK {
			done[o.number] = true
		} else {
			refused[o.code.String()] = true
		}
	}
	for _, c := range ofLevel(machine.MaxLevel) {
		if !done[c.number] && unplayedCommands[c.name] == "" {
			missing = append(missing, c.name)
		}
		for _, name := range c.refusals {
			if what := "refused with " + name; !refused[name] && unplayedRefusals[name] == "" && !slices.Contains(missing, what) {
				missing = append(missing, what)
			}
		}
	}
	return missing
}

// unplayedCommands are those that no client of the simulation asks for, and why.
var unplayedCommands = map[string]string{
	"person_seal":     "nobody's details are clear here: that is the way of folders of older levels",
	"person_keys_set": "nobody's details are clear here",
	"wallet_pay":      "payers of orders pay by order_pay, which it is with a consent; friends pay by codes",
	"device_end":      "each friend has one device",
	"free_limit_set":  "friends keep the limits that they begin with",
	"grade_set":       "friends keep the limits that they begin with",
	"packet_reveal":   "whoever reveals seeds is not simulated; checkPacket verifies shares by them",
}

// unplayedRefusals are those that no client of the simulation gets, and why. The stories of
// the rules have them all.
var unplayedRefusals = because(map[string]string{
	"members of staff sign in with a token here": "session_taken sign_in_old",
	"clients send what is well made": `person_ref_needed sealed_invalid appid_invalid key_name_invalid attempt_needed consent_needed phone_tag_invalid
		device_key_invalid text_invalid details_needed pin_hash_invalid limits_invalid passkey_invalid amount_must_be_positive currency_unknown
		client_id_invalid transfer_to_self packet_shares_invalid packet_to_nobody packet_below_one_fen packet_too_large commitment_invalid nonce_invalid
		lot_invalid staff_ref_invalid staff_roles_invalid session_life_invalid pay_code_invalid out_trade_no_invalid description_needed till_token_invalid
		till_caps_invalid float_invalid reason_needed report_trouble_invalid shop_kind_invalid picture_invalid shop_refusal_invalid command_malformed`,
	"who is asked about is there": `person_not_found person_not_sealed device_unknown pin_not_set merchant_not_found staff_not_found transfer_not_found
		packet_not_found report_not_found report_subject_unknown`,
	"friends have one device, which is trusted":                                 "new_device_limit device_taken devices_too_many device_waits",
	"friends' limits are high":                                                  "limit_per_act limit_per_day limit_per_year too_many_acts velocity_limit",
	"those who are blocked only appeal, and nobody's account is frozen or full": "person_blocked payee_unavailable account_frozen amount_overflows account_cap_exceeded merchant_paused appid_not_bound",
	"it belongs to a command that is not played":                                "order_expired payer_mismatch packet_open seed_mismatch",
	"runs are shorter, or ask for less": `prepay_expired packet_expired code_too_many passkeys_too_many sessions_too_many appeals_too_many reports_too_many
		cash_too_late asks_too_many`,
	"the judge says it, not the command":  "pay_code_wrong pay_code_expired",
	"names and numbers are one client's":  "person_exists_with_different_content passkey_exists_with_different_content packet_exists_with_different_content code_number_taken appeal_exists_with_different_content merchant_exists_with_different_content report_answered",
	"authenticators count what they sign": "passkey_counter_back",
})

// because has the reason of each name.
func because(reasons map[string]string) map[string]string {
	of := map[string]string{}
	for why, names := range reasons { // order does not matter: each name is in one list
		for _, name := range strings.Fields(names) {
			of[name] = why
		}
	}
	return of
}

// documented is a command and what it refuses with.
type documented struct {
	number   catalogue.Number
	name     string
	refusals []string
}

// ofLevel are the commands that a level began, as docs/reference/outcomes.md prints them.
func ofLevel(level uint32) []documented {
	var list []documented
	for _, r := range machine.Rules().Rules {
		for _, spec := range r.Commands {
			if spec.Level == level {
				list = append(list, documented{spec.Number, spec.Name, refusalsOf[spec.Name]})
			}
		}
	}
	return list
}

// refusalsOf is what the printed outcomes say, by command.
var refusalsOf = readOutcomes()

func readOutcomes() map[string][]string {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "reference", "outcomes.md"))
	if err != nil {
		panic(err)
	}
	of, name := map[string][]string{}, ""
	heading, item := regexp.MustCompile("^### [0-9]+ `([a-z_]+)`"), regexp.MustCompile("^[0-9]+\\. `([a-z_]+)`")
	for line := range strings.Lines(string(text)) {
		if m := heading.FindStringSubmatch(line); m != nil {
			name = m[1]
		} else if m := item.FindStringSubmatch(line); m != nil {
			of[name] = append(of[name], m[1])
		}
	}
	return of
}
