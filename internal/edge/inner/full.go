package inner

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/owed"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// maxFetch is how many notices one Fetch may name.
const maxFetch = 256

// Fetch returns notices in full; those that are not owed are left out.
// Like a stream it waits until the node has applied what the courier has been
// answered.
// Errors: owed.ErrInvalid for more than maxFetch ids, owed.ErrBehind.
func (s *Service) Fetch(ctx context.Context, req *pb.FetchRequest) (*pb.OwedBatch, error) {
	if len(req.Ids) > maxFetch {
		return nil, fmt.Errorf("%w: at most %d notices may be fetched at once", owed.ErrInvalid, maxFetch)
	}
	if err := s.Reach(ctx, req.AtLeast); err != nil {
		return nil, err
	}
	b := &pb.OwedBatch{Now: s.core.Now(), Applied: s.core.Applied()}
	err := s.core.ReadLocal(ctx, func(r table.Reader) error {
		w, err := s.writer(r)
		if err != nil {
			return err
		}
		s.Read(r, req.Ids, func(n *pb.Notice) { b.Notices = append(b.Notices, w.full(n)) })
		return nil
	})
	return b, err
}

// soon is how far ahead of its due time a notice is sent in full, milliseconds.
const soon int64 = 1000

// message says news of notices: those due soon in full where they may be, the
// others by their heads.
func (s *Service) message(r table.Reader, n owed.News[*pb.Notice]) (*pb.OwedBatch, error) {
	b := &pb.OwedBatch{Now: n.Now, Applied: n.Applied, Oldest: n.Oldest, CaughtUp: n.CaughtUp}
	if !n.Whole || len(n.Rows) == 0 {
		for _, n := range n.Rows {
			b.Waiting = append(b.Waiting, n.Head())
		}
		return b, nil
	}
	w, err := s.writer(r)
	if err != nil {
		return nil, err
	}
	for _, n := range n.Rows {
		if n.NextAt <= b.Now+soon {
			b.Notices = append(b.Notices, w.full(n))
		} else {
			b.Waiting = append(b.Waiting, n.Head())
		}
	}
	return b, nil
}

// genesis is what a log's first command settles for ever.
type genesis struct {
	logName string
	offset  int32
}

// writer writes notices in full from one snapshot.
type writer struct {
	r         table.Reader
	genesis   *genesis
	merchants map[string]*pb.Merchant
}

func (s *Service) writer(r table.Reader) (*writer, error) {
	g := s.genesis.Load()
	if g == nil {
		head, ok := machine.Head(r)
		if !ok {
			return nil, errors.New("the log has no first command yet")
		}
		g = &genesis{head.LogName, head.CutoffOffsetS}
		s.genesis.Store(g)
	}
	return &writer{r: r, genesis: g, merchants: map[string]*pb.Merchant{}}, nil
}

// full is the notice with its plaintext, key and callback rules as they are
// now. When this version can't write it, Problem says why.
func (w *writer) full(n *pb.Notice) *pb.OwedNotice {
	o := &pb.OwedNotice{
		Notice: n.Due(), EventId: ident.EventID(w.genesis.logName, n.Id), CreateTime: stamp.RFC3339(n.CreatedAt, w.genesis.offset),
	}
	w.rules(o)
	event, ok := wechatjson.Describe(n.Event, n.Format)
	if !ok {
		o.Problem = fmt.Sprintf("event %d in format %d is not known to this version; run the version that wrote it, or a newer one", n.Event, n.Format)
		return o
	}
	o.EventType, o.Summary, o.ResourceType = event.Type, event.Summary, event.ResourceType
	o.OriginalType, o.AssociatedData = event.OriginalType, event.AssociatedData
	kind, id := notice.Subject(n)
	plaintext, err := wechatjson.Plaintext(n, wechatjson.Read(w.r, kind, id), w.genesis.offset)
	if err != nil {
		o.Problem = err.Error()
		return o
	}
	o.Plaintext = plaintext
	return o
}

// rules adds what the merchant's record says about its callbacks.
func (w *writer) rules(o *pb.OwedNotice) {
	m, ok := w.merchants[o.Notice.Mchid]
	if !ok {
		m, _ = merchant.Get(w.r, o.Notice.Mchid)
		w.merchants[o.Notice.Mchid] = m
	}
	if m == nil {
		return
	}
	o.Apiv3KeyId = merchant.CurrentKey(m)
	settings := m.GetSettings()
	mode := settings.GetKeyMode()
	o.SignWithPublicKey = mode == pb.KeyMode_KEY_MODE_PUBLIC_KEY || mode == pb.KeyMode_KEY_MODE_BOTH
	o.AllowHttp, o.CallbackHosts = settings.GetAllowHttp(), settings.GetCallbackHosts()
}
