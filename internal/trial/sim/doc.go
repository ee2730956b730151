// Package sim plays whole clusters in one goroutine: the real machine, rules and
// raft (engine/member) of up to nine nodes on simulated clocks, disks and links,
// with clients that retry, couriers, and an operator who mends what broke.
//
// One seed is one run, bit for bit, on any machine: everything that is random is
// drawn from one generator in the order of a queue of events, and
// crypto/rand.Reader is replaced while a run lasts because raft draws its
// election time-outs from it. Runs of one process therefore take turns.
//
//	world.go random.go trace.go        time, chance, and what happened
//	disk.go log.go state.go            what survives a crash
//	network.go                         what becomes of a message
//	process.go serve.go fetch.go       one node's process around a member
//	client.go courier.go operator.go   who asks something of the cluster
//	friends.go                         people who send each other money, and the checker's books of it
//	tills.go desk.go                   tills that take money and cash, and the checker's books of it
//	shown.go judging.go screen.go      codes that friends show to tills, read by edge/judge
//	keys.go entrants.go                keyrings, and people whose details are sealed and erased
//	office.go folders.go               staff who sign in, blocks and appeals, reports
//	passkeys.go                        passkeys that sign challenges
//	shops.go street.go                 shops that friends open, and the checker's books of them
//	play.go steps.go generate*.go      scripts, and random ones
//	check*.go history.go promise.go    what must hold
//	broken*.go                         what is broken on purpose, so that the checkers are seen to see
//	shrink.go                          a failing run made short
//
// The crash model: what was synced survives; of what was not, some prefix does.
// The state's store has no log of its own, so a crash takes it back to any frame
// since its last flush.
package sim
