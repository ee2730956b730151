// Package commitment hides personal fields behind salted hashes, so that the
// journal can prove what a field was without holding it.
//
// A commitment is
//
//	SHA-256( "holdfast/commitment/1" || len(salt) || salt || len(field) || field || len(value) || value )
//
// with each length in four bytes, big-endian, so that no two different
// (salt, field, value) hash the same bytes. Whoever holds salt, field and
// value can check it; when the salt is erased the commitment says nothing any
// more, however few values the field could have had.
//
// One record has one salt, and each of its fields is committed under a salt
// derived from it (Field, FieldSalt): opening one field to somebody must not let
// them try out values for the others.
package commitment

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
)

// Size is the length of a commitment in bytes.
const Size = sha256.Size

// SaltSize is the least length of a salt in bytes: 128 bits, so that values
// cannot be tried out.
const SaltSize = 16

const (
	commitmentDomain = "holdfast/commitment/1"
	saltDomain       = "holdfast/commitment-salt/1"
)

// Commit hashes the value of a field under salt. It returns Size bytes. salt
// comes from FieldSalt, is secret until the field is opened, and is at least
// SaltSize bytes long where anybody could guess the value.
func Commit(salt []byte, field, value string) []byte {
	return appendCommitment(nil, salt, field, value)
}

// room is what the parts of most commitments fit into, so that hashing them
// costs no allocation.
const room = 256

func appendCommitment(dst, salt []byte, field, value string) []byte {
	b := make([]byte, 0, room)
	b = append(b, commitmentDomain...)
	b = appendPart(b, salt)
	b = appendPart(b, field)
	b = appendPart(b, value)
	sum := sha256.Sum256(b)
	return append(dst, sum[:]...)
}

// FieldSalt derives the salt of one field from the salt of its record. It
// answers SaltSize bytes; knowing them tells nothing about recordSalt or the
// salts of other fields.
func FieldSalt(recordSalt []byte, field string) []byte {
	salt := fieldSalt(recordSalt, field)
	return salt[:]
}

func fieldSalt(recordSalt []byte, field string) (salt [SaltSize]byte) {
	b := make([]byte, 0, room)
	b = append(b, saltDomain...)
	b = appendPart(b, recordSalt)
	b = appendPart(b, field)
	sum := sha256.Sum256(b)
	copy(salt[:], sum[:])
	return salt
}

// Field commits one field of a record under the salt derived for it from the
// record's: what rules call.
func Field(recordSalt []byte, field, value string) []byte {
	return AppendField(nil, recordSalt, field, value)
}

// AppendField appends what Field returns, Size bytes.
func AppendField(dst, recordSalt []byte, field, value string) []byte {
	salt := fieldSalt(recordSalt, field)
	return appendCommitment(dst, salt[:], field, value)
}

// Opens says whether salt, field and value are what commitment was made of.
func Opens(commitment, salt []byte, field, value string) bool {
	return subtle.ConstantTimeCompare(commitment, Commit(salt, field, value)) == 1
}

// appendPart appends a length and the bytes it counts.
func appendPart[B []byte | string](b []byte, part B) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
	return append(b, part...)
}
