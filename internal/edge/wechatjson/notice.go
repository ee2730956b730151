package wechatjson

import (
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// Event says how a notice's envelope names it.
type Event struct {
	// Type is the envelope's event_type.
	Type string
	// Summary is the envelope's summary, for people.
	Summary string
	// ResourceType is the envelope's resource_type.
	ResourceType string
	// OriginalType is resource.original_type.
	OriginalType string
	// AssociatedData is resource.associated_data, which the seal covers.
	AssociatedData string
}

// Describe names an event in a format; false for one this version does not know.
func Describe(e pb.NoticeEvent, format uint32) (Event, bool) {
	d, ok := renderers[wording{e, format}]
	return d.Event, ok
}

var (
	// ErrFormat: the notice's event or format was made by a newer version.
	ErrFormat = errors.New("notice format is not known to this version; run the version that wrote it, or a newer one")
	// ErrRecord: the records do not belong to the notice or lack the deed it tells of.
	ErrRecord = errors.New("notice does not fit its records")
)

// Plaintext is what a notice says before it is sealed: a pure function of the
// event and format in the notice's row and of fields of its subject that never
// change after the deed. It is the same at every attempt and on every node.
// offset is the business offset in seconds.
//
// Errors: ErrFormat, ErrRecord.
func Plaintext(n *pb.Notice, rec Records, offset int32) ([]byte, error) {
	d, ok := renderers[wording{n.Event, n.Format}]
	if !ok {
		return nil, fmt.Errorf("notice %d has event %d in format %d: %w", n.Id, n.Event, n.Format, ErrFormat)
	}
	kind, id := notice.Subject(n)
	if kind != d.of || !rec.of(kind, id) {
		return nil, fmt.Errorf("notice %d tells of %s %d: %w", n.Id, kind, id, ErrRecord)
	}
	text, err := d.write(rec, offset)
	if err != nil {
		return nil, fmt.Errorf("notice %d: %w", n.Id, err)
	}
	return text, nil
}
