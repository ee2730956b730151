package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The sealed file:
//
//	+----------+---------+------------+--------+------+--------+--------+------------------+
//	| HFSEALED | version | generation | master | salt | length | CRC32C | ciphertext + tag |
//	| 8        | 4       | 8          | 16     | 32   | 4      | 4      | length           |
//	+----------+---------+------------+--------+------+--------+--------+------------------+
//
// Integers are big-endian. master tells which master key sealed the file without
// telling anything else of it; the CRC covers the header before it, so that a
// flipped bit there is not mistaken for another master key. AES-256-GCM with the
// whole header as associated data; key and nonce are HKDF-SHA-256 of master key
// and salt, and the salt is drawn for each write, so no pair is ever used twice.
//
// Version 1: contents in JSON.
const (
	magic         = "HFSEALED"
	sealedVersion = 1
	headerSize    = 8 + 4 + 8 + 16 + 32 + 4 + 4
	maxSealed     = 64 << 20
)

var (
	errOtherMaster = errors.New("sealed under another master key")
	castagnoli     = crc32.MakeTable(crc32.Castagnoli)
)

// header is the sealed file's header, decoded.
type header struct {
	version    uint32
	generation uint64
	master     [16]byte
	salt       [32]byte
	length     uint32
}

func (h *header) encode() []byte {
	buf := make([]byte, 0, headerSize)
	buf = append(buf, magic...)
	buf = binary.BigEndian.AppendUint32(buf, h.version)
	buf = binary.BigEndian.AppendUint64(buf, h.generation)
	buf = append(buf, h.master[:]...)
	buf = append(buf, h.salt[:]...)
	buf = binary.BigEndian.AppendUint32(buf, h.length)
	return binary.BigEndian.AppendUint32(buf, crc32.Checksum(buf, castagnoli))
}

// decodeHeader reads a header and checks all of it but master against file, the
// whole sealed file.
func decodeHeader(file []byte) (*header, error) {
	if len(file) < headerSize || string(file[:8]) != magic {
		return nil, errors.New("is no sealed keystore")
	}
	sum := headerSize - 4
	if crc32.Checksum(file[:sum], castagnoli) != binary.BigEndian.Uint32(file[sum:]) {
		return nil, errors.New("its header is damaged")
	}
	h := &header{
		version:    binary.BigEndian.Uint32(file[8:]),
		generation: binary.BigEndian.Uint64(file[12:]),
		length:     binary.BigEndian.Uint32(file[68:]),
	}
	copy(h.master[:], file[20:36])
	copy(h.salt[:], file[36:68])
	if h.version != sealedVersion {
		return nil, fmt.Errorf("has version %d and this program reads %d", h.version, sealedVersion)
	}
	if uint64(len(file)-headerSize) != uint64(h.length) {
		return nil, fmt.Errorf("has %d bytes where its header says %d", len(file), headerSize+uint64(h.length))
	}
	return h, nil
}

// sealFile encrypts plain into a sealed file.
func sealFile(master []byte, generation uint64, plain []byte) ([]byte, error) {
	if len(plain) > maxSealed {
		return nil, fmt.Errorf("keystore would have %d bytes, at most %d", len(plain), maxSealed)
	}
	h := &header{version: sealedVersion, generation: generation, master: masterCheck(master)}
	rand.Read(h.salt[:])
	aead, nonce, err := sealCipher(master, h.salt[:])
	if err != nil {
		return nil, err
	}
	h.length = uint32(len(plain) + aead.Overhead())
	head := h.encode()
	return aead.Seal(head, nonce, plain, head), nil
}

// openSealed decrypts a sealed file. It answers errOtherMaster when the file is
// whole and master is not the key that sealed it.
func openSealed(master, file []byte) (plain []byte, generation uint64, err error) {
	h, err := decodeHeader(file)
	if err != nil {
		return nil, 0, err
	}
	if check := masterCheck(master); subtle.ConstantTimeCompare(check[:], h.master[:]) != 1 {
		return nil, 0, errOtherMaster
	}
	aead, nonce, err := sealCipher(master, h.salt[:])
	if err != nil {
		return nil, 0, err
	}
	plain, err = aead.Open(nil, nonce, file[headerSize:], file[:headerSize])
	if err != nil {
		return nil, 0, errors.New("is damaged: it does not open under its master key")
	}
	return plain, h.generation, nil
}

func masterCheck(master []byte) (check [16]byte) {
	mac := hmac.New(sha256.New, master)
	mac.Write([]byte("holdfast keystore: which master key"))
	copy(check[:], mac.Sum(nil))
	return check
}

func sealCipher(master, salt []byte) (aead cipher.AEAD, nonce []byte, err error) {
	okm, err := hkdf.Key(sha256.New, master, salt, "holdfast keystore: key and nonce", 32+12)
	if err != nil {
		return nil, nil, fmt.Errorf("derive the sealing key: %w", err)
	}
	block, err := aes.NewCipher(okm[:32])
	if err != nil {
		return nil, nil, fmt.Errorf("make cipher: %w", err)
	}
	aead, err = cipher.NewGCM(block)
	return aead, okm[32:], err
}
