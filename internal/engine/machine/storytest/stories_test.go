package storytest

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
)

// played plays every story of testdata once, on a machine over memory.
var played = sync.OnceValues(func() ([]*Record, error) {
	var records []*Record
	var problems []error
	for _, story := range Stories() {
		p, err := NewSingle(table.NewMem(), nil, machine.Options{})
		if err != nil {
			return nil, err
		}
		rec, err := Play(story.Name, story.Text, p)
		problems = append(problems, err)
		records = append(records, rec)
	}
	return records, errors.Join(problems...)
})

func stories(t testing.TB) []*Record {
	t.Helper()
	records, err := played()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) < 6 {
		t.Fatalf("only %d stories were played", len(records))
	}
	return records
}

func TestStories(t *testing.T) {
	t.Parallel()
	n := 0
	for _, rec := range stories(t) {
		n += len(rec.Outcomes)
	}
	if n < 400 {
		t.Errorf("the stories have only %d commands", n)
	}
}

// A player that never finds anything wrong proves nothing.
func TestWrongStoriesFail(t *testing.T) {
	t.Parallel()
	const begin = "merchant M1 -> ok\nperson ming -> ok\ntopup ming 5.00 T -> ok\n"
	for name, test := range map[string]struct{ story, complaint string }{
		"another code":      {begin + "topup ming 5.00 T -> ok", "write again"},
		"not a repeat":      {begin + "topup ming 5.00 U -> again", "changed the state"},
		"another refusal":   {begin + "topup ming 0 U -> currency_unknown", "amount_must_be_positive"},
		"another balance":   {begin + "balance ming 4.99", "it is 5.00"},
		"another total":     {begin + "total CNY 1.00", "5.00 is owed and 5.00 is held"},
		"no total":          {begin + "balance ming 5.00", "does not end with its total"},
		"a silent account":  {begin + "balance ming 5.00\ntotal CNY 5.00", "does not say the balance of bank/demo/clearing"},
		"another answer":    {begin + "order T-0001 M1 1.00 -> ok state=CLOSED", "state is NOTPAY"},
		"no outcome":        {begin + "tick", "no outcome"},
		"an unknown verb":   {begin + "destroy M1 -> ok", "no verb"},
		"an open ladder":    {begin + "ladder tick\nbalance ming 5.00\nbalance bank 5.00\ntotal CNY 5.00", "no end"},
		"an unended quote":  {begin + "set M1 name=\"x -> ok", "does not end"},
		"a thing not there": {begin + "see order T-0001 state=NOTPAY", "found"},
		"a thing there":     {begin + "see person ming gone", "found"},
		"another list":      {begin + "owed 1", "owed are none"},
		"another time":      {begin + "order T-0001 M1 1.00 expire=10m -> ok expires=+9m", "+10m"},
		"not busy":          {begin + "busy", "false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := NewSingle(table.NewMem(), nil, machine.Options{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = Play(name, test.story, p)
			if err == nil || !strings.Contains(err.Error(), test.complaint) {
				t.Errorf("complaint %q is missing in: %v", test.complaint, err)
			}
		})
	}
}
