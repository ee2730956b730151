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
	// Lease takes, renews or gives up the courier's lanes. It may be repeated
	// after an error. ErrReplaced means that another process has the name.
	Lease(ctx context.Context, req *pb.LeaseRequest) (*pb.LeaseResponse, error)
	// Owed opens the stream of owed notices of the lanes asked for: all of them,
	// then each new or changed one. The stream ends with ctx, and with ErrLanes
	// when the state gives the courier other lanes.
	Owed(ctx context.Context, req *pb.OwedRequest) (Stream, error)
	// Fetch returns notices in full; those no longer owed are left out. At most
	// MaxFetch a call.
	Fetch(ctx context.Context, req *pb.FetchRequest) (*pb.OwedBatch, error)
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

// Errors of a Node. The courier's name is the Node's to add.
var (
	// ErrRefused marks a report that the node will never take.
	ErrRefused = errors.New("the node refuses the report")
	// ErrReplaced marks a lease that a later process of the same name has.
	ErrReplaced = errors.New("another courier has this name")
	// ErrLanes ends a stream whose courier has other lanes by now.
	ErrLanes = errors.New("the courier's lanes have changed")
)

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
