package storytest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Start is the leader's clock at the beginning of a story: 2026-05-28
// 20:26:40 +08:00 in Unix milliseconds.
const Start int64 = 1_779_971_200_000

// Record is what happened in a story.
type Record struct {
	Name string
	// Log is the encoded commands in their order.
	Log [][]byte
	// Outcomes are the codes that the commands got.
	Outcomes []Outcome
	// Ladders are the outcomes within each ladder.
	Ladders []Ladder
}

// Outcome is one command and its code.
type Outcome struct {
	Line   int
	Number catalogue.Number
	Code   code.Code
}

// Ladder is a run of one command that fails on ever later conditions.
type Ladder struct {
	Line   int
	Number catalogue.Number
	Codes  []code.Code
}

// player plays one story.
type player struct {
	p      Platform
	rec    *Record
	now    int64
	seed   uint64
	orders map[string]*placed
	ladder *Ladder
	shown  map[string]bool // accounts whose balance was looked at since the last command
	total  bool            // and the total
	began  bool
	answer catalogue.Result // of the last command
}

// placed is an order with all its prepay_ids.
type placed struct {
	mchid   string
	prepays []string
}

// Play plays a story on a fresh platform. The error lists every line that did
// not come out as written.
func Play(name, text string, p Platform) (*Record, error) {
	lines, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := &player{p: p, rec: &Record{Name: name}, now: Start, orders: map[string]*placed{}, shown: map[string]bool{}}
	var problems []error
	for _, l := range lines {
		if err := s.play(l); err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %s: %w", name, l.number, l.text, err))
			if len(problems) == 10 {
				break
			}
		}
	}
	if len(problems) == 0 {
		if err := s.end(); err != nil {
			problems = append(problems, fmt.Errorf("%s: at the end: %w", name, err))
		}
	}
	return s.rec, errors.Join(problems...)
}

func (s *player) play(l *line) error {
	if l.verb == "wait" {
		ms, err := duration(l.arg(0))
		s.now += ms
		return err
	}
	if check, ok := checks[l.verb]; ok {
		return check(s, l)
	}
	v, ok := verbs[l.verb]
	if !ok {
		return fmt.Errorf("there is no verb %q", l.verb)
	}
	if !s.began && v.number != catalogue.Genesis {
		begin := &line{verb: "genesis", args: []string{"sandbox"}, options: map[string]string{}, want: []string{"ok"}}
		if err := s.play(begin); err != nil {
			return err
		}
	}
	s.began = true
	body, err := v.body(s, l)
	if err != nil {
		return err
	}
	return s.command(l, v.number, body)
}

// command runs a command and compares its outcome with what the line says.
func (s *player) command(l *line, n catalogue.Number, body table.Record) error {
	cmd := catalogue.NewCommand(n, "story", fmt.Sprint("r", s.seed), body)
	s.seed++
	cmd.At, cmd.Seed = s.now, make([]byte, 16)
	binary.BigEndian.PutUint64(cmd.Seed, s.seed*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(cmd.Seed[8:], s.seed)
	s.rec.Log = append(s.rec.Log, table.Encode(cmd))
	clear(s.shown)
	s.total = false
	before, err := s.fingerprint()
	if err != nil {
		return err
	}
	s.answer, err = s.p.Do(cmd)
	if err != nil {
		return fmt.Errorf("the platform stopped: %w", err)
	}
	after, err := s.fingerprint()
	if err != nil {
		return err
	}
	got := s.answer.Code
	s.rec.Outcomes = append(s.rec.Outcomes, Outcome{l.number, n, got})
	if s.ladder != nil && n == s.ladder.Number && !l.given {
		s.ladder.Codes = append(s.ladder.Codes, got)
	}
	if o, ok := s.answer.Body.(*pb.Order); ok && got == code.OK && n == catalogue.OrderCreate {
		s.remember(o)
	}
	return s.outcome(l, before == after || before == [32]byte{} && got != code.OK)
}

func (s *player) remember(o *pb.Order) {
	p := s.orders[o.OutTradeNo]
	if p == nil || p.mchid != o.Mchid {
		p = &placed{mchid: o.Mchid}
		s.orders[o.OutTradeNo] = p
	}
	p.prepays = append(p.prepays, o.PrepayId)
}

func (s *player) outcome(l *line, unchanged bool) error {
	if len(l.want) == 0 {
		return errors.New("the line has no outcome: write -> and a code")
	}
	got, want := s.answer.Code, l.want[0]
	name := got.String()
	if got == code.OK && want == "again" {
		name = "again"
	}
	switch {
	case name != want:
		return fmt.Errorf("came out as %s", name)
	case got != code.OK && !unchanged:
		return errors.New("a refusal changed the state")
	case name == "again" && !unchanged:
		return errors.New("it changed the state")
	case want == "ok" && unchanged && !s.keepsQuiet(l):
		return errors.New("it changed nothing: write again")
	}
	if len(l.want) == 1 {
		return nil
	}
	return compare(s.describe(s.answer.Body), l.want[1:])
}

// keepsQuiet: closing a number that was never used succeeds and changes nothing.
func (s *player) keepsQuiet(l *line) bool { return l.verb == "close" && s.answer.Body == nil }

// compare looks up each key=value in what there is.
func compare(have map[string]string, want []string) error {
	for _, w := range want {
		key, value, _ := strings.Cut(w, "=")
		got, ok := have[key]
		if !ok {
			return fmt.Errorf("there is no %s among %v", key, have)
		}
		if got != value {
			return fmt.Errorf("%s is %s", key, got)
		}
	}
	return nil
}
