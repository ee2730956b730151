package journal_test

import (
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The page for people who write verifiers shows real bytes and every field.
func TestReferencePage(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	page := read("../../../docs/reference/receipts.md")
	if checkpoint := read("testdata/checkpoint.golden"); !strings.Contains(page, checkpoint) {
		t.Errorf("the page shows another checkpoint than\n%s", checkpoint)
	}
	if key := read("testdata/verifier.golden"); !strings.Contains(page, strings.TrimSpace(key)) {
		t.Errorf("the page shows another key than %s", key)
	}
	for _, m := range []proto.Message{&pb.Entry{}, &pb.Posting{}, &pb.Receipt{}, &pb.Opening{}} {
		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			if name := string(fields.Get(i).Name()); !strings.Contains(page, "`"+name+"`") {
				t.Errorf("the page lacks field %s of %T", name, m)
			}
		}
	}
}
