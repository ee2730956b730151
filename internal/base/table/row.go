package table

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// rowVersion is the layout of a stored row. Readers refuse a higher one.
const rowVersion = 1

const rowHeader = 5

// RowRoom is how much room a row that is to be adopted leaves before its value.
const RowRoom = rowHeader

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errShort   = errors.New("row is shorter than its header")
	errVersion = errors.New("row was written by another version of the program")
	errCRC     = errors.New("row fails its CRC")
)

// versions holds each version's byte, so that hashing one allocates nothing.
var versions = func() (b [256]byte) {
	for i := range b {
		b[i] = byte(i)
	}
	return b
}()

func rowCRC(key, value []byte, version byte) uint32 {
	c := crc32.Update(0, castagnoli, key)
	c = crc32.Update(c, castagnoli, versions[version:int(version)+1])
	return crc32.Update(c, castagnoli, value)
}

// Seal appends the stored form of a row to buf.
func Seal(buf, key, value []byte) []byte {
	buf = append(buf, rowVersion)
	buf = binary.LittleEndian.AppendUint32(buf, rowCRC(key, value, rowVersion))
	return append(buf, value...)
}

// sealInPlace fills the header of a row whose value is in place already.
func sealInPlace(key, row []byte) {
	row[0] = rowVersion
	binary.LittleEndian.PutUint32(row[1:], rowCRC(key, row[rowHeader:], rowVersion))
}

// Open checks a stored row and returns its value, a slice of stored.
func Open(key, stored []byte) ([]byte, error) {
	if len(stored) < rowHeader {
		return nil, errShort
	}
	if binary.LittleEndian.Uint32(stored[1:]) != rowCRC(key, stored[rowHeader:], stored[0]) {
		return nil, errCRC // before the version: a flipped version byte is damage, not news
	}
	if stored[0] != rowVersion {
		return nil, errVersion
	}
	return stored[rowHeader:], nil
}
