package wallet

import (
	"sync"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	rule "github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// codePace remembers what this node did for whoever asks for codes, so that a flood for
// one number is turned away before anything is hashed, and without a command each. It
// refuses nothing that the state would allow; what other nodes did, the state knows.
type codePace struct {
	mu      sync.Mutex
	numbers map[string]*lastCode
	refused map[string]refusal // by number and address
}

// lastCode is what was sent to a number through this node, in business time.
type lastCode struct {
	at, hour int64
	inHour   int
	clientID string
}

// refusal is what the state said last, and until when it need not be asked again.
type refusal struct {
	code  code.Code
	until int64
}

const (
	// maxPaced bounds what is remembered; then all is forgotten.
	maxPaced = 1 << 16
	// askAgain is after what time the state is asked again that refused.
	askAgain = 5 * stamp.Second
)

// refuses says how a code is refused, OK when the state is to be asked. The repeat of
// the last one is not refused.
func (p *codePace) refuses(phone, address, clientID string, now int64) code.Code {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := p.numbers[phone]
	switch {
	case last != nil && last.clientID == clientID:
		return code.OK
	case last != nil && now < last.at+rule.CodePause:
		return code.CodeTooSoon
	case last != nil && now/stamp.Hour == last.hour && last.inHour >= rule.CodesAnHour:
		return code.CodeTooMany
	}
	if r := p.refused[phone+" "+address]; now < r.until {
		return r.code
	}
	return code.OK
}

// unsent forgets the last code to a number: it was not sent.
func (p *codePace) unsent(phone string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := p.numbers[phone]; last != nil {
		last.at, last.clientID, last.inHour = 0, "", max(last.inHour-1, 0)
	}
}

// took notes what the state said to a code that was asked for.
func (p *codePace) took(phone, address, clientID string, out code.Code, now int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.numbers == nil || len(p.numbers)+len(p.refused) >= maxPaced {
		p.numbers, p.refused = map[string]*lastCode{}, map[string]refusal{}
	}
	switch out {
	case code.OK:
		last := p.numbers[phone]
		if last == nil || last.hour != now/stamp.Hour {
			last = &lastCode{hour: now / stamp.Hour}
			p.numbers[phone] = last
		}
		if last.clientID != clientID {
			last.inHour++
		}
		last.at, last.clientID = now, clientID
	case code.CodeTooSoon, code.CodeTooMany:
		p.refused[phone+" "+address] = refusal{out, now + askAgain}
	}
}
