package dev

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/money"
)

// story tells a run to a person, in one of two languages, with times.
type story struct {
	out     io.Writer
	chinese bool
	colour  bool
	began   time.Time

	mu     sync.Mutex
	number int
	steps  []Step
}

// Step is one step of the purchase and how long it took.
type Step struct {
	Name string  `json:"name"`
	Ms   float64 `json:"ms"`
}

func newStory(opt *Options) *story {
	return &story{out: opt.Tell, chinese: opt.Chinese, colour: opt.Colour, began: opt.Began}
}

// in picks the sentence of the story's language.
func (s *story) in(zh, en string) string {
	if s.chinese {
		return zh
	}
	return en
}

// line prints a line as it is.
func (s *story) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, format+"\n", args...)
}

// since prints a line of the start with the time since the process began.
func (s *story) since(zh, en string, args ...any) {
	s.line("  %7s  "+s.in(zh, en), append([]any{seconds(time.Since(s.began))}, args...)...)
}

// step runs one step of the purchase and prints its heading with the time it
// took, then the details that do returned.
func (s *story) step(name, zh, en string, do func() (details []string, err error)) error {
	began := time.Now()
	details, err := do()
	took := time.Since(began)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	s.steps = append(s.steps, Step{name, milliseconds(took)})
	fmt.Fprintf(s.out, "\n%d. %s  [%s]\n", s.number, s.bold(s.in(zh, en)), millis(took))
	for _, d := range details {
		for l := range strings.Lines(strings.TrimRight(d, "\n") + "\n") {
			fmt.Fprintln(s.out, strings.TrimRight("   "+l, "\n "))
		}
	}
	return nil
}

// died tells that a child ended and comes again.
func (s *story) died(name, log string) func(error, time.Duration) {
	return func(err error, again time.Duration) {
		why := "exit 0"
		if err != nil {
			why = err.Error()
		}
		s.line(s.in("%s 进程结束（%s），%s 后重启；日志 %s", "%s ended (%s) and starts again in %s; log %s"), name, why, again, log)
	}
}

func (s *story) bold(text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", milliseconds(d)) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// yuan writes fen for people.
func yuan(fen int64) string { return "¥" + money.Format(fen) }
