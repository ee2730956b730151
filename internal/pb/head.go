package pb

import "hash/crc32"

// Head is what a courier keeps of the notice until it is due.
func (x *Notice) Head() *OwedHead {
	return &OwedHead{Id: x.Id, Mchid: x.Mchid, NextAt: x.NextAt, CreatedAt: x.CreatedAt, Attempts: x.Attempts,
		Address: crc32.Checksum([]byte(x.Url), castagnoli)}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
