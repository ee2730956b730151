package table_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

func TestTablesAreListed(t *testing.T) {
	t.Parallel()
	all := table.All()
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Fatalf("All is not in key order: %v", all)
	}
	seen := map[string]bool{}
	for _, id := range all {
		if name := id.String(); seen[name] || strings.HasPrefix(name, "table-") {
			t.Errorf("table %#x is called %q", byte(id), name)
		} else {
			seen[name] = true
		}
		if id.Counted() && !id.Digested() {
			t.Errorf("table %s is counted but not digested", id)
		}
		from, to := table.Range(id)
		if k := table.K(id); string(k) < string(from) || string(k) >= string(to) {
			t.Errorf("table %s lies outside its range", id)
		}
	}
	if got := table.ID(0xee).String(); got != "table-0xee" {
		t.Errorf("an unknown table is called %q", got)
	}
}

func TestReadPassesOtherPanicsOn(t *testing.T) {
	t.Parallel()
	cause := errors.New("unreadable")
	err := table.Read(nil, func(table.Reader) error { panic(&table.Damage{Key: table.K(table.Orders), Cause: cause}) })
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), "table orders: row 38") {
		t.Errorf("damage reads %v", err)
	}
	if err := table.Read(nil, func(table.Reader) error { return cause }); err != cause {
		t.Errorf("an error became %v", err)
	}
	defer func() {
		if p := recover(); p != "other" {
			t.Errorf("another panic became %v", p)
		}
	}()
	_ = table.Read(nil, func(table.Reader) error { panic("other") })
}
