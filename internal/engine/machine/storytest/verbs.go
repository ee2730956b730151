package storytest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// verb turns a line into a command.
type verb struct {
	number catalogue.Number
	body   func(s *player, l *line) (table.Record, error)
}

var verbs = map[string]verb{
	"genesis":    {catalogue.Genesis, genesis},
	"tick":       {catalogue.Tick, func(*player, *line) (table.Record, error) { return &pb.Tick{}, nil }},
	"level":      {catalogue.SetLevel, setLevel},
	"backfill":   {catalogue.Backfill, backfill},
	"advance":    {catalogue.AdvanceClock, advance},
	"merchant":   {catalogue.MerchantAdd, merchantAdd},
	"set":        {catalogue.MerchantSet, merchantSet},
	"appid":      {catalogue.MerchantAppid, merchantAppid},
	"cert":       {catalogue.MerchantCert, merchantCert},
	"revoke":     {catalogue.MerchantCertRevoke, merchantCertRevoke},
	"key":        {catalogue.MerchantKey, merchantKey},
	"person":     {catalogue.PersonAdd, personAdd},
	"openid":     {catalogue.PersonOpenid, personOpenid},
	"enter":      {catalogue.PersonEnter, personEnter},
	"seal":       {catalogue.PersonSeal, personSeal},
	"number":     {catalogue.PersonPhone, personPhone},
	"erase":      {catalogue.PersonErase, personErase},
	"block":      {catalogue.PersonBlock, personBlock},
	"tagkey":     {catalogue.PersonKeysSet, personKeysSet},
	"topup":      {catalogue.PersonTopup, personTopup},
	"order":      {catalogue.OrderCreate, orderCreate},
	"pay":        {catalogue.OrderPay, orderPay},
	"close":      {catalogue.OrderClose, orderClose},
	"refund":     {catalogue.RefundCreate, refundCreate},
	"report":     {catalogue.NoticeReport, noticeReport},
	"redeliver":  {catalogue.NoticeRedeliver, noticeRedeliver},
	"member":     {catalogue.MemberChange, memberChange},
	"lease":      {catalogue.CourierLease, courierLease},
	"limit":      {catalogue.AccountLimit, accountLimit},
	"transfer":   {catalogue.TransferBatch, transferBatch},
	"send":       {catalogue.TransferCreate, transferCreate},
	"accept":     {catalogue.TransferAccept, transferAccept},
	"decline":    {catalogue.TransferDecline, transferDecline},
	"lookup":     {catalogue.PayeeLookup, payeeLookup},
	"hide":       {catalogue.PayeeHide, payeeHide},
	"packet":     {catalogue.PacketCreate, packetCreate},
	"claim":      {catalogue.PacketClaim, packetClaim},
	"reveal":     {catalogue.PacketReveal, packetReveal},
	"till":       {catalogue.TillAdd, tillAdd},
	"settill":    {catalogue.TillSet, tillSet},
	"tillpay":    {catalogue.TillPay, tillPay},
	"openshift":  {catalogue.ShiftOpen, shiftOpen},
	"closeshift": {catalogue.ShiftClose, shiftClose},
	"cash":       {catalogue.CashIn, cashIn},
	"cashout":    {catalogue.CashOut, cashOut},
	"undocash":   {catalogue.CashUndo, cashUndo},

	"complain":     {catalogue.ReportCreate, reportCreate},
	"reply":        {catalogue.ReportAnswer, reportAnswer},
	"openshop":     {catalogue.ShopApply, shopApply},
	"judge":        {catalogue.ShopDecide, shopDecide},
	"takings":      {catalogue.ShopTake, shopTake},
	"content":      {catalogue.ReportClose, reportClose},
	"staff":        {catalogue.StaffAdd, staffAdd},
	"endstaff":     {catalogue.StaffEnd, staffEnd},
	"roles":        {catalogue.StaffSetRoles, staffSetRoles},
	"token":        {catalogue.StaffToken, staffToken},
	"officekey":    {catalogue.StaffPasskeyAdd, staffPasskeyAdd},
	"endofficekey": {catalogue.StaffPasskeyEnd, staffPasskeyEnd},
	"signin":       {catalogue.SessionOpen, sessionOpen},
	"signout":      {catalogue.SessionEnd, sessionEnd},
	"alias":        {catalogue.PayCodeRenew, payCodeRenew},
	"wrongcode":    {catalogue.PayCodeWrong, payCodeWrong},
	"codepay":      {catalogue.CodePay, codePay},
	"answer":       {catalogue.AskAnswer, askAnswer},
	"receive":      {catalogue.ReceiveCodeSet, receiveCodeSet},

	"codecash":   {catalogue.CodeCash, codeCash},
	"answercash": {catalogue.CashAnswer, cashAnswer},

	"code":      {catalogue.CodeSend, codeSend},
	"enrol":     {catalogue.DeviceEnrol, deviceEnrol},
	"enddevice": {catalogue.DeviceEnd, deviceEnd},
	"setpin":    {catalogue.PinSet, pinSet},
	"forgetpin": {catalogue.PinForget, pinForget},
	"trypin":    {catalogue.PinReserve, pinReserve},
	"tried":     {catalogue.PinResult, pinResult},
	"freelimit": {catalogue.FreeLimitSet, freeLimitSet},
	"grade":     {catalogue.GradeSet, gradeSet},
	"limits":    {catalogue.LimitsSet, limitsSet},
	"walletpay": {catalogue.WalletPay, walletPay},

	"passkey":    {catalogue.PasskeyAdd, passkeyAdd},
	"endpasskey": {catalogue.PasskeyEnd, passkeyEnd},
	"usepasskey": {catalogue.PasskeyUse, passkeyUse},
	"seen":       {catalogue.DeviceSeen, deviceSeen},
	"appeal":     {catalogue.AppealFile, appealFile},
	"decide":     {catalogue.AppealDecide, appealDecide},
}

func genesis(_ *player, l *line) (table.Record, error) {
	level, err := strconv.ParseUint(l.option("level", strconv.Itoa(machine.MaxLevel)), 10, 32)
	offset, err2 := strconv.ParseInt(l.option("offset", "0"), 10, 32)
	return &pb.Genesis{LogName: l.option("name", "story.example/log"), Level: uint32(level), Sandbox: l.has("sandbox"), CutoffOffsetS: int32(offset)}, errors.Join(err, err2)
}

func setLevel(_ *player, l *line) (table.Record, error) {
	level, err := strconv.ParseUint(l.arg(0), 10, 32)
	return &pb.SetLevel{Level: uint32(level)}, err
}

// backfill goes on where the last step stopped.
func backfill(s *player, l *line) (table.Record, error) {
	limit, err := strconv.ParseUint(l.option("limit", "1000"), 10, 32)
	c := &pb.Backfill{Name: l.arg(0), Limit: uint32(limit), Cursor: []byte(l.option("cursor", ""))}
	if next, ok := s.answer.Body.(*pb.Backfill); ok && next.Name == c.Name {
		c.Cursor = next.Cursor
	}
	return c, err
}

func advance(_ *player, l *line) (table.Record, error) {
	ms, err := duration(l.arg(0))
	return &pb.AdvanceClock{AdvanceMs: ms, Attempt: l.arg(1)}, err
}

func merchantAdd(_ *player, l *line) (table.Record, error) {
	c := &pb.MerchantAdd{Mchid: mchid(l.arg(0)), Name: l.option("name", "Tea House"), Appids: appids(l.option("appids", "A1"))}
	settings, err := merchantSettings(l)
	c.Settings = settings
	return c, err
}

// merchantSettings are those that a line gives, nil where it gives none.
func merchantSettings(l *line) (*pb.MerchantSettings, error) {
	pause, paused := l.options["pause"]
	tills, told := l.options["tills"]
	if !paused && !told {
		return nil, nil
	}
	s := &pb.MerchantSettings{Strict: true, TillNotifyUrl: tills}
	if !paused {
		return s, nil
	}
	ms, err := duration(pause)
	s.RefundIntervalS = int32(ms / stamp.Second)
	return s, err
}

func merchantSet(_ *player, l *line) (table.Record, error) {
	c := &pb.MerchantSet{Mchid: mchid(l.arg(0)), Name: l.option("name", "")}
	switch l.option("status", "") {
	case "active":
		c.Status = pb.MerchantStatus_MERCHANT_STATUS_ACTIVE
	case "paused":
		c.Status = pb.MerchantStatus_MERCHANT_STATUS_PAUSED
	}
	settings, err := merchantSettings(l)
	c.Settings = settings
	return c, err
}

func merchantAppid(_ *player, l *line) (table.Record, error) {
	return &pb.MerchantAppid{Mchid: mchid(l.arg(0)), Appid: appid(l.arg(1))}, nil
}

func merchantCert(_ *player, l *line) (table.Record, error) {
	to, err := duration(l.option("to", "365d"))
	return &pb.MerchantCert{Mchid: mchid(l.arg(0)), Serial: l.arg(1), Der: []byte(l.option("der", "der of "+l.arg(1))), NotBefore: Start, NotAfter: Start + to}, err
}

func merchantCertRevoke(_ *player, l *line) (table.Record, error) {
	return &pb.MerchantCertRevoke{Mchid: mchid(l.arg(0)), Serial: l.arg(1)}, nil
}

func merchantKey(_ *player, l *line) (table.Record, error) {
	return &pb.MerchantKey{Mchid: mchid(l.arg(0)), KeyId: l.arg(1)}, nil
}

func personAdd(_ *player, l *line) (table.Record, error) {
	return &pb.PersonAdd{Ref: l.arg(0), Name: l.option("name", "name of "+l.arg(0)), Appids: appids(l.option("appids", "A1"))}, nil
}

func personOpenid(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	return &pb.PersonOpenid{Uid: uid, Appid: appid(l.arg(1))}, err
}

func personTopup(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	fen, err2 := amount(l.arg(1))
	return &pb.PersonTopup{Uid: uid, Amount: fen, Currency: currency(l), Ref: l.arg(2), Line: l.option("line", "demo")}, errors.Join(err, err2)
}

func orderCreate(s *player, l *line) (table.Record, error) {
	fen, err := amount(l.arg(2))
	c := &pb.OrderCreate{
		OutTradeNo: l.arg(0), Mchid: mchid(l.arg(1)), Total: fen, Currency: currency(l), Appid: appid(l.option("appid", "A1")),
		Product: products[l.option("product", "native")], Description: l.option("description", "tea"), NotifyUrl: l.option("notify", "https://shop.example/notify"),
	}
	if expire, ok := l.options["expire"]; ok {
		ms, err := duration(expire)
		if c.TimeExpire = s.now + ms; err != nil {
			return nil, err
		}
	}
	if who, ok := l.options["openid"]; ok {
		c.Openid = "o-nobody"
		err2 := s.p.Read(func(r table.Reader) error {
			if p, ok := somebody(r, who); ok {
				c.Openid = person.Openid(p, c.Appid)
			}
			return nil
		})
		err = errors.Join(err, err2)
	}
	return c, err
}

var products = map[string]pb.Product{
	"native": pb.Product_PRODUCT_NATIVE, "jsapi": pb.Product_PRODUCT_JSAPI, "app": pb.Product_PRODUCT_APP, "h5": pb.Product_PRODUCT_H5,
}

func orderPay(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(1))
	if err != nil {
		return nil, err
	}
	prepay, err := s.prepay(l)
	return &pb.OrderPay{PrepayId: prepay, Uid: uid, Attempt: []byte(l.arg(2))}, err
}

// prepay chooses one of the order's prepay_ids: the newest unless the line says
// which.
func (s *player) prepay(l *line) (string, error) {
	which := l.option("prepay", "")
	if which == "unknown" {
		return "wx20260528202640aaaaaaaaaaaaaaaaaaaa", nil
	}
	p := s.orders[l.arg(0)]
	if p == nil {
		return "", fmt.Errorf("order %s was not placed", l.arg(0))
	}
	switch which {
	case "":
		return p.prepays[len(p.prepays)-1], nil
	case "forged": // names the order, but the order never gave it out
		id, _ := ident.ParsePrepayID(p.prepays[0])
		return ident.PrepayID(id, s.now, stamp.Business, []byte("forger's")), nil
	}
	n, err := strconv.Atoi(which)
	if err != nil || n < 1 || n > len(p.prepays) {
		return "", fmt.Errorf("order %s has %d prepay_ids", l.arg(0), len(p.prepays))
	}
	return p.prepays[n-1], nil
}

func orderClose(_ *player, l *line) (table.Record, error) {
	return &pb.OrderClose{OutTradeNo: l.arg(0), Mchid: mchid(l.option("merchant", l.arg(1)))}, nil
}

func refundCreate(s *player, l *line) (table.Record, error) {
	fen, err := amount(l.arg(2))
	c := &pb.RefundCreate{OutRefundNo: l.arg(0), Refund: fen, Currency: currency(l), Reason: l.option("reason", ""), NotifyUrl: "https://shop.example/refund"}
	if l.option("notify", "") == "none" {
		c.NotifyUrl = ""
	}
	c.Mchid, c.OutTradeNo = mchid(l.option("merchant", "M1")), l.arg(1)
	return c, errors.Join(err, s.p.Read(func(r table.Reader) (err error) {
		o, ok := order.ByNumber(r, c.Mchid, l.arg(1))
		if ok {
			c.Total = o.Total
		}
		if _, given := l.options["of"]; given || !ok {
			c.Total, err = amount(l.option("of", "1.00"))
		}
		if l.option("by", "") == "payment" {
			c.OutTradeNo, c.TransactionId = l.option("order", ""), order.TransactionID(o, stamp.Business)
		}
		return err
	}))
}

func noticeReport(s *player, l *line) (table.Record, error) {
	c := &pb.NoticeReport{Courier: l.option("by", "")}
	err := s.p.Read(func(r table.Reader) error {
		next := map[uint64]uint32{}
		for _, token := range strings.Fields(l.text) {
			if token == "->" {
				break
			}
			who, what, ok := strings.Cut(token, "=")
			if !ok || who == "by" {
				continue
			}
			a, err := attempt(r, next, who, what)
			if err != nil {
				return err
			}
			a.At = s.now
			c.Attempts = append(c.Attempts, a)
		}
		if n, ok := l.options["times"]; ok {
			count, err := strconv.Atoi(n)
			c.Attempts = make([]*pb.Attempt, count)
			for i := range c.Attempts {
				c.Attempts[i] = &pb.Attempt{}
			}
			return err
		}
		return nil
	})
	return c, err
}

var outcomes = map[string]pb.AttemptOutcome{
	"delivered": pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED, "status": pb.AttemptOutcome_ATTEMPT_OUTCOME_STATUS, "timeout": pb.AttemptOutcome_ATTEMPT_OUTCOME_TIMEOUT,
}

// attempt reads 1=delivered as the next attempt of notice 1, and 1#7=timeout as
// its 7th.
func attempt(r table.Reader, next map[uint64]uint32, who, what string) (*pb.Attempt, error) {
	if who == "times" {
		return &pb.Attempt{}, nil
	}
	name, number, given := strings.Cut(who, "#")
	id, err := strconv.ParseUint(name, 10, 64)
	if err != nil {
		return nil, err
	}
	if next[id] == 0 {
		if n, ok := notice.Get(r, id); ok {
			next[id] = n.Attempts
		}
	}
	next[id]++
	a := &pb.Attempt{NoticeId: id, Number: next[id], Outcome: outcomes[what]}
	if a.Outcome == 0 {
		return nil, fmt.Errorf("there is no attempt that ends %q", what)
	}
	if given {
		n, err := strconv.ParseUint(number, 10, 32)
		a.Number = uint32(n)
		return a, err
	}
	return a, nil
}

func noticeRedeliver(_ *player, l *line) (table.Record, error) {
	id, err := strconv.ParseUint(l.arg(0), 10, 64)
	return &pb.NoticeRedeliver{NoticeId: id}, err
}

func accountLimit(s *player, l *line) (table.Record, error) {
	name, err := s.account(l.arg(0))
	limit, err2 := amount(l.option("cap", "0"))
	return &pb.AccountLimit{Account: name, Currency: currency(l), Frozen: l.has("frozen"), NoOverdraft: l.has("no_overdraft"), Cap: limit}, errors.Join(err, err2)
}

func transferBatch(s *player, l *line) (table.Record, error) {
	c := &pb.TransferBatch{Ref: l.arg(0), Currency: currency(l)}
	for rest := l.args[min(1, len(l.args)):]; len(rest) >= 3; rest = rest[3:] {
		from, err1 := s.account(rest[0])
		to, err2 := s.account(rest[1])
		fen, err3 := amount(rest[2])
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, err
		}
		c.Transfers = append(c.Transfers, &pb.Transfer{Debit: from, Credit: to, Amount: fen})
	}
	if times, ok := l.options["times"]; ok && len(c.Transfers) == 1 {
		n, err := strconv.Atoi(times)
		for range n - 1 {
			c.Transfers = append(c.Transfers, c.Transfers[0])
		}
		return c, err
	}
	return c, nil
}

// mchid reads M1 as merchant number 1900000001; other names are taken as they are.
func mchid(name string) string {
	if len(name) == 2 && name[0] == 'M' {
		return "190000000" + name[1:]
	}
	return name
}

// appid reads A1 as the appid wx0000000000000001.
func appid(name string) string {
	if len(name) == 2 && name[0] == 'A' {
		return "wx000000000000000" + name[1:]
	}
	return name
}

func appids(list string) (names []string) {
	for name := range strings.SplitSeq(list, ",") {
		if name != "" {
			names = append(names, appid(name))
		}
	}
	return names
}

func amount(s string) (int64, error) {
	if s == "max" {
		return math.MaxInt64, nil
	}
	return money.Parse(s)
}

func currency(l *line) uint32 {
	n, err := strconv.ParseUint(l.option("currency", strconv.Itoa(int(money.CNY))), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// uid finds a person by name; nobody is a uid that was never given.
func (s *player) uid(name string) (uid uint64, err error) {
	if name == "nobody" {
		return 999, nil
	}
	err = s.p.Read(func(r table.Reader) error {
		p, ok := somebody(r, name)
		if !ok {
			return fmt.Errorf("there is no person %s", name)
		}
		uid = p.Uid
		return nil
	})
	return uid, err
}

// somebody is found by the operator's reference, or by the phone number.
func somebody(r table.Reader, name string) (*pb.Person, bool) {
	if p, ok := person.ByRef(r, name); ok {
		return p, true
	}
	return person.ByPhone(r, tag(name))
}

// account names the account of a person, a merchant or the bank line "demo"; a
// name with a slash is an account's own.
func (s *player) account(name string) (string, error) {
	switch {
	case strings.Contains(name, "/") || name == "":
		return name, nil
	case name == "bank":
		return ledger.BankClearing("demo"), nil
	case name != mchid(name):
		return ledger.MerchantPending(mchid(name)), nil
	}
	uid, err := s.uid(name)
	return ledger.UserBalance(uid), err
}
