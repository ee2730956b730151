package journal_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/engine/journal"
)

func TestCheckpointGolden(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t, origin, "golden")
	cp := bookOf(t, 300).sign(t, signer)
	golden(t, "checkpoint.golden", cp.Text)
	got, err := journal.OpenCheckpoint(cp.Text, verifier)
	if err != nil || got != cp.Checkpoint {
		t.Fatalf("OpenCheckpoint = %+v, %v; want %+v", got, err, cp.Checkpoint)
	}
}

// signText signs any text, as a careless or malicious holder of the key could.
func signText(tb testing.TB, text string, signers ...note.Signer) []byte {
	tb.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

func TestCheckpointSpelling(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t, origin, "golden")
	witness, _ := keys(t, "witness.example", "witness")
	root := tlog.Hash{7}.String()
	body := func(size, index string) string {
		return fmt.Sprintf("%s\n%s\n%s\nindex %s\n", origin, size, root, index)
	}
	for name, c := range map[string]struct {
		text []byte
		ok   bool
	}{
		"plain":                      {signText(t, body("300", "309"), signer), true},
		"witnessed":                  {signText(t, body("300", "309"), signer, witness), true},
		"more extension lines":       {signText(t, body("300", "309")+"digest abc\n", signer), true},
		"extension before the index": {signText(t, strings.Replace(body("300", "309"), "index", "digest abc\nindex", 1), signer), true},
		"empty journal":              {signText(t, body("0", "1"), signer), true},
		"only the witness signed":    {signText(t, body("300", "309"), witness), false},
		"size with a zero":           {signText(t, body("0300", "309"), signer), false},
		"size with a sign":           {signText(t, body("+300", "309"), signer), false},
		"size beyond int64":          {signText(t, body("9223372036854775809", "309"), signer), false},
		"size too large for a tree":  {signText(t, body("4611686018427387905", "309"), signer), false},
		"index with a zero":          {signText(t, body("300", "0309"), signer), false},
		"index repeated":             {signText(t, body("300", "309")+"index 310\n", signer), false},
		"index missing":              {signText(t, strings.Replace(body("300", "309"), "index", "Index", 1), signer), false},
		"no extension at all":        {signText(t, fmt.Sprintf("%s\n300\n%s\n", origin, root), signer), false},
		"empty extension line":       {signText(t, body("300", "309")+"\nmore\n", signer), false},
		"root of another length":     {signText(t, strings.Replace(body("300", "309"), root, "YmFuYW5hcw==", 1), signer), false},
		"root without padding":       {signText(t, strings.Replace(body("300", "309"), "=\n", "\n", 1), signer), false},
		"root with stray bits":       {signText(t, strings.Replace(body("300", "309"), "A=\n", "B=\n", 1), signer), false},
		"origin of another":          {signText(t, strings.Replace(body("300", "309"), origin, "other", 1), signer), false},
		"origin missing":             {signText(t, strings.Replace(body("300", "309"), origin, "", 1), signer), false},
		"not signed":                 {[]byte(body("300", "309")), false},
		"nothing":                    {nil, false},
		"too long":                   {signText(t, body("300", "309")+strings.Repeat("pad padding\n", 2000), signer), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c2, err := journal.OpenCheckpoint(c.text, verifier)
			switch {
			case c.ok && err != nil:
				t.Errorf("refused: %v", err)
			case !c.ok && !errors.Is(err, journal.ErrCheckpoint):
				t.Errorf("accepted as %+v, or refused otherwise: %v", c2, err)
			}
		})
	}
}

// Any one byte changed in a checkpoint makes it refused.
func TestCheckpointOneByte(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t, origin, "golden")
	cp := bookOf(t, 3).sign(t, signer)
	for i := range cp.Text {
		for _, flip := range []byte{1, 0x20, 0x80} {
			text := append([]byte(nil), cp.Text...)
			text[i] ^= flip
			if c, err := journal.OpenCheckpoint(text, verifier); err == nil {
				t.Fatalf("byte %d changed from %q to %q: accepted as %+v", i, cp.Text[i], text[i], c)
			}
		}
	}
}

func TestSignCheckpointRefusesAnothersJournal(t *testing.T) {
	t.Parallel()
	signer, _ := keys(t, origin, "golden")
	if _, err := journal.SignCheckpoint(signer, journal.Checkpoint{Origin: "other"}); err == nil {
		t.Error("a key signed for a journal it is not named after")
	}
}

func TestCheckLog(t *testing.T) {
	t.Parallel()
	c := journal.Checkpoint{Size: 300, Index: 309}
	if err := c.CheckLog(309); err != nil {
		t.Error(err)
	}
	if err := c.CheckLog(308); err == nil || !strings.Contains(err.Error(), "index 308") || !strings.Contains(err.Error(), "309") {
		t.Errorf("a log that ends too early: %v", err)
	}
}

func FuzzOpenCheckpoint(f *testing.F) {
	signer, verifier := keys(f, origin, "golden")
	genuine := bookOf(f, 300).sign(f, signer)
	f.Add(genuine.Text)
	f.Add(signText(f, "other\n1\n"+genuine.Root.String()+"\nindex 3\n", signer))
	f.Add([]byte("\n\n— x y\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := journal.OpenCheckpoint(text, verifier)
		if err != nil {
			if !errors.Is(err, journal.ErrCheckpoint) {
				t.Fatalf("refused without saying so: %v", err)
			}
			return
		}
		// The key signed one checkpoint only.
		if c != genuine.Checkpoint {
			t.Fatalf("a checkpoint nobody signed was accepted: %+v", c)
		}
	})
}
