package diskguard_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

func TestDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f faults
		d := diskguard.NewDeadline("commit of the log", 0, f.fatal)
		own := errors.New("the operation's own")
		if err := d.Do(func() error { time.Sleep(diskguard.CommitLimit - 1); return own }); err != own {
			t.Errorf("Do answers %v", err)
		}
		time.Sleep(time.Hour)
		if errs := f.all(); len(errs) > 0 {
			t.Fatalf("an operation in time ended the process: %v", errs)
		}
		during := -1
		_ = d.Do(func() error {
			time.Sleep(diskguard.CommitLimit + 1)
			synctest.Wait()
			during = len(f.all()) // while it still hangs
			return nil
		})
		errs := f.all()
		if during != 1 || len(errs) != 1 || !strings.Contains(errs[0].Error(), "commit of the log did not finish within 10s") {
			t.Fatalf("a hanging operation: fatal was called with %v (%d while it hung)", errs, during)
		}
		a, b := d.Start(), d.Start() // two at a time
		time.Sleep(diskguard.CommitLimit / 2)
		a()
		time.Sleep(diskguard.CommitLimit)
		b()
		if errs := f.all(); len(errs) != 2 {
			t.Fatalf("of two operations one hung: %v", errs)
		}
	})
}
