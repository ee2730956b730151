package wallet

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// SeenToday says whether a device that was last seen at one time was seen on the
// business day of another, Unix milliseconds.
func SeenToday(seen, at int64, offset int32) bool {
	return stamp.DayNumber(seen, offset) >= stamp.DayNumber(at, offset)
}

// ApplyDeviceSeen notes that a device called, once a day: the person looks at it to
// find a device that should not be there. What a device consents to notes it too.
//
// Refuses, in this order: DeviceUnknown, NothingToDo.
func ApplyDeviceSeen(d *deed.Deed, c *pb.DeviceSeen) code.Code {
	w, ok := Get(d.Tx, c.Uid)
	if !ok {
		return code.DeviceUnknown
	}
	dev := Device(w, c.Device)
	switch {
	case dev == nil:
		return code.DeviceUnknown
	case SeenToday(dev.SeenAt, d.At, d.Offset):
		return code.NothingToDo
	}
	// From here the command succeeds.
	dev.SeenAt = d.At
	put(d.Tx, w)
	d.Record(entity(w.Uid), "", nil)
	return code.OK
}
