package storytest

import (
	"errors"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/report"
)

var kinds = map[string]pb.Kind{
	"order": pb.Kind_KIND_ORDER, "refund": pb.Kind_KIND_REFUND, "transfer": pb.Kind_KIND_TRANSFER, "packet": pb.Kind_KIND_PACKET, "notice": pb.Kind_KIND_NOTICE,
}

// subject reads KIND/NUMBER, or the number of an order of merchant M1.
func (s *player) subject(name string) (*pb.Subject, error) {
	if kind, number, ok := strings.Cut(name, "/"); ok {
		id, err := strconv.ParseUint(number, 10, 64)
		return &pb.Subject{Kind: kinds[kind], Id: id}, err
	}
	about := &pb.Subject{Kind: pb.Kind_KIND_ORDER}
	return about, s.p.Read(func(r table.Reader) error {
		if o, ok := order.ByNumber(r, mchid("M1"), name); ok {
			about.Id = o.Id
		}
		return nil
	})
}

// report finds a report by PERSON/CLIENTID.
func (s *player) report(name string) (p *pb.ProblemReport, ok bool) {
	uid, clientID, err := s.owned(name)
	if err != nil {
		return nil, false
	}
	err = s.p.Read(func(r table.Reader) error {
		p, ok = report.ByClientID(r, uid, clientID)
		return nil
	})
	return p, ok && err == nil
}

func reportCreate(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	about, err2 := s.subject(l.arg(2))
	by, err3 := consent(l)
	return &pb.ReportCreate{
		Uid: uid, ClientId: l.arg(1), Subject: about, Words: sealedText(l, "words"), Consent: by,
		Trouble: pb.Trouble(pb.Trouble_value["TROUBLE_"+strings.ToUpper(l.option("trouble", "not_received"))]),
	}, errors.Join(err, err2, err3)
}

func reportAnswer(s *player, l *line) (table.Record, error) {
	p, _ := s.report(l.arg(0))
	return &pb.ReportAnswer{Id: p.GetId(), Words: sealedText(l, "words")}, nil
}

func reportClose(s *player, l *line) (table.Record, error) {
	p, _ := s.report(l.arg(0))
	uid, err := s.uid(l.arg(1))
	by, err2 := consent(l)
	return &pb.ReportClose{Id: p.GetId(), Uid: uid, Consent: by}, errors.Join(err, err2)
}
