package sim

import (
	"maps"
	"slices"
	"testing"
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
}

func TestSeedsReachEverything(t *testing.T) {
	const most = 400
	reached := map[string]int{}
	var missing []string
	for seed := uint64(1); seed <= most; seed++ {
		rep := Play(Options{Seed: seed, Lenient: true}, Generate(seed))
		for what, n := range rep.reached { // order does not matter: sums
			reached[what] += n
		}
		missing = slices.DeleteFunc(slices.Clone(meant), func(what string) bool { return reached[what] > 0 })
		if len(missing) == 0 {
			t.Logf("after %d seeds", seed)
			return
		}
	}
	t.Errorf("%d seeds did not get to %q, but to %v", most, missing, slices.Sorted(maps.Keys(reached)))
}
