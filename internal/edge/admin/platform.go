package admin

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// maxOverlap is the longest overlap of two platform certificates.
const maxOverlap = 90 * 24 * time.Hour

// PlatformRotate makes a platform certificate beside the present one. It is an
// act on the keystore, not on the state, and safe to repeat: while an overlap
// lasts another rotation is refused.
func (s *Server) PlatformRotate(ctx context.Context, q *connect.Request[pb.PlatformRotateRequest]) (*connect.Response[pb.PlatformKeys], error) {
	if q.Msg.OverlapS < 0 || q.Msg.OverlapS > int64(maxOverlap/time.Second) {
		return nil, invalid("the overlap is 0 s to 90 days")
	}
	serial, err := s.Keys.RotatePlatform(s.Wall().UnixMilli(), time.Duration(q.Msg.OverlapS)*time.Second)
	if errors.Is(err, keystore.ErrRotating) {
		return nil, connect.NewError(connect.CodeFailedPrecondition, errors.New("a rotation is under way; wait until its overlap is over"))
	}
	if err != nil {
		return nil, s.fail("rotate the platform certificate", err)
	}
	s.Log.Info("platform certificate made", "serial", serial, "actor", actor(ctx), "overlap_s", q.Msg.OverlapS)
	return answer(s.platform())
}

// PlatformShow shows what merchants need of the platform's keys; all of it is
// public.
func (s *Server) PlatformShow(context.Context, *connect.Request[pb.PlatformShowRequest]) (*connect.Response[pb.PlatformKeys], error) {
	return answer(s.platform())
}

func (s *Server) platform() *pb.PlatformKeys {
	now := s.Wall().UnixMilli()
	signing := s.Keys.SigningCert(now).ID()
	a := &pb.PlatformKeys{PublicKeyId: s.Keys.PublicKey().ID(), PublicKeyPem: string(s.Keys.PublicKey().PEM())}
	for _, c := range s.Keys.PlatformCerts(now) {
		a.Certs = append(a.Certs, &pb.PlatformCert{
			Serial: c.Serial, CertPem: string(c.PEM), EffectiveAt: c.EffectiveAt, ExpireAt: c.ExpiresAt, Signing: c.Serial == signing,
		})
	}
	return a
}
