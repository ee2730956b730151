package courier

import (
	"context"

	"github.com/holdfast-pay/holdfast/internal/edge/worker"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Platform is what the courier needs of the platform. Client is one over mutual
// TLS. Its methods are safe for concurrent use.
type Platform interface {
	worker.Platform[*pb.OwedBatch, *pb.Attempt, *pb.ReportResponse]
	// Fetch returns notices in full; those no longer owed are left out. At most
	// MaxFetch a call.
	Fetch(ctx context.Context, req *pb.FetchRequest) (*pb.OwedBatch, error)
}

// Stream is an open stream of owed notices.
type Stream = worker.Stream[*pb.OwedBatch]

// Bounds of the calls.
const (
	MaxFetch  = 256
	MaxReport = 1000
)

// Keys is what the courier needs of the keystore; *keystore.Store is one. Its
// methods are safe for concurrent use.
type Keys interface {
	// APIv3Key returns the 32 bytes of a key. For an id it doesn't know it looks
	// once whether the keystore has changed.
	APIv3Key(id string) ([]byte, bool)
	// SigningCert is the platform certificate that signs at a wall-clock time,
	// Unix milliseconds; PublicKey is the key of public-key mode.
	SigningCert(now int64) *keystore.Signer
	PublicKey() *keystore.Signer
	// ReloadIfChanged reads the keys again if another process changed them.
	ReloadIfChanged() (bool, error)
}
