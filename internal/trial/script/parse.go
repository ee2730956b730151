package script

import (
	"fmt"
	"slices"
	"strings"
)

// Step is one line of a script.
type Step struct {
	// Line is its number in the file, from 1; 0 for a step that was made up.
	Line int
	// Words are the line's words, the verb first.
	Words []string
	// Background steps do not hold up the next one.
	Background bool
	// Shown is the text below a `show` step.
	Shown []string
	// form is the words of the syntax that each word answers to.
	form []string
}

// Error is a line that cannot be read, with what to write instead.
type Error struct {
	File string
	Line int
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

// Script is a file of steps.
type Script struct {
	Name  string
	Steps []Step
}

// Parse reads a script; name is for errors, which are of type *Error.
func Parse(name, text string) (*Script, error) {
	s := &Script{Name: name}
	for i, raw := range strings.Split(text, "\n") {
		line := strings.TrimRight(raw, " \t\r")
		if shown, ok := strings.CutPrefix(line, "> "); ok {
			if len(s.Steps) == 0 || s.Steps[len(s.Steps)-1].Verb() != "show" {
				return nil, &Error{name, i + 1, "shown text belongs below a show step"}
			}
			last := &s.Steps[len(s.Steps)-1]
			last.Shown = append(last.Shown, shown)
			continue
		}
		if comment := strings.Index(line, "#"); comment >= 0 {
			line = line[:comment]
		}
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		step, err := NewStep(words...)
		if err != nil {
			return nil, &Error{name, i + 1, err.Error()}
		}
		step.Line = i + 1
		s.Steps = append(s.Steps, step)
	}
	return s, nil
}

// NewStep makes a step of its words; a last word "&" puts it into the background.
func NewStep(words ...string) (Step, error) {
	step := Step{Words: words}
	if n := len(words); n > 1 && words[n-1] == "&" {
		step.Words, step.Background = words[:n-1], true
	}
	var near []string
	for _, f := range syntax {
		form := strings.Fields(f)
		if form[0] != words[0] {
			continue
		}
		near = append(near, f)
		if answered, ok := fit(form, step.Words); ok {
			step.form = answered
			if step.Background && !canWait[words[0]] {
				return Step{}, fmt.Errorf("%s does not wait for anything: leave out the &", words[0])
			}
			return step, nil
		}
	}
	if len(near) == 0 {
		return Step{}, fmt.Errorf("there is no verb %q; write one of %s", words[0], strings.Join(Verbs(), ", "))
	}
	return Step{}, fmt.Errorf("%q does not read as: %s", strings.Join(step.Words, " "), strings.Join(near, "; or: "))
}

// MustStep is NewStep for words that the program itself wrote.
func MustStep(text string) Step {
	step, err := NewStep(strings.Fields(text)...)
	if err != nil {
		panic(err)
	}
	return step
}

// canWait are the verbs that end with an answer.
var canWait = map[string]bool{
	"create": true, "pay": true, "close": true, "refund": true, "topup": true, "query": true,
	"send": true, "answer": true, "throw": true, "grab": true,
	"charge": true, "reply": true, "guess": true, "renew": true, "receive": true,
	"pocket": true, "confirm": true, "call-off": true, "find": true, "hide": true, "rephone": true,
	"advance": true, "guess-pin": true, "forget-pin": true, "new-pin": true, "seen": true,
	"enter": true, "erase": true, "passkey": true, "end-passkey": true, "sign": true,
	"hire": true, "dismiss": true, "reassign": true, "token": true, "enter-office": true, "leave-office": true, "work": true,
	"office-key": true, "end-office-key": true, "key-office": true,
	"block": true, "unblock": true, "appeal": true, "decide": true, "report": true, "reply-report": true, "close-report": true,
	"apply": true, "approve": true, "turn-down": true, "visit": true, "collect": true,
	"till": true, "cap": true, "shut": true, "open": true, "count": true, "take": true, "hand": true, "undo": true, "scan": true,
	"add": true, "promote": true, "remove": true, "replace": true, "transfer": true, "raise": true,
}

// Verbs lists the verbs in the order of the syntax.
func Verbs() []string {
	var verbs []string
	for _, f := range syntax {
		if v := strings.Fields(f)[0]; !slices.Contains(verbs, v) {
			verbs = append(verbs, v)
		}
	}
	return verbs
}

// fit matches words with a form and answers, word by word, what each is.
func fit(form, words []string) (answered []string, ok bool) {
	if len(form) == 0 {
		return nil, len(words) == 0
	}
	if strings.HasPrefix(form[0], "[") {
		end := slices.IndexFunc(form, func(w string) bool { return strings.HasSuffix(w, "]") })
		group := slices.Clone(form[:end+1])
		group[0] = group[0][1:]
		group[end] = strings.TrimSuffix(group[end], "]")
		if answered, ok = fit(append(group, form[end+1:]...), words); ok {
			return answered, true
		}
		return fit(form[end+1:], words)
	}
	if len(words) == 0 {
		return nil, false
	}
	word, many := strings.CutSuffix(form[0], "...")
	if !is(word, words[0]) {
		return nil, false
	}
	if many {
		if answered, ok = fit(form, words[1:]); ok {
			return append([]string{word}, answered...), true
		}
	}
	answered, ok = fit(form[1:], words[1:])
	return append([]string{word}, answered...), ok
}

// is says whether a word answers to a word of the syntax.
func is(form, word string) bool {
	if k, ok := kinds[form]; ok {
		return k.ok(word)
	}
	if form == "|" || form == "->" {
		return word == form
	}
	return slices.Contains(strings.Split(form, "|"), word)
}

// Verb is the first word.
func (s Step) Verb() string { return s.Words[0] }

// All returns the arguments of a kind in their order, e.g. All("NODE").
func (s Step) All(kind string) (found []string) {
	for i, f := range s.form {
		if f == kind {
			found = append(found, s.Words[i])
		}
	}
	return found
}

// Arg returns the first argument of a kind, "" when there is none.
func (s Step) Arg(kind string) string {
	if all := s.All(kind); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Has says whether the step has the word, not counting its verb.
func (s Step) Has(word string) bool { return slices.Contains(s.Words[1:], word) }

// Groups returns the nodes before and after the bar of a partition.
func (s Step) Groups() (left, right []string) {
	bar := slices.Index(s.Words, "|")
	if bar < 0 {
		return nil, nil
	}
	return s.Words[1:bar], s.Words[bar+1:]
}

// String writes the step as it is read, without what it shows.
func (s Step) String() string {
	text := strings.Join(s.Words, " ")
	if s.Background {
		text += " &"
	}
	return text
}

// Format writes steps one a line, with what they show below them.
func Format(steps []Step) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteString(s.String() + "\n")
		for _, shown := range s.Shown {
			b.WriteString("> " + shown + "\n")
		}
	}
	return b.String()
}

// Rewrite writes a script's text anew with what its show steps show now;
// comments and empty lines stay.
func Rewrite(text string, s *Script) string {
	shown := make(map[int][]string)
	for _, step := range s.Steps {
		if step.Verb() == "show" {
			shown[step.Line] = step.Shown
		}
	}
	var out []string
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "> ") {
			continue
		}
		out = append(out, line)
		for _, text := range shown[i+1] {
			out = append(out, "> "+text)
		}
	}
	return strings.Join(out, "\n")
}
