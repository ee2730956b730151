// Package gate decides at the edges which requests are worked on when more come
// than can be, and turns the others away before they cost anything.
//
//	class.go    what is asked for, by route alone: pay > query > refund > the rest
//	claim.go    who asks, before and after the signature is verified
//	limiter.go  how many requests are worked on at once, from how long they take
//	line.go     who waits, for a short time, and who is next
//	gate.go     a request comes in, waits, works, leaves
//	pace.go     what Retry-After says, and how fast refusals go out
//	budget.go   how often a merchant may poll while the node is pressed
//	handler.go  all of it around an http.Handler
//
// What it promises, and the tests hold it to:
//
//   - never more requests at work than the limit, nor than Config.Most;
//   - a payment is let in before anything else that waits; the others keep a
//     sixteenth of the turns, so that nothing starves;
//   - merchants that wait take turns: one that asks a hundred times as often as
//     the others is served as often as they are, and is refused the rest;
//   - a claim to be a merchant that was never verified counts as a stranger's:
//     it takes nothing from the merchant it names;
//   - who waits is let in or refused within MaxWait, newest first once a line
//     stands, so that what is served is still wanted.
//
// Refusals carry the time after which to come again. The gate knows nothing of
// JSON or pages: a Surface words them.
//
// Why not a library: docs/decisions/0007.
package gate
