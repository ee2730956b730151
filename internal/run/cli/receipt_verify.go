package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var receiptVerify = Command{
	Name: "receipt verify", Args: "FILE", Short: "check a receipt offline, with the public key alone", JSON: true,
	Exits: []int{ExitVerification},
	Long: `Needs no node and no network: only the receipt and the journal's verifier key, which
the operator publishes and ` + "`holdfast status`" + ` prints. It checks the checkpoint's
signature, the way from the entry to the checkpoint's root, the entry itself, and
every personal field that the receipt shows against what the entry committed to.
Exit 3 when any of it does not hold. FILE - is standard input.`,
	Examples: []Example{
		{"holdfast receipt verify receipt.json --key 'holdfast.example/journal+1a2b3c4d+AQ...'", "what the payer or a court does"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		key := fs.String("key", "", "the journal's verifier `VKEY`, or @FILE that holds it")
		return func(_ context.Context, env *Env, args []string) error {
			verifier, err := readVerifier(env, *key)
			if err != nil {
				return err
			}
			receipt, err := readReceipt(env, args[0])
			if err != nil {
				return err
			}
			entry, checkpoint, err := journal.VerifyReceipt(receipt, verifier)
			if err != nil {
				return failure(ExitVerification, receiptHint(err), "the receipt does not verify: %w", err)
			}
			return printVerified(env, entry, checkpoint, receipt, verifier)
		}
	},
}

func readVerifier(env *Env, key string) (note.Verifier, error) {
	if key == "" {
		return nil, usage("`holdfast status` prints the verifier key of a node you trust", "--key is needed: a receipt proves nothing without the journal's public key")
	}
	if name, ok := strings.CutPrefix(key, "@"); ok {
		text, err := readText(env, name)
		if err != nil {
			return nil, err
		}
		key = text
	}
	v, err := journal.ParseVerifier(key)
	if err != nil {
		return nil, usage("it looks like NAME+1a2b3c4d+BASE64", "--key: %w", err)
	}
	return v, nil
}

func readReceipt(env *Env, name string) (*pb.Receipt, error) {
	text, err := readBounded(env, name, 1<<20)
	if err != nil {
		return nil, err
	}
	r, err := journal.DecodeReceipt([]byte(text))
	if err != nil {
		return nil, failure(ExitVerification, "a receipt is the file that `holdfast receipt get --out FILE` writes", "%s is not a receipt: %w", name, err)
	}
	return r, nil
}

func receiptHint(err error) string {
	switch {
	case errors.Is(err, journal.ErrCheckpoint):
		return "the checkpoint is not signed by this key: is it the key of the right journal?"
	case errors.Is(err, journal.ErrOpening):
		return "the entry is in the journal, but a personal field in the receipt was changed"
	}
	return "the receipt was changed after it was issued, or is not a receipt of this journal"
}

func printVerified(env *Env, e *pb.Entry, c journal.Checkpoint, r *pb.Receipt, v note.Verifier) error {
	if env.JSON {
		return env.Object(map[string]any{
			"verified": true, "entity": e.Entity, "name": e.Name, "seq": e.Seq, "at": e.At, "code": code.Code(e.Code).String(),
			"journal": c.Origin, "size": c.Size, "root": c.Root.String(),
		})
	}
	text, err := journal.Describe(r, v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(env.Out, text)
	return err
}
