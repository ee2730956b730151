//go:build linux

package sdktest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

// laundry is a sandbox with one washer, examples/washer, which is a process.
type laundry struct {
	*testing.T
	dev           *proctest.Dev
	washer        string
	file, address string
	running       *exec.Cmd
	said          chan string
	stderr        bytes.Buffer
}

// The washer starts when it is told, and when it is not told but asks; it goes on after
// a power cut; and what it learns too late it gives back, once, whatever it is told
// afterwards.
func TestTheWasher(t *testing.T) {
	l := &laundry{T: t, dev: proctest.StartDev(t, proctest.Build(t)), washer: filepath.Join(t.TempDir(), "washer")}
	if out, err := exec.Command("go", "build", "-o", l.washer, "../../../examples/washer").CombinedOutput(); err != nil {
		t.Fatalf("build the washer: %v\n%s", err, out)
	}
	defer l.dev.Stop(t)
	t.Run("told", func(t *testing.T) { l.begin(t).told() })
	t.Run("not told", func(t *testing.T) { l.begin(t).notTold() })
	t.Run("told late", func(t *testing.T) { l.begin(t).toldLate() })
}

// begin is the laundry with a new washer.
func (l *laundry) begin(t *testing.T) *laundry {
	t.Helper()
	n := &laundry{T: t, dev: l.dev, washer: l.washer, file: filepath.Join(t.TempDir(), "washer.json"), address: free(t)}
	t.Cleanup(n.cut)
	return n
}

// free is an address that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (l *laundry) told() {
	l.power("-wash", "2s")
	l.pay(l.hear("SHOW"))
	no := l.hear("START")
	l.cut()
	l.power("-wash", "2s")
	if again := l.hear("RESUME"); again != no {
		l.Errorf("after a power cut %s goes on, not %s", again, no)
	}
	if stopped := l.hear("STOP"); stopped != no {
		l.Errorf("%s stops, not %s", stopped, no)
	}
	l.hear("SHOW")
}

func (l *laundry) notTold() {
	nobody := "http://" + free(l.T) + "/paid"
	l.power("-notify", nobody)
	l.hear("SHOW")
	no := l.order().No
	l.cut()
	l.power("-notify", nobody)
	l.pay(l.hear("SHOW")) // a code of the same order, in place of the first
	if started := l.hear("START"); started != no {
		l.Errorf("after a power cut the order is %s, not %s", started, no)
	}
}

func (l *laundry) toldLate() {
	before := l.dev.Sandbox.Balance(l.T, "小红")
	l.power()
	code := l.hear("SHOW")
	l.cut()
	l.pay(code)
	asked := l.order()
	l.power("-patience", "0s") // as if it had been without power for longer than people wait
	no := l.hear("RETURN")
	if asked.No != no {
		l.Errorf("%s was paid, and the money of %s is returned", asked.No, no)
	}
	next := l.hear("SHOW")
	l.deliver(no)
	if after := l.dev.Sandbox.Balance(l.T, "小红"); after != before {
		l.Errorf("whoever paid had %d fen and has %d", before, after)
	}
	if now := l.order(); now.No == no || now.State != "asked" {
		l.Errorf("told of %s after its refund, the washer is at %+v", no, now)
	}
	l.cut()

	// Its power is lost again, between the refund and the file.
	asked.State = "returning"
	text, err := json.Marshal(asked)
	if err == nil {
		err = os.WriteFile(l.file, text, 0o600)
	}
	if err != nil {
		l.Fatal(err)
	}
	l.power()
	if again := l.hear("RETURN"); again != no {
		l.Errorf("%s is returned again, not %s", again, no)
	}
	if l.hear("SHOW") == next {
		l.Error("the order that nobody paid is shown again")
	}
	if after := l.dev.Sandbox.Balance(l.T, "小红"); after != before {
		l.Errorf("whoever paid had %d fen, and after a second refund has %d", before, after)
	}
}

// power starts the washer in a shell that has sourced the sandbox's environment.
func (l *laundry) power(args ...string) {
	l.Helper()
	script := `eval "$("$0" dev --print-env --data "$1" 2>/dev/null)"; shift; exec "$@"`
	l.running = exec.Command("sh", append([]string{"-c", script, l.dev.Bin, l.dev.Dir, l.washer, "-file", l.file, "-listen", l.address}, args...)...)
	l.running.Stderr = &l.stderr
	out, err := l.running.StdoutPipe()
	if err == nil {
		err = l.running.Start()
	}
	if err != nil {
		l.Fatal(err)
	}
	said := make(chan string, 64)
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said <- lines.Text()
		}
	}()
	l.said = said
}

// cut takes the washer's power, wherever it is.
func (l *laundry) cut() {
	if l.running == nil {
		return
	}
	_ = l.running.Process.Kill()
	for range l.said { // until its output ends
	}
	_ = l.running.Wait()
	l.running = nil
}

// hear returns what the washer says next, which must be that word.
func (l *laundry) hear(word string) string {
	l.Helper()
	select {
	case line := <-l.said:
		got, rest, _ := strings.Cut(line, " ")
		if got != word {
			l.Fatalf("the washer says %q, not %s\n%s", line, word, l.complaints())
		}
		return rest
	case <-time.After(time.Minute):
		l.Fatalf("the washer does not say %s\n%s", word, l.complaints())
	}
	return ""
}

// complaints are what it last wrote to its error output.
func (l *laundry) complaints() string {
	text := l.stderr.String()
	return text[max(0, len(text)-2000):]
}

func (l *laundry) pay(codeURL string) {
	l.Helper()
	var paid map[string]any
	if status, err := l.dev.Sandbox.Post(l.Context(), "/pay", map[string]string{"code_url": codeURL, "payer": "小红"}, &paid); err != nil || status != http.StatusOK {
		l.Fatalf("pay %s: %d %v %v", codeURL, status, paid, err)
	}
}

// washed is what the washer's file holds.
type washed struct {
	No    string `json:"out_trade_no"`
	State string `json:"state"`
}

func (l *laundry) order() (o washed) {
	l.Helper()
	text, err := os.ReadFile(l.file)
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil {
		l.Fatal(err)
	}
	return o
}

// deliver moves business time on until the payment's notice has come to the washer.
func (l *laundry) deliver(no string) {
	l.Helper()
	var moved map[string]any
	if status, err := l.dev.Sandbox.Post(l.Context(), "/clock", map[string]string{"advance": "1m"}, &moved); err != nil || status != http.StatusOK {
		l.Fatalf("move business time: %d %v %v", status, moved, err)
	}
	proctest.WaitFor(l.T, time.Minute, "the notice of "+no, func() bool {
		resp, err := http.Get(l.dev.Sandbox.SandboxURL + "/notices?out_trade_no=" + no)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		var list struct {
			Notices []struct {
				EventType string `json:"event_type"`
				State     string `json:"state"`
			} `json:"notices"`
		}
		if json.NewDecoder(resp.Body).Decode(&list) != nil {
			return false
		}
		for _, n := range list.Notices {
			if n.EventType == "TRANSACTION.SUCCESS" && n.State == "DELIVERED" {
				return true
			}
		}
		return false
	})
}
