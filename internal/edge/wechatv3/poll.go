package wechatv3

import (
	"bytes"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/moves"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
)

// When notices are late, merchants poll. What a query costs is its answer's
// signature, about a millisecond of a core, ten times everything else together;
// so what is remembered of answers is there to sign less:
//
//   - An answer whose state is final, because its table of moves has no way out
//     of it, never changes: the state is not read again.
//   - While the node is pressed, an answer that is byte for byte what the same
//     query was answered at most reuse ago is sent with the signature of then. It
//     says what was true at its timestamp, and is still true: the state was read
//     anew unless it is final.
//   - While the node is pressed, what would have to be signed anew comes out of
//     the merchant's budget (gate), and is 429 when that is used up.
//
// So no answer is ever older than its request: nothing here is stale. Clients
// hold an answer's timestamp against their clock with minutes of tolerance and
// don't look for a nonce to be new.
const (
	// reuse is the longest a signature is sent again.
	reuse = 10 * time.Second
	// maxPolled bounds each of the two generations of remembered answers; one
	// takes about 1.5 kB.
	maxPolled = 4096
)

// pollKey is a query: what is asked for, by whom.
type pollKey struct{ mchid, route, number string }

// polled is the last signed answer to a query.
type polled struct {
	body      []byte
	final     bool
	signature signature
}

// polling is how one query is being answered.
type polling struct {
	key   pollKey
	final bool
	// again is the signature to send again, nil to make one.
	again *signature
}

// polls remembers answers; the oldest half is forgotten at once.
type polls struct {
	mu         sync.Mutex
	young, old map[pollKey]polled
}

func (p *polls) get(k pollKey) (polled, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if had, ok := p.young[k]; ok {
		return had, true
	}
	had, ok := p.old[k]
	return had, ok
}

func (p *polls) put(k pollKey, answer polled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.young == nil || len(p.young) >= maxPolled {
		p.old, p.young = p.young, make(map[pollKey]polled)
	}
	p.young[k] = answer
}

// Poll answers a query for a number. read asks the state, and says whether what
// it found is final.
func (q *Request) Poll(number string, read func() (body []byte, final bool, refused *Refusal)) ([]byte, *Refusal) {
	a := q.api
	q.poll = &polling{key: pollKey{q.Mchid(), q.route.Name, number}}
	had, known := a.polls.get(q.poll.key)
	mayRepeat := known && q.pass.Pressed() && a.repeatable(q, had.signature)
	if !mayRepeat && !q.pass.MayQuery(q.Mchid()) {
		return nil, broke(q)
	}
	if known && had.final {
		q.poll.final = true
		q.pass.Spared(gate.SavedRead)
		if mayRepeat {
			return a.repeat(q, had)
		}
		return had.body, nil
	}
	body, final, refused := read()
	if refused != nil {
		return nil, refused
	}
	q.poll.final = final
	switch {
	case mayRepeat && bytes.Equal(body, had.body):
		return a.repeat(q, had)
	case mayRepeat && !q.pass.MayQuery(q.Mchid()): // it changed: that takes a signature
		return nil, broke(q)
	}
	return body, nil
}

// repeatable says whether a signature may be sent again: it is young, and by the
// key that would sign now.
func (a *API) repeatable(q *Request, s signature) bool {
	now := a.now()
	age := now.Sub(s.at)
	return age >= 0 && age <= reuse && a.signer(q, now.UnixMilli()).ID() == s.serial
}

func (a *API) repeat(q *Request, had polled) ([]byte, *Refusal) {
	q.poll.again = &had.signature
	q.pass.Spared(gate.SavedSignature)
	return had.body, nil
}

// IsFinal says whether a record in this state stays as it is: no move leads out.
func IsFinal[S ~int32](moves moves.Table[S], state S) bool {
	for _, m := range moves {
		if m.From == state {
			return false
		}
	}
	return true
}
