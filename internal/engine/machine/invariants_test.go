package machine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// edit changes stored records behind the machine's back: those for which change
// returns true.
func edit[R any, P interface {
	*R
	table.Record
}](t *testing.T, mem *table.Mem, id table.ID, change func(key string, rec P) bool) {
	t.Helper()
	var writes []table.Write
	from, to := table.Range(id)
	table.Of[R, P]{ID: id}.Scan(mem.Snapshot(), from, to, func(key []byte, rec P) bool {
		if key := slices.Clone(key); change(string(key), rec) {
			writes = append(writes, table.Write{Key: key, Stored: table.Seal(nil, key, table.Encode(rec))})
		}
		return true
	})
	commit(t, mem, writes)
}

// drop deletes the rows of a table.
func drop(t *testing.T, mem *table.Mem, id table.ID) {
	t.Helper()
	var writes []table.Write
	from, to := table.Range(id)
	mem.Snapshot().Scan(from, to, func(key, _ []byte) bool {
		writes = append(writes, table.Write{Key: slices.Clone(key)})
		return true
	})
	commit(t, mem, writes)
}

func commit(t *testing.T, mem *table.Mem, writes []table.Write) {
	t.Helper()
	if len(writes) == 0 {
		t.Fatal("the prepared state has nothing to break here")
	}
	if err := mem.Commit(writes); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, mem *table.Mem, key table.Key, rec table.Record) {
	t.Helper()
	commit(t, mem, []table.Write{{Key: key, Stored: table.Seal(nil, key, table.Encode(rec))}})
}

// lanes adds two couriers that hold the same lanes.
func lanes(t *testing.T, mem *table.Mem) {
	t.Helper()
	for _, name := range []string{"east", "west"} {
		put(t, mem, table.K(table.Couriers).Str(name), &pb.Courier{Name: name, Lanes: []byte(strings.Repeat("\x01", 32))})
	}
}

// breakers break each invariant, by its name.
var breakers = map[string]func(t *testing.T, mem *table.Mem){
	"debits equal credits": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Accounts, func(key string, a *pb.Account) bool { a.CreditsPosted++; return strings.Contains(key, "user/1/") })
	},
	"no account breaks its limits": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Accounts, func(_ string, a *pb.Account) bool { a.DebitsPending = 1 << 60; return a.NoOverdraft })
	},
	"every merchant has an account": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Accounts) },
	"everybody has a balance":       func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Accounts) },
	"a merchant's certificates are there": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Merchants, func(_ string, m *pb.Merchant) bool { m.Serials = append(m.Serials, "AB"); return true })
	},
	"people are found by reference, openid and phone": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Openids) },
	"a phone number finds who has it": func(t *testing.T, mem *table.Mem) {
		put(t, mem, table.K(table.PersonPhones).Str(strings.Repeat("t", 32)), &pb.PersonRef{Uid: 1})
	},
	"nothing is left of erased details": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Persons, func(_ string, p *pb.Person) bool { p.ErasedAt = 1; return true })
	},
	"orders are numbered without gaps":  func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Orders) },
	"orders are found by their numbers": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.OrderNos) },
	"a paid order has its notice until it is pruned": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Orders, func(_ string, o *pb.Order) bool { o.NoticeId = 1 << 40; return o.PaidAt != 0 })
	},
	"notices tell of refunds that are there": func(t *testing.T, mem *table.Mem) {
		put(t, mem, table.K(table.Ended).U64(1), &pb.Notice{Id: 1, State: pb.NoticeState_NOTICE_STATE_DELIVERED, Subject: &pb.Subject{Kind: pb.Kind_KIND_REFUND, Id: 1 << 40}})
	},
	"notices tell of orders that are there": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Orders) },
	"refunds are found by their numbers":    func(t *testing.T, mem *table.Mem) { drop(t, mem, table.RefundNos) },
	"refunds are found by their orders":     func(t *testing.T, mem *table.Mem) { drop(t, mem, table.OrderRefunds) },
	"an order says what its refunds add up to": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Refunds, func(_ string, f *pb.Refund) bool { f.Refund++; return true })
	},
	"a merchant's account covers its orders and refunds": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Accounts, func(key string, a *pb.Account) bool { a.DebitsPending++; return strings.Contains(key, "mch/") })
	},
	"a refund under way is due": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Refunds, func(_ string, f *pb.Refund) bool {
			f.Status = pb.RefundStatus_REFUND_STATUS_PROCESSING
			return f.Id == 1
		})
	},
	"a notice lies in the table of its state": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Owed, func(_ string, n *pb.Notice) bool { n.State = pb.NoticeState_NOTICE_STATE_DELIVERED; return true })
	},
	"parked notices are listed and counted": func(t *testing.T, mem *table.Mem) {
		put(t, mem, table.K(table.Ended).U64(1), &pb.Notice{Id: 1, Mchid: workMchid, OrderId: 1, State: pb.NoticeState_NOTICE_STATE_PARKED})
	},
	"a wallet is somebody's":                     func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Persons) },
	"a device belongs to one wallet":             func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Devices) },
	"a wallet knows how many passkeys there are": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Passkeys) },
	"appeals that wait are listed":               func(t *testing.T, mem *table.Mem) { drop(t, mem, table.OpenAppeals) },
	"an appeal waits only while its person is blocked": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Persons, func(_ string, p *pb.Person) bool { p.BlockedAt++; return p.Blocked })
	},
	"one-time codes are forgotten in time": func(t *testing.T, mem *table.Mem) {
		put(t, mem, table.K(table.SentCodes).Str("tag"), &pb.SentCode{Sends: &pb.Sends{LastAt: 1}})
	},
	"no two couriers hold one lane":     lanes,
	"journal and accounts say the same": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Journal) },
	"digests are those of the rows":     func(t *testing.T, mem *table.Mem) { drop(t, mem, table.PersonRefs) },
	"a payment stands in the journal as its order tells it": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Orders, func(_ string, o *pb.Order) bool { o.PaySeq++; return o.PaidAt != 0 })
	},
	"a transfer stands in the journal as its row tells it": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Transfers, func(_ string, p *pb.PersonTransfer) bool {
			p.EndSeq++
			return p.State == pb.TransferState_TRANSFER_STATE_DECLINED
		})
	},
	"a packet and its shares stand in the journal as their rows tell it": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.PacketShares, func(_ string, s *pb.PacketShare) bool { s.Seq++; return s.Number == 1 })
	},
	"transfers are numbered without gaps":                 func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Transfers) },
	"transfers are found by their payers' names for them": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.TransferNos) },
	"a person knows whom they sent money to":              func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Payees) },
	"escrow of transfers holds what waits, and nothing else": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Transfers, func(_ string, p *pb.PersonTransfer) bool {
			waits := p.State == pb.TransferState_TRANSFER_STATE_WAITING
			p.State = pb.TransferState_TRANSFER_STATE_EXPIRED
			return waits
		})
	},
	"a transfer that waits is due":                      func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Due) },
	"packets are numbered without gaps":                 func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Packets) },
	"packets are found by their payers' names for them": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.PacketNos) },
	"a packet's shares are those that it says": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.PacketShares, func(_ string, s *pb.PacketShare) bool { s.Amount++; return s.Number == 1 })
	},
	"shares are of packets that are there": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Packets) },
	"escrow of packets holds what is left, and nothing else": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Packets, func(_ string, p *pb.Packet) bool {
			open := p.State == pb.PacketState_PACKET_STATE_OPEN
			p.State = pb.PacketState_PACKET_STATE_EXPIRED
			return open
		})
	},
	"shops are numbered without gaps":                   func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Shops) },
	"shops are found by their people's names for them":  func(t *testing.T, mem *table.Mem) { drop(t, mem, table.ShopRefs) },
	"an approved shop has its merchant, owner and till": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Tills) },
	"shops that wait are listed, and no others": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Shops, func(_ string, s *pb.Shop) bool { s.State = pb.ShopState_SHOP_STATE_WAITING; return true })
	},
	"nothing is left of a refused shop's picture": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Shops, func(_ string, s *pb.Shop) bool {
			s.State = pb.ShopState_SHOP_STATE_REFUSED
			return len(s.Picture) > 0
		})
	},
	"only approved shops are taken out of": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.ShopTakes, func(_ string, s *pb.ShopTaken) bool { s.Amount = -s.Amount; return true })
	},
	"reports are numbered without gaps":                  func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Reports) },
	"reports are found by their people's names for them": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.ReportNos) },
	"reports that wait are listed, and no others":        func(t *testing.T, mem *table.Mem) { drop(t, mem, table.OpenReports) },
	"a report that is open is due":                       func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Due) },
	"a report is about something of its person's": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Reports, func(_ string, p *pb.ProblemReport) bool { p.Uid++; return true })
	},
	"members of staff are numbered without gaps": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Staff) },
	"members of staff are found by their names":  func(t *testing.T, mem *table.Mem) { drop(t, mem, table.StaffRefs) },
	"a merchant's own people are of a merchant that is there": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Staff, func(_ string, m *pb.StaffMember) bool { m.Mchid = "1999999999"; return true })
	},
	"who was ended has neither token nor session": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Staff, func(_ string, m *pb.StaffMember) bool { m.EndedAt = 1; return true })
	},
	"a session is found by its hash, and is of one member": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.SessionRefs) },
	"a person finds the members they sign in for":          func(t *testing.T, mem *table.Mem) { drop(t, mem, table.StaffPeople) },
	"an alias stands for one device":                       func(t *testing.T, mem *table.Mem) { drop(t, mem, table.PayAliases) },
	"a receive code finds one person":                      func(t *testing.T, mem *table.Mem) { drop(t, mem, table.ReceiveCodes) },
	"a shown code was used once": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.PayCodes, func(_ string, p *pb.PayCodes) bool {
			used := p.Devices[0].Used
			used[0].Step, used[0].Tap = used[1].Step, used[1].Tap
			return true
		})
	},
	"an order whose payer is asked is due, and shown to the payer": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.PayCodes, func(_ string, p *pb.PayCodes) bool { p.Asked = nil; return true })
	},
	"cash whose person is asked is shown to them": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.PayCodes, func(_ string, p *pb.PayCodes) bool { p.Cash = nil; return true })
	},
	"cash for a shown code used it up": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.PayCodes, func(_ string, p *pb.PayCodes) bool {
			for _, dev := range p.Devices {
				dev.Used = dev.Used[:1]
			}
			return true
		})
	},
	"a packet that is open is due":         func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Due) },
	"tills are numbered without gaps":      func(t *testing.T, mem *table.Mem) { drop(t, mem, table.Tills) },
	"tills are found by token and by name": func(t *testing.T, mem *table.Mem) { drop(t, mem, table.TillRefs) },
	"shifts of a till are numbered without gaps, and only the last is open": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Shifts, func(_ string, s *pb.Shift) bool { s.State = pb.ShiftState_SHIFT_STATE_OPEN; return s.Number == 1 })
	},
	"a drawer holds what its shift says": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Shifts, func(_ string, s *pb.Shift) bool { s.Float++; return s.Number == 2 })
	},
	"a shift's sums are those of what was done in cash": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.CashMoves, func(_ string, m *pb.CashMove) bool { m.State = pb.CashState_CASH_STATE_DONE; return true })
	},
	"a till's differences are those of its shifts": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.Shifts, func(_ string, s *pb.Shift) bool { s.Counted++; return s.Number == 1 })
	},
	"cash stands in the journal as its rows tell it": func(t *testing.T, mem *table.Mem) {
		edit(t, mem, table.CashMoves, func(_ string, m *pb.CashMove) bool { m.Seq++; return true })
	},
}

// breached are the names of the invariants that a state breaks.
func breached(t *testing.T, r table.Reader) (names []string) {
	t.Helper()
	head, _ := machine.Head(r)
	for _, rule := range machine.Rules().Rules {
		rule.Check(r, head, func(b *catalogue.Breach) bool {
			if b.Where == "" || b.What == "" {
				t.Errorf("a breach says nothing: %+v", b)
			}
			names = append(names, b.Invariant)
			return true
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Every invariant has a state that breaks it, and a sound state breaks none.
func TestEveryInvariantCanBeBroken(t *testing.T) {
	t.Parallel()
	mem, _ := prepared(t)
	if names := breached(t, mem.Snapshot()); len(names) > 0 {
		t.Fatalf("the prepared state breaks %v", names)
	}
	if err := machine.Audit(mem.Snapshot()); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, rule := range machine.Rules().Rules {
		for _, i := range rule.Invariants {
			known[i.Name] = true
			spoil := breakers[i.Name]
			if spoil == nil {
				t.Errorf("no state breaks that %s: add one to breakers", i.Name)
				continue
			}
			mem, _ := prepared(t)
			spoil(t, mem)
			if !slices.Contains(breached(t, mem.Snapshot()), i.Name) {
				t.Errorf("%s: it is broken, and unnoticed", i.Name)
			}
			if machine.Audit(mem.Snapshot()) == nil {
				t.Errorf("%s: it is broken, and the audit passes", i.Name)
			}
		}
	}
	for name := range breakers {
		if !known[name] {
			t.Errorf("breakers break %q, which is no invariant", name)
		}
	}
}
