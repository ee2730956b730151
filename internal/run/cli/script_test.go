package cli

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestMain(m *testing.M) {
	// The signal package keeps its goroutine once a process has asked for SIGHUP.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("os/signal.loop"))
}

var rewrite = flag.Bool("rewrite", false, "write expected output and generated files anew")

// TestScripts runs testdata/*.txt the way a person uses the program: the real
// Main, both streams and the exit status.
//
//	# why the stanza is there
//	$ holdfast merchant show 1900000009
//	> a line of standard output
//	2> a line of standard error
//	exit 1
//
// A line without `$` in front that begins with a verb sets the scene: `node`
// starts an administration over memory, `deed NAME` lets something happen on
// it, `file NAME` writes the lines that follow it with `| ` in front, `env
// NAME=VALUE` sets the environment. $DIR is the test's folder. What differs
// from run to run is shown as <KEY>, <TIME> and so on. -rewrite writes the
// output anew.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := &script{T: t, dir: t.TempDir(), env: map[string]string{}}
			got := s.run(string(text))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("%s differs; -rewrite writes it anew once it is understood:\n%s", file, diff(string(text), got))
			}
		})
	}
}

// script is one running script.
type script struct {
	*testing.T
	dir  string
	env  map[string]string
	site *admintest.Site
	id   int
}

// run returns the script with the output it produced.
func (s *script) run(text string) string {
	var out strings.Builder
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch verb, rest, _ := strings.Cut(line, " "); verb {
		case ">", "2>", "exit":
			continue // written anew below the command
		case "$":
			fmt.Fprintln(&out, line)
			s.command(&out, rest)
			continue
		case "node":
			s.startNode(rest == "sandbox")
		case "deed":
			s.deed(rest)
		case "env":
			name, value, _ := strings.Cut(rest, "=")
			s.env[name] = s.expand(value)
		case "file":
			end := i + 1
			for end < len(lines) && strings.HasPrefix(lines[end], "|") {
				end++
			}
			s.file(rest, lines[i+1:end])
		case "|", "#", "":
		default:
			s.Fatalf("unknown verb %q", verb)
		}
		fmt.Fprintln(&out, line)
	}
	return out.String()
}

// command runs one command line and writes down what came of it.
func (s *script) command(out *strings.Builder, line string) {
	args := split(s.expand(line))
	if args[0] != "holdfast" {
		s.Fatalf("a command line begins with holdfast: %q", line)
	}
	var stdout, stderr bytes.Buffer
	env := &Env{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Getenv: func(name string) string { return s.env[name] }}
	exit := Main(s.Context(), args[1:], env)
	s.write(out, ">", stdout.String())
	s.write(out, "2>", stderr.String())
	if exit != 0 {
		fmt.Fprintf(out, "exit %d\n", exit)
	}
}

func (s *script) write(out *strings.Builder, mark, text string) {
	if text == "" {
		return
	}
	for _, line := range strings.Split(strings.TrimSuffix(s.steady(text), "\n"), "\n") {
		fmt.Fprintln(out, strings.TrimRight(mark+" "+line, " "))
	}
}

// unsteady are the things that differ from run to run.
var unsteady = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`OpenSSL 3[^()]* \(libcrypto\)|Go crypto/rsa`), "<LIBRARY>"},
	{regexp.MustCompile(`[\w./]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}`), "<VKEY>"},
	{regexp.MustCompile(`apiv3_\d+_[0-9a-f]+`), "<KEYID>"},
	{regexp.MustCompile(`(hand it to the merchant\): |"apiv3_key":")[0-9A-Za-z]{32}`), "$1<APIV3KEY>"},
	{regexp.MustCompile(`\bo[\w-]{27}\b`), "<OPENID>"},
	{regexp.MustCompile(`\bwx\d{14}[0-9a-f]{20}\b`), "<PREPAYID>"},
	{regexp.MustCompile(`"(receipt|detail|salt|content_hash|attempt|entry|checkpoint|journal_root|root)":"[^"]*"`), `"$1":"<$1>"`},
	{regexp.MustCompile(`root [A-Za-z0-9+/=]{44}`), "root <ROOT>"},
	{regexp.MustCompile(`/c/[\w-]{22}`), "/c/<TOKEN>"},
	{regexp.MustCompile(`\b[A-Za-z0-9+/]{43}=`), "<HASH>"},
	{regexp.MustCompile(`cli-[A-Z2-7]{26}`), "cli-<REF>"},
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "<URL>"},
	{regexp.MustCompile(`SHA-256 [0-9a-f]{64}`), "SHA-256 <HASH>"},
	{regexp.MustCompile(`"(scrub_done|lease_until)":"\d+"`), `"$1":"<TIME>"`},
	{regexp.MustCompile(`(lanes, until |expires  |"certificate_expires":")20\d\d-\d\d-\d\dT[\d:]+Z`), "$1<TIME>"},
	{regexp.MustCompile(`holdfast v?\S+.* \(go[^)]*\)`), "holdfast <VERSION>"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`), "<EVENTID>"},
}

func (s *script) steady(text string) string {
	text = strings.ReplaceAll(text, s.dir, "$DIR")
	if s.site != nil {
		text = strings.ReplaceAll(text, s.site.Dir, "$NODE")
	}
	for _, u := range unsteady {
		text = u.what.ReplaceAllString(text, u.as)
	}
	return text
}

func (s *script) expand(line string) string {
	line = strings.ReplaceAll(line, "$DIR", s.dir)
	if s.site != nil {
		line = strings.ReplaceAll(line, "$VKEY", s.site.Keys.CheckpointVerifier())
	}
	return line
}

// startNode puts an administration over memory behind HOLDFAST_DATA.
func (s *script) startNode(sandbox bool) {
	s.site = admintest.Open(s.T, sandbox)
	s.env["HOLDFAST_DATA"] = s.site.Dir
}

// deed lets something happen on the node.
func (s *script) deed(what string) {
	d := s.site
	switch verb, arg, _ := strings.Cut(what, " "); verb {
	case "merchant":
		d.Merchant()
	case "payer":
		d.Payer(arg, arg, 500)
	case "pay":
		o := d.Order(arg, nil)
		d.Sleep(1500)
		d.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: 1, Attempt: []byte("attempt-00000001")})
	case "refund":
		d.Must(catalogue.RefundCreate, &pb.RefundCreate{Mchid: o1.mchid, OutRefundNo: arg, OutTradeNo: o1.number, Refund: 40, Total: 100, Currency: 156,
			Reason: "cold tea", NotifyUrl: "https://shop.example/refunds"})
		d.Sleep(1000)
		d.Must(catalogue.Tick, &pb.Tick{})
	case "attempt":
		s.id++
		d.Sleep(2000)
		d.Must(catalogue.NoticeReport, &pb.NoticeReport{Attempts: []*pb.Attempt{s.attempt(arg)}})
	case "broken":
		d.Break(func(*pb.Command) (bool, error) { return true, brokenAs[arg].Err() })
	case "group":
		s.group(arg)
	case "friends":
		s.friends()
	case "shops":
		s.shops()
	case "readonly":
		d.Why = func() string { return "the command order_pay (0) of frame 7 stopped the node twice" }
	default:
		s.Fatalf("unknown deed %q", what)
	}
}

// group makes the node one of three, in a state with a name.
func (s *script) group(state string) {
	g := admintest.NewGroup()
	switch state {
	case "":
	case "headless":
		g.Now.Leader, g.Now.MarkIndex, g.Now.Couriers, g.Now.Next = 0, 0, nil, nil
		g.Now.Nodes[0].Leader, g.Now.Nodes[1].HeardMs, g.Now.Nodes[1].Health, g.Now.Nodes[1].Version = false, -1, nil, ""
	case "differs":
		g.Now.DigestsEqual = false
		g.Now.Nodes[0].Digest, g.Now.Nodes[1].Digest = "0011223344556677", "8899aabbccddeeff"
	case "busy":
		g.Err = &admin.Refusal{Text: "no leader is known", Hint: "wait for the election, or look which nodes are down: holdfast cluster status"}
	case "old":
		g.Known = 2
	default:
		s.Fatalf("unknown state %q of a group", state)
	}
	s.site.WithGroup(g)
}

var o1 = struct{ mchid, number string }{"1900000001", "T2026-0001"}

var brokenAs = map[string]code.Code{"unknown": code.Unknown, "disk_low": code.DiskLow, "overloaded": code.Overloaded}

func (s *script) attempt(outcome string) *pb.Attempt {
	a := &pb.Attempt{NoticeId: 1, Number: uint32(s.id), At: s.site.Now(), TookUs: 12_300, Outcome: pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED, HttpStatus: 200}
	if outcome == "failed" {
		a.Outcome, a.HttpStatus, a.Answer = pb.AttemptOutcome_ATTEMPT_OUTCOME_STATUS, 500, "oops"
	}
	return a
}

func (s *script) file(name string, lines []string) {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimPrefix(strings.TrimPrefix(l, "|"), " ") + "\n")
	}
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(b.String()), 0o600); err != nil {
		s.Fatal(err)
	}
}

// split cuts a command line at spaces outside single quotes.
func split(line string) (words []string) {
	var word strings.Builder
	quoted, any := false, false
	for _, c := range line {
		switch {
		case c == '\'':
			quoted, any = !quoted, true
		case c == ' ' && !quoted:
			if any || word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(c)
		}
	}
	if any || word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}

// diff shows the lines that differ.
func diff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for i := range max(len(w), len(g)) {
		line := func(l []string) string {
			if i < len(l) {
				return l[i]
			}
			return ""
		}
		if line(w) != line(g) {
			fmt.Fprintf(&b, "%4d - %s\n     + %s\n", i+1, line(w), line(g))
		}
	}
	return b.String()
}

// TestManual keeps docs/reference/cli.md with the registry.
func TestManual(t *testing.T) {
	t.Parallel()
	const path = "../../../docs/reference/cli.md"
	if *rewrite {
		if err := os.WriteFile(path, []byte(Manual()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != Manual() {
		t.Errorf("%s is out of date (%v); run this test with -rewrite", path, err)
	}
}

// TestRegistry: every command teaches, and no two can be taken for each other.
func TestRegistry(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range Commands() {
		if seen[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		seen[c.Name] = true
		if c.Short == "" || c.Long == "" || len(c.Examples) == 0 || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: needs a short line without a full stop, prose, and an example", c.Name)
		}
		for _, e := range c.Examples {
			if found, _ := find(split(strings.TrimPrefix(e.Line, "holdfast "))); found == nil || found.Name != c.Name {
				t.Errorf("%s: the example %q runs another command", c.Name, e.Line)
			}
			tryExample(t, c, e.Line)
		}
	}
}

// tryExample parses an example's flags and counts its words.
func tryExample(t *testing.T, c *Command, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, " < ")
	line, _, _ = strings.Cut(line, " > ")
	args := split(line)[1+len(strings.Fields(c.Name)):]
	fs := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	fs.SetOutput(new(bytes.Buffer))
	c.Flags(fs)
	common(fs, c, &Env{})
	words, err := parse(fs, args)
	if err == nil {
		err = countWords(c, words)
	}
	if err != nil {
		t.Errorf("%s: the example %q: %v", c.Name, line, err)
	}
}

// TestInterrupted: a canceled context ends a command that waits.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := admintest.Open(t, false)
	var out, errs bytes.Buffer
	env := &Env{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }}
	if exit := Main(ctx, []string{"status", "--data", d.Dir}, env); exit != ExitUnreachable {
		t.Errorf("exit %d, %s", exit, errs.String())
	}
}
