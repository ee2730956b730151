package script

import (
	"errors"
	"strings"
	"testing"
)

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"nodes 3\n\n# why\nfly n1\n", `x.txt:4: there is no verb "fly"; write one of nodes, seed`},
		{"nodes three", `x.txt:1: "nodes three" does not read as: nodes NUMBER`},
		{"crash O1", `x.txt:1: "crash O1" does not read as: crash NODE [at append]`},
		{"crash n1 at", "does not read as: crash NODE [at append]"},
		{"restart n1 with new disk", "or: restart NODE with old|lost|foreign disk; or: restart NODE with copy of NODE"},
		{"partition n1 n2", "partition NODE... | NODE..."},
		{"partition | n2", "partition NODE... | NODE..."},
		{"cut n1 n2", "cut NODE -> NODE"},
		{"run 5", "run TIME"},
		{"run -5s", "run TIME"},
		{"run 1us", "run TIME"},
		{"heal now", `"heal now" does not read as: heal`},
		{"crash n1 &", "crash does not wait for anything: leave out the &"},
		{"heal\n> text", "x.txt:2: shown text belongs below a show step"},
		{"> text", "x.txt:1: shown text"},
	} {
		_, err := Parse("x.txt", c.text)
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestParseReadsEveryForm(t *testing.T) {
	t.Parallel()
	for _, form := range syntax {
		// Once with what may be left out and once without.
		for _, full := range []bool{true, false} {
			text := example(form, full)
			step, err := NewStep(strings.Fields(text)...)
			if err != nil {
				t.Errorf("%s: %v", form, err)
				continue
			}
			if step.String() != text {
				t.Errorf("%q is written as %q", text, step)
			}
		}
	}
}

// example writes a line of the form.
func example(form string, full bool) string {
	var words []string
	inside := false
	for _, w := range strings.Fields(form) {
		inside = inside || strings.HasPrefix(w, "[")
		skip := inside && !full
		inside = inside && !strings.HasSuffix(w, "]")
		if skip {
			continue
		}
		w, many := strings.CutSuffix(strings.Trim(w, "[]"), "...")
		if k, ok := kinds[w]; ok {
			w = k.example
		} else if w != "|" {
			w, _, _ = strings.Cut(w, "|")
		}
		words = append(words, w)
		if many && full {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

func TestStepAnswersItsArguments(t *testing.T) {
	t.Parallel()
	s := MustStep("partition n1 n2 | n3")
	left, right := s.Groups()
	if strings.Join(left, " ") != "n1 n2" || strings.Join(right, " ") != "n3" || len(s.All("NODE")) != 3 {
		t.Errorf("groups are %v and %v, nodes %v", left, right, s.All("NODE"))
	}
	s = MustStep("pay O1 P2 by U3 via n2 &")
	if s.Arg("ORDER") != "O1" || s.Arg("PAYMENT") != "P2" || s.Arg("PERSON") != "U3" || s.Arg("NODE") != "n2" || !s.Background || s.Arg("TIME") != "" {
		t.Errorf("read %+v", s)
	}
	if Millis("1m2s3ms") != 62_003 || Millis("-2s") != -2000 || Number("42") != 42 {
		t.Error("numbers are misread")
	}
}

func TestRewriteKeepsEverythingElse(t *testing.T) {
	t.Parallel()
	const text = "# why\nnodes 3\n\nshow O1 # now\n> old\n> older\nheal\n"
	s, err := Parse("x.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	if got := Rewrite(text, s); got != text {
		t.Errorf("unchanged it is rewritten to\n%s", got)
	}
	s.Steps[1].Shown = []string{"new"}
	if got, want := Rewrite(text, s), "# why\nnodes 3\n\nshow O1 # now\n> new\nheal\n"; got != want {
		t.Errorf("rewritten to\n%s", got)
	}
	if got := Format(s.Steps); got != "nodes 3\nshow O1\n> new\nheal\n" {
		t.Errorf("formatted as\n%s", got)
	}
}
