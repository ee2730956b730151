package cli

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var receiptGet = Command{
	Name: "receipt get", Args: "ID", Short: "fetch a receipt of a payment, refund, transfer or red packet", JSON: true, Admin: true,
	Long: `ID names an order or a refund as for the inspect commands; a refund needs refund/NUMBER
or its refund_id; transfer/NUMBER is a transfer between people, packet/NUMBER a red
packet. The receipt holds the journal entry, its proof and the signed
checkpoint it leads to, and proves the payment to anyone who has the journal's
public key, without the node.`,
	Examples: []Example{
		{"holdfast receipt get order/17 --out receipt.json", "into a file that the payer keeps"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		q := inspectFlags(fs)
		out := new(string)
		fileVar(fs, out, "out", "write it to this new `FILE` instead of standard output")
		return func(ctx context.Context, env *Env, args []string) error {
			q.Id = args[0]
			a, err := call(ctx, env, pbconnect.AdminServiceClient.ShowReceipt, q)
			if err != nil {
				return err
			}
			if *out == "" {
				return env.Message(a)
			}
			return keepReceipt(env, a, *out)
		}
	},
}

// keepReceipt writes the receipt where nothing is yet.
func keepReceipt(env *Env, a *pb.Receipt, path string) error {
	text, err := journal.EncodeReceipt(a)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return refused("name a file that does not exist yet", "%w", err)
	}
	_, err = f.Write(text)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if env.JSON {
		return env.Object(map[string]any{"file": path, "leaf_index": a.LeafIndex})
	}
	_, err = fmt.Fprintf(env.Out, "receipt of entry %d in %s; check it: holdfast receipt verify %s --key VKEY\n", a.LeafIndex, path, path)
	return err
}
