package view

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The first byte of a key.
const (
	metaPrefix    = 0x01
	sliceAtPrefix = 0x02
	accountPrefix = 0x10
	entityPrefix  = 0x20
	numberPrefix  = 0x21
	listPrefix    = 0x30
)

var metaKey = []byte{metaPrefix}

func newKey(prefix byte) table.Key { return append(make(table.Key, 0, 80), prefix) }

func sliceAtKey(at int64, seq uint64) table.Key { return newKey(sliceAtPrefix).I64(at).U64(seq) }

// What follows an account's name and currency. Its newest lines come just before its
// sums: a slice writes both, and Pebble finds a place next to the last one cheaply.
const (
	ofLines = 0x01
	ofSums  = 0x02
)

func historyKey(account string, currency uint32) table.Key {
	return appendAccountKey(newKey(accountPrefix), account, currency, ofLines)
}

func sumKey(account string, currency uint32) table.Key {
	return appendAccountKey(newKey(accountPrefix), account, currency, ofSums)
}

func appendAccountKey(k table.Key, account string, currency uint32, of byte) table.Key {
	return append(k.Str(account).U32(currency), of)
}

func listKey(kind pb.Kind, owner string) table.Key {
	return newKey(listPrefix).U32(uint32(kind)).Str(owner)
}

// entityKey begins the rows of an entity. Entities that are a kind and a number
// sort by the number, so that new ones are written where the last ones were.
func entityKey(entity string) table.Key {
	if kind, n, ok := numbered(entity); ok {
		return newKey(numberPrefix).Str(kind).U64(n)
	}
	return newKey(entityPrefix).Str(entity)
}

// numbered splits "order/17"; spellings like "order/017" are not numbers.
func numbered(entity string) (kind string, n uint64, ok bool) {
	kind, digits, found := strings.Cut(entity, "/")
	if !found || digits == "" || digits[0] == '0' && digits != "0" || digits[0] == '+' {
		return "", 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return kind, n, err == nil
}

// numberAfter reads the number that ends a key beginning with prefix.
func numberAfter(prefix, key []byte) (uint64, bool) {
	if len(key) != len(prefix)+8 || !bytes.HasPrefix(key, prefix) {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[len(prefix):]), true
}
