package cashier

// kind is what a page says. words.go has its sentences in both languages; a
// test fails when one is missing.
type kind string

const (
	// kindPay asks for the payment.
	kindPay kind = "pay"

	// Ends: the payer has an answer.
	kindPaid       kind = "paid"        // by this payer's attempt
	kindAlready    kind = "already"     // by another payment; nothing more moved
	kindExpired    kind = "expired"     // the order's time is over
	kindClosed     kind = "closed"      // by the merchant, or after seven days
	kindReplaced   kind = "replaced"    // a newer code was made
	kindStale      kind = "stale"       // the code's own two hours are over
	kindLowBalance kind = "low-balance" // the payer's balance is too low
	kindBlocked    kind = "blocked"     // the person or the account is blocked
	kindMismatch   kind = "mismatch"    // the order was placed for somebody else
	kindRefused    kind = "refused"     // any other refusal, in the code's words
	kindBusy       kind = "busy"        // not taken; the same attempt may be repeated

	// In doubt: the outcome isn't known yet.
	kindWaiting kind = "waiting" // refreshes itself, at most a minute
	kindInDoubt kind = "doubt"   // a minute is over

	// A till's printed code.
	kindTill       kind = "till"        // pay there from a wallet
	kindTillOnly   kind = "till-only"   // this platform has no wallets to pay from
	kindTillClosed kind = "till-closed" // the code is not used any more
	kindNoTill     kind = "no-till"     // no such code

	// Not about a payment's outcome.
	kindUnknown     kind = "unknown"     // no such order
	kindAstray      kind = "astray"      // no page at all
	kindHome        kind = "home"        // the cashier's own address, without an order
	kindWallet      kind = "wallet"      // outside a sandbox: pay from a wallet
	kindNoWallet    kind = "no-wallet"   // outside a sandbox: nobody can pay by this page yet
	kindScene       kind = "scene"       // the code belongs to another way of paying
	kindBadCall     kind = "bad-call"    // an invocation that doesn't verify
	kindBadForm     kind = "bad-form"    // a form that isn't ours
	kindForeign     kind = "foreign"     // sent by another site
	kindUnavailable kind = "unavailable" // the state can't be read right now
)

// icon names the drawing at the top of a page: ok, info, wait or stop.
func (k kind) icon() string {
	switch k {
	case kindPaid:
		return "ok"
	case kindAlready, kindAstray, kindHome, kindNoWallet, kindScene, kindReplaced, kindTillOnly:
		return "info"
	case kindWaiting, kindInDoubt, kindBusy, kindUnavailable:
		return "wait"
	case kindPay, kindWallet, kindTill:
		return ""
	default:
		return "stop"
	}
}

// kinds lists them all, for the tests.
var kinds = []kind{
	kindPay, kindPaid, kindAlready, kindExpired, kindClosed, kindReplaced, kindStale, kindLowBalance, kindBlocked,
	kindMismatch, kindRefused, kindBusy, kindWaiting, kindInDoubt, kindUnknown, kindAstray, kindHome, kindWallet, kindNoWallet, kindScene, kindBadCall,
	kindBadForm, kindForeign, kindUnavailable, kindTill, kindTillOnly, kindTillClosed, kindNoTill,
}
