package journal

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/mod/sumdb/note"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Describe verifies a receipt and writes what it proves for people, each line
// labelled in Chinese and English. A receipt that does not verify is an error
// and is not described: nobody should read unproven words under this heading.
func Describe(receipt *pb.Receipt, verifier note.Verifier) (string, error) {
	e, cp, err := VerifyReceipt(receipt, verifier)
	if err != nil {
		return "", err
	}
	var d description
	d.line("收据 receipt", "已验证 verified (%s)", verifier.Name())
	d.line("时间 time", "%s", stamp.RFC3339(e.At, stamp.Business))
	d.line("对象 entity", "%s", plain(e.Entity))
	d.line("编号 name", "%s", plain(e.Name))
	d.line("结果 outcome", "%s", outcome(e.Code))
	d.line("操作者 actor", "%s", plain(e.Actor))
	for _, p := range e.Postings {
		d.line("过账 posting", "%s %s: %s -> %s", reason(p.Code), amount(p), plain(p.Debit), plain(p.Credit))
	}
	if e.Parts > 1 {
		d.line("分段 part", "%d / %d", e.Part+1, e.Parts)
	}
	for _, o := range receipt.Openings {
		d.line("公开 opened", "%s = %s", plain(o.Field), plain(o.Value))
	}
	d.line("位置 entry", "%d / %d", e.Seq, cp.Size)
	d.line("命令 command", "%d, SHA-256 %x", e.Number, e.CommandHash)
	d.line("检查点 checkpoint", "%s, root %v, log index %d", cp.Origin, cp.Root, cp.Index)
	return d.String(), nil
}

// description collects labelled lines with the labels in one column.
type description struct{ strings.Builder }

// labelWidth is the column of the values, in character cells.
const labelWidth = 20

func (d *description) line(label, format string, args ...any) {
	width := 0
	for _, r := range label {
		width++
		if unicode.Is(unicode.Han, r) {
			width++ // takes two cells
		}
	}
	fmt.Fprintf(d, "%s%s"+format+"\n", append([]any{label, strings.Repeat(" ", labelWidth-width)}, args...)...)
}

// plain quotes what would move the cursor or hide itself.
func plain(s string) string {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	if s == "" {
		return "-"
	}
	return s
}

func outcome(c uint32) string {
	info, ok := code.Lookup(code.Code(c))
	if !ok {
		return code.Code(c).String()
	}
	return info.ZH + " " + info.EN
}

func amount(p *pb.Posting) string {
	if p.Currency == money.CNY {
		return "¥" + money.Format(p.Amount)
	}
	return fmt.Sprintf("%d (currency %d)", p.Amount, p.Currency)
}

var reasons = map[pb.PostingCode]string{
	pb.PostingCode_POSTING_CODE_PAYMENT:         "支付 payment",
	pb.PostingCode_POSTING_CODE_REFUND:          "退款 refund",
	pb.PostingCode_POSTING_CODE_TOPUP:           "充值 top-up",
	pb.PostingCode_POSTING_CODE_TRANSFER:        "转账 transfer",
	pb.PostingCode_POSTING_CODE_SENT:            "个人转账 sent to a person",
	pb.PostingCode_POSTING_CODE_SENT_BACK:       "转账退回 transfer sent back",
	pb.PostingCode_POSTING_CODE_PACKET:          "红包 red packet",
	pb.PostingCode_POSTING_CODE_PACKET_BACK:     "红包退回 rest of a red packet",
	pb.PostingCode_POSTING_CODE_CASH_FLOAT:      "备用金 float of a till",
	pb.PostingCode_POSTING_CODE_CASH:            "现金 cash",
	pb.PostingCode_POSTING_CODE_CASH_UNDONE:     "现金更正 cash taken back",
	pb.PostingCode_POSTING_CODE_CASH_DIFFERENCE: "盘点差额 difference when counted",
	pb.PostingCode_POSTING_CODE_TAKINGS:         "店铺提取 takings of a shop",
}

func reason(c pb.PostingCode) string {
	if words, ok := reasons[c]; ok {
		return words
	}
	return fmt.Sprintf("posting code %d", c)
}
