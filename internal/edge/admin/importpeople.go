package admin

import (
	"context"
	"encoding/hex"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/csvfile"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// named finds the person whom a row names by phone number or by the operator's own
// reference; nil with a problem where there is none.
func (s *Server) named(ctx context.Context, b *batch, row csvfile.Row) (found *pb.Person, err error) {
	column, tag := "ref", []byte(nil)
	if row.Text("phone") != "" {
		column = "phone"
		if tag, err = s.tagOf(ctx, b, row); err != nil || tag == nil {
			return nil, err
		}
	}
	err = s.read(ctx, "find a person", func(r table.Reader) error {
		ok := false
		if tag != nil {
			found, ok = person.ByPhone(r, tag)
		} else {
			found, ok = person.ByRef(r, row.Text("ref"))
		}
		switch {
		case !ok:
			found = nil
			b.Problem(row, column, "nobody is known by this %s; import people first", column)
		case tag != nil && row.Text("ref") != "" && found.Ref != row.Text("ref"):
			found = nil
			b.Problem(row, "ref", "phone number and ref are two people's")
		case !person.TakesMoney(found):
			found = nil
			b.Problem(row, column, "the person is blocked or erased and takes no money")
		}
		return nil
	})
	return found, err
}

// tagOf reads a row's phone number; nil with a problem where it is none.
func (s *Server) tagOf(ctx context.Context, b *batch, row csvfile.Row) ([]byte, error) {
	phone, ok := personal.Phone(row.Text("phone"))
	if !ok {
		b.Problem(row, "phone", "this is no phone number: write 13800000000, or +86 138 0000 0000")
		return nil, nil
	}
	tag, err := s.People.PhoneTag(ctx, phone)
	if err != nil {
		return nil, s.fail("hash a phone number", err)
	}
	return tag, nil
}

// PersonImport adds the people whom a file lists, with opening balances if it has any,
// all rows or none. Names and phone numbers are sealed before they enter a command.
func (s *Server) PersonImport(ctx context.Context, q *connect.Request[pb.AdminImportRequest]) (*connect.Response[pb.AdminImportReport], error) {
	b, err := s.begin(ctx, q.Msg, []string{"name", "phone"}, []string{"ref", "amount"})
	if err != nil {
		return nil, err
	}
	b.Once("ref")
	seen := map[string]int{}
	for _, row := range b.Rows {
		if err := s.planPerson(ctx, b, q.Msg, row, seen); err != nil {
			return nil, err
		}
	}
	if b.report.Total > 0 && !mayTopup(ctx) {
		return nil, refuse(code.StaffRoleMissing)
	}
	return s.finish(ctx, b)
}

func (s *Server) planPerson(ctx context.Context, b *batch, q *pb.AdminImportRequest, row csvfile.Row, seen map[string]int) error {
	tag, err := s.tagOf(ctx, b, row)
	if err != nil || tag == nil {
		return err
	}
	if line, twice := seen[string(tag)]; twice {
		b.Problem(row, "phone", "line %d has the same phone number: each person is there once", line)
		return nil
	}
	seen[string(tag)] = row.Line
	phone, _ := personal.Phone(row.Text("phone"))
	m := &pb.AdminPersonAddRequest{Ref: row.Text("ref"), Name: row.Text("name"), Phone: phone, Appids: q.Appids}
	if m.Ref == "" { // a keyed hash says nothing of who it is
		m.Ref = "p-" + hex.EncodeToString(tag[:10])
	}
	if m.Name == "" {
		b.Problem(row, "name", "the name is missing")
		return nil
	}
	if row.Text("amount") != "" {
		fen, ok := b.Amount(row, "amount", q.Most)
		if !ok {
			return nil
		}
		m.Topup = fen
		b.report.Total += fen
	}
	return s.planEntry(ctx, b, row, tag, m)
}

func (s *Server) planEntry(ctx context.Context, b *batch, row csvfile.Row, tag []byte, m *pb.AdminPersonAddRequest) error {
	return s.read(ctx, "look for a person", func(r table.Reader) error {
		old, known := person.ByRef(r, m.Ref)
		if known {
			of := s.People.Of(old)
			if of.Missing == "" && (of.Name != m.Name || of.Phone != m.Phone) {
				b.Problem(row, "name", "the person of this ref has another name or phone number")
				return nil
			}
			b.report.Known++
		} else if _, taken := person.ByPhone(r, tag); taken {
			b.Problem(row, "phone", "somebody else has this phone number")
			return nil
		} else {
			b.report.Fresh++
		}
		b.apply = append(b.apply, func(ctx context.Context) error {
			p, err := s.enter(ctx, m)
			if err != nil || m.Topup == 0 {
				return err
			}
			_, err = s.topup(ctx, p.Uid, m.Topup, "open/"+m.Ref)
			return err
		})
		return nil
	})
}
