package cli

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/packetfile"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
)

var packetVerify = Command{
	Name: "packet verify", Args: "FILE", Short: "check every share of a red packet offline", JSON: true,
	Exits: []int{ExitVerification},
	Long: `Needs no node and no network: only the file of a packet that has ended. It checks that
the seed is the one that was committed to when the packet was made, draws each share
again from the seed and the nonces of those who took before, and adds them up. Before
the seed is shown it checks what can be checked without it, and says so. Exit 3 when
something is not as it must be. FILE - is standard input.

The commitment in the file is the operator's word. It proves something to who compares
it with what they saw when the packet was made (--commitment), or with the receipt of
the packet's first journal entry.`,
	Examples: []Example{
		{"holdfast packet verify packet.json", "what anyone does who took part, or thinks they were unlucky"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		seen := fs.String("commitment", "", "the commitment that was seen when the packet was made, `HEX`")
		return func(_ context.Context, env *Env, args []string) error {
			text, err := readBounded(env, args[0], packetfile.MaxSize)
			if err != nil {
				return err
			}
			p, taken, err := packetfile.Decode([]byte(text))
			if err != nil {
				return failure(ExitVerification, "a packet's file begins with its format, "+packetfile.Format, "%w", err)
			}
			faults := packet.Verify(p, taken)
			if *seen != "" && *seen != hex.EncodeToString(p.Commitment) {
				faults = append(faults, "the commitment is not the one that was seen")
			}
			return printPacket(env, p, faults)
		}
	},
}

func printPacket(env *Env, p *pb.Packet, faults []string) error {
	drawn := !p.Lucky || len(p.Seed) > 0
	if env.JSON {
		err := env.Object(map[string]any{"verified": len(faults) == 0, "amounts_checked": drawn, "packet": p.Id, "faults": append([]string{}, faults...)})
		if err != nil || len(faults) == 0 {
			return err
		}
		return failure(ExitVerification, "", "packet %d is not as it must be", p.Id)
	}
	for _, fault := range faults {
		fmt.Fprintf(env.Out, "packet %d: %s\n", p.Id, fault)
	}
	if len(faults) > 0 {
		return failure(ExitVerification, "ask the operator for the journal entries of these shares", "packet %d is not as it must be", p.Id)
	}
	_, err := fmt.Fprintf(env.Out, "packet %d: %d of %d shares are taken, %s of %s; %s\n",
		p.Id, p.Taken, p.Count, money.Format(p.Paid), money.Format(p.Total), amountsOf(p))
	return err
}

func amountsOf(p *pb.Packet) string {
	switch {
	case !p.Lucky:
		return "each is as equal shares are"
	case len(p.Seed) == 0:
		return "the seed is not shown yet, so the amounts can't be checked"
	}
	return fmt.Sprintf("each is what the seed and the nonces give, and person %d was luckiest with %s", p.BestUid, money.Format(p.Best))
}
