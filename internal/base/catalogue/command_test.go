package catalogue_test

import (
	"context"
	"errors"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// person returns what the command's name says.
func person(_ *deed.Deed, c *pb.PersonAdd) (code.Code, *pb.Person) {
	switch c.Name {
	case "":
		return code.NameInvalid, nil
	case "again":
		return code.PersonExists, &pb.Person{Name: "first"}
	}
	return code.OK, &pb.Person{Name: c.Name}
}

var add = catalogue.Returning(4010, "test_person", person)

// doer runs a command without a machine.
type doer struct{ err error }

func (d doer) Do(_ context.Context, cmd *pb.Command) (catalogue.Result, error) {
	if d.err != nil {
		return catalogue.Result{}, d.err
	}
	return add.Run(nil, cmd.Body)
}

func TestACommandReturnsItsRecord(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		code   code.Code
		record string
	}{"ming": {code.OK, "ming"}, "again": {code.PersonExists, "first"}, "": {code.NameInvalid, ""}} {
		p, out, err := add.Do(t.Context(), doer{}, "test", "", &pb.PersonAdd{Name: name})
		if err != nil || out != want.code || p.GetName() != want.record {
			t.Errorf("%q: %v %s %v", name, p, out, err)
		}
	}
	broken := errors.New("no outcome")
	if p, _, err := add.Do(t.Context(), doer{broken}, "test", "", &pb.PersonAdd{}); !errors.Is(err, broken) || p != nil {
		t.Errorf("without an outcome: %v %v", p, err)
	}
}

// A record of another type is never taken for the command's.
func TestAnotherRecordIsAnError(t *testing.T) {
	t.Parallel()
	if p, err := add.Record(catalogue.Result{Body: &pb.Order{}}); err == nil || p != nil {
		t.Errorf("an order was taken for a person: %v", p)
	}
	if _, err := catalogue.Plain(4011, "test_none", tick).Record(catalogue.Result{Body: &pb.Order{}}); err == nil {
		t.Error("an order was taken for nothing")
	}
}

func TestTheEnvelopeNamesTheCommand(t *testing.T) {
	t.Parallel()
	cmd := add.New("admin/root", "req", &pb.PersonAdd{Name: "ming"})
	if catalogue.Number(cmd.Number).String() != "test_person" || cmd.Actor != "admin/root" || cmd.RequestId != "req" || len(cmd.Body) == 0 {
		t.Errorf("the envelope is %v", cmd)
	}
	if catalogue.Number(4099).String() != "command-4099" {
		t.Error("a number without a name prints as one with a name")
	}
	if _, err := add.Run(nil, []byte{0xff}); err == nil {
		t.Error("a damaged body was decoded")
	}
	if add.NewBody().SizeVT() != 0 || add.NewRecord().SizeVT() != 0 {
		t.Error("an empty message has a size")
	}
}
