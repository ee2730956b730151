package storytest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/moves"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
	"github.com/holdfast-pay/holdfast/internal/rule/report"
	"github.com/holdfast-pay/holdfast/internal/rule/shop"
	"github.com/holdfast-pay/holdfast/internal/rule/standing"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

var rewrite = flag.Bool("rewrite", false, "write docs/reference/states.md and outcomes.md anew")

// printed compares a page with what the code says, or writes it.
func printed(t *testing.T, name, want string) {
	t.Helper()
	file := filepath.Join("../../../../docs/reference", name)
	if *rewrite {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s does not say what the code says (%v): run go test ./internal/engine/machine/storytest -run Printed -rewrite", name, err)
	}
}

func TestStatesPageIsPrinted(t *testing.T) {
	t.Parallel()
	s := readSources(t)
	var b strings.Builder
	b.WriteString("# States\n\nPrinted from the tables that the rules assert with every move (`internal/rule/*/states.go`);\n" +
		"`go test ./internal/engine/machine/storytest -run Printed -rewrite` prints them again.\n\n" +
		"A command is applied whole or not at all, so a crash leaves every record in one of these\nstates, and replay of the log moves it on from there once. Commands are listed in\n[outcomes](outcomes.md).\n")
	lifeOf(t, s, &b, "Order", "TRADE_STATE_", order.Moves, pb.TradeState_name,
		"A payer who is asked can't say yes any more once two minutes are over, whether a tick has come\nor not. `REVOKED` and `PAYERROR` are reserved for payment codes and cards.")
	lifeOf(t, s, &b, "Refund", "REFUND_STATUS_", refund.Moves, pb.RefundStatus_name,
		"`CLOSED` is reserved for refunds that cannot be funded.")
	lifeOf(t, s, &b, "Notice", "NOTICE_STATE_", notice.Moves, pb.NoticeState_name, "A delivered notice is pruned 30 to 32 days after it was delivered.")
	lifeOf(t, s, &b, "Transfer", "TRANSFER_STATE_", transfer.Moves, pb.TransferState_name,
		"A waiting transfer can't be answered any more once its 24 hours are over, whether a tick has come or not.")
	lifeOf(t, s, &b, "Red packet", "PACKET_STATE_", packet.Moves, pb.PacketState_name,
		"The seed of a lucky packet is revealed (`packet_reveal`) after it has ended; its state stays.")
	lifeOf(t, s, &b, "Appeal", "APPEAL_STATE_", standing.Moves, pb.AppealState_name,
		"A person's next appeal takes the place of the one before; at most three are heard against one block.")
	lifeOf(t, s, &b, "Shift at a till", "SHIFT_STATE_", till.ShiftMoves, pb.ShiftState_name,
		"What is missing or too much when the drawer is counted stands on `till/<id>/difference`, under the shift's name.")
	lifeOf(t, s, &b, "Cash at a till", "CASH_STATE_", till.CashMoves, pb.CashState_name,
		"What waits can't be answered any more once two minutes are over, or its shift is.")
	lifeOf(t, s, &b, "Problem report", "REPORT_STATE_", report.Moves, pb.ReportState_name,
		"A report is answered once; whoever has more to say makes another.")
	lifeOf(t, s, &b, "Shop by phone", "SHOP_STATE_", shop.Moves, pb.ShopState_name,
		"Whoever was refused may apply again, ten times in all.")
	printed(t, "states.md", b.String())
}

// lifeOf prints the life of one kind of record as a diagram and a table.
func lifeOf[S ~int32](t *testing.T, s *sources, b *strings.Builder, what, prefix string, moves moves.Table[S], names map[int32]string, note string) {
	t.Helper()
	name := func(state S) string {
		if state == 0 {
			return "[*]"
		}
		return strings.TrimPrefix(names[int32(state)], prefix)
	}
	fmt.Fprintf(b, "\n## %s\n\n```mermaid\nstateDiagram-v2\n", what)
	for _, m := range moves {
		if !slices.ContainsFunc(s.handlers, func(h handler) bool { return h.name == m.By }) {
			t.Errorf("%s moves from %s to %s by %s, which is no command", what, name(m.From), name(m.To), m.By)
		}
		fmt.Fprintf(b, "    %s --> %s: %s\n", name(m.From), name(m.To), m.By)
	}
	b.WriteString("```\n\n| from | to | by | when |\n|---|---|---|---|\n")
	for _, m := range moves {
		from := name(m.From)
		if m.From == 0 {
			from = "(new)"
		}
		fmt.Fprintf(b, "| %s | %s | `%s` | %s |\n", from, name(m.To), m.By, m.When)
	}
	fmt.Fprintf(b, "\n%s\n", note)
}

func TestOutcomesPageIsPrinted(t *testing.T) {
	t.Parallel()
	s := readSources(t)
	var b strings.Builder
	b.WriteString("# Outcomes\n\nPrinted from `internal/base/code` and the comments of the handlers;\n" +
		"`go test ./internal/engine/machine/storytest -run Printed -rewrite` prints them again.\n\n" +
		"The number enters the journal and keeps its meaning for ever; names and sentences may change\nwith a release. *Retry* says what a caller does with a refusal: **never** repeat it as it is,\nrepeat the **same** request later, or **query** first.\nThe *class* is what edges derive their statuses from; nothing refuses with a *reserved* code yet.\n\n" +
		"## Commands\n\nWhat each command refuses with, in order of precedence: the first that is true is the answer.\nAny command may also be refused with `no_genesis`, `level_too_low`, `sandbox_only`,\n`command_too_large` or `quarantined`, and by the node before it is taken (1 to 7, 9, 11, 141).\n\n")
	for _, h := range s.handlers {
		codes, err := s.listed(h.rule)
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(&b, "### %d `%s`\n\n", h.number, h.name)
		n := 0
		for _, c := range codes {
			if unreachable[h.number][c] == "" {
				n++
				fmt.Fprintf(&b, "%d. `%s`\n", n, c)
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("## Codes\n\n| no. | name | class | retry | 中文 | English |\n|---|---|---|---|---|---|\n")
	for _, i := range code.All() {
		retry := map[code.Retry]string{code.Never: "never", code.Same: "same", code.Query: "query"}[i.Retry]
		if i.Code == code.OK {
			retry = ""
		}
		class := i.Class.String()
		if slices.Contains(code.Reserved, i.Code) {
			class += ", reserved"
		}
		fmt.Fprintf(&b, "| %d | `%s` | %s | %s | %s | %s |\n", i.Code, i.Name, class, retry, strings.ReplaceAll(i.ZH, "|", "\\|"), strings.ReplaceAll(i.EN, "|", "\\|"))
	}
	printed(t, "outcomes.md", b.String())
}
