package pb

import "hash/crc32"

// Due is what a courier needs of the notice to send it.
func (x *Notice) Due() *DueNotice {
	return &DueNotice{Id: x.Id, Mchid: x.Mchid, Url: x.Url, CreatedAt: x.CreatedAt, Attempts: x.Attempts, NextAt: x.NextAt}
}

// Head is what a courier keeps of the notice until it is due.
func (x *Notice) Head() *OwedHead { return x.Due().Head() }

// Head is what a courier keeps of the notice until it is due.
func (x *DueNotice) Head() *OwedHead {
	return &OwedHead{Id: x.Id, Mchid: x.Mchid, NextAt: x.NextAt, CreatedAt: x.CreatedAt, Attempts: x.Attempts,
		Address: crc32.Checksum([]byte(x.Url), castagnoli)}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
