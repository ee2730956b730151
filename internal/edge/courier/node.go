package courier

import (
	"context"
	"errors"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Node is what the courier needs of the platform. Client is one over mutual
// TLS. Its methods are safe for concurrent use.
type Node interface {
	// Owed opens the stream of owed notices: all of them, then each new or
	// changed one. The stream ends with ctx.
	Owed(ctx context.Context) (Stream, error)
	// Fetch answers notices in full; those no longer owed are left out. At most
	// MaxFetch a call.
	Fetch(ctx context.Context, ids []uint64) (*pb.OwedBatch, error)
	// Report records attempts, at most MaxReport a call. It may be repeated with
	// the same attempts. An error that wraps ErrRefused means that repeating is
	// of no use; after any other the outcome is unknown.
	Report(ctx context.Context, attempts []*pb.Attempt) (*pb.ReportResponse, error)
}

// Stream is an open stream of owed notices. One goroutine receives.
type Stream interface {
	// Receive waits for the next batch.
	Receive() (*pb.OwedBatch, error)
	// Close ends the stream.
	Close() error
}

// ErrRefused marks a report that the node will never take.
var ErrRefused = errors.New("the node refuses the report")

// Bounds of the calls.
const (
	MaxFetch  = 256
	MaxReport = 1000
)

// Keys is what the courier needs of the keystore; *keystore.Store is one. Its
// methods are safe for concurrent use.
type Keys interface {
	// APIv3Key answers the 32 bytes of a key. For an id it doesn't know it looks
	// once whether the keystore has changed.
	APIv3Key(id string) ([]byte, bool)
	// SigningCert is the platform certificate that signs at a wall-clock time,
	// Unix milliseconds; PublicKey is the key of public-key mode.
	SigningCert(now int64) *keystore.Signer
	PublicKey() *keystore.Signer
	// ReloadIfChanged reads the keys again if another process changed them.
	ReloadIfChanged() (bool, error)
}
