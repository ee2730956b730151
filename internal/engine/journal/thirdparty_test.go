package journal_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
)

// thirdParty is docs/reference/receipts.md followed step by step with the
// standard library alone, as somebody who doesn't trust our code would. It
// returns the entry's bytes.
func thirdParty(file []byte, vkey string) ([]byte, error) {
	var rec struct {
		Entry      []byte   `json:"entry"`
		LeafIndex  string   `json:"leaf_index"`
		Proof      [][]byte `json:"proof"`
		Checkpoint string   `json:"checkpoint"`
		Openings   []struct {
			Commitment uint32 `json:"commitment"`
			Field      string `json:"field"`
			Value      string `json:"value"`
			Salt       []byte `json:"salt"`
		} `json:"openings"`
	}
	if err := json.Unmarshal(file, &rec); err != nil {
		return nil, err
	}
	text, err := openNote(rec.Checkpoint, vkey)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(text, "\n")
	size, err1 := strconv.ParseUint(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	leaf, err3 := strconv.ParseUint(rec.LeafIndex, 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	got, err := rootOf(rec.Entry, leaf, size, rec.Proof)
	if err != nil || !bytes.Equal(got, root) {
		return nil, errors.Join(errors.New("the proof does not lead to the root"), err)
	}
	commitments := entryFields(rec.Entry)[10]
	for _, o := range rec.Openings {
		if h := hashParts("holdfast/commitment/1", o.Salt, []byte(o.Field), []byte(o.Value)); !bytes.Equal(h, commitments[o.Commitment]) {
			return nil, errors.New("the opening does not match")
		}
	}
	return rec.Entry, nil
}

// openNote checks the signature of the key's line and returns the signed text.
func openNote(signed, vkey string) (string, error) {
	parts := strings.SplitN(vkey, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || key[0] != 1 {
		return "", errors.New("not an Ed25519 verifier key")
	}
	at := strings.LastIndex(signed, "\n\n")
	text := signed[:at+1]
	for _, line := range strings.Split(signed[at+2:], "\n") {
		rest, ok := strings.CutPrefix(line, "— "+parts[0]+" ")
		if !ok {
			continue
		}
		sig, err := base64.StdEncoding.DecodeString(rest)
		if err == nil && strconv.FormatUint(uint64(binary.BigEndian.Uint32(sig)), 16) == strings.TrimLeft(parts[1], "0") &&
			ed25519.Verify(key[1:], []byte(text), sig[4:]) {
			return text, nil
		}
	}
	return "", errors.New("no valid signature")
}

// rootOf is RFC 9162, section 2.1.3.2.
func rootOf(entry []byte, leaf, size uint64, proof [][]byte) ([]byte, error) {
	sum := sha256.Sum256(append([]byte{0}, entry...))
	r, fn, sn := sum[:], leaf, size-1
	for _, p := range proof {
		if sn == 0 {
			return nil, errors.New("proof too long")
		}
		left, right := r, p
		if fn&1 == 1 || fn == sn {
			left, right = p, r
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		}
		sum := sha256.Sum256(append(append([]byte{1}, left...), right...))
		r, fn, sn = sum[:], fn>>1, sn>>1
	}
	if sn != 0 {
		return nil, errors.New("proof too short")
	}
	return r, nil
}

// entryFields reads the length-delimited fields of a protobuf message.
func entryFields(b []byte) map[uint64][][]byte {
	out := map[uint64][][]byte{}
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		b = b[n:]
		v, n := binary.Uvarint(b)
		b = b[n:]
		if tag&7 == 2 {
			out[tag>>3] = append(out[tag>>3], b[:v])
			b = b[v:]
		}
	}
	return out
}

func hashParts(domain string, parts ...[]byte) []byte {
	b := []byte(domain)
	for _, p := range parts {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(p))), p...)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

func TestReceiptVerifiesWithoutOurCode(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/receipt.golden.json")
	if err != nil {
		t.Fatal(err)
	}
	vkey, err := os.ReadFile("testdata/verifier.golden")
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(vkey))
	entry, err := thirdParty(file, key)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(entryFields(entry)[7][0]); got != "order/17" {
		t.Errorf("the receipt is about %q", got)
	}
	for name, other := range map[string]string{
		"entry": strings.Replace(string(file), "CI0C", "CI4C", 1),
		"name":  strings.Replace(string(file), "李雷", "李雪", 1),
		"leaf":  strings.Replace(string(file), `"269"`, `"268"`, 1),
		"size":  strings.Replace(string(file), `\n300\n`, `\n301\n`, 1),
	} {
		if other == string(file) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := thirdParty([]byte(other), key); err == nil {
			t.Errorf("%s changed: the receipt still verifies", name)
		}
	}
}

func TestVerifierKeyGolden(t *testing.T) {
	t.Parallel()
	golden(t, "verifier.golden", []byte(verifierKey(t, origin, "golden")+"\n"))
}
