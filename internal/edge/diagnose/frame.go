package diagnose

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// frame is how the lines of a message are put together. A nil text is the right
// way.
type frame struct {
	id   string
	make func(lines [][]byte) []byte
	text *Text
}

// joined ends each line, the last one too.
func joined(lines [][]byte, end string) []byte {
	return append(bytes.Join(lines, []byte(end)), end...)
}

func right(lines [][]byte) []byte { return joined(lines, "\n") }

// swapped exchanges timestamp and nonce, which stand before the body.
func swapped(lines [][]byte) []byte {
	l := append([][]byte(nil), lines...)
	n := len(l)
	l[n-3], l[n-2] = l[n-2], l[n-3]
	return right(l)
}

// frames are the right one and the mistakes.
var frames = []frame{
	{"", right, nil},
	{"newline_missing", func(l [][]byte) []byte { return bytes.TrimSuffix(right(l), []byte("\n")) },
		&Text{"签名串少了最后一个换行符；每行都以 \\n 结尾，最后一行也是。", "The last newline is missing in what was signed; each line ends in \\n, the last one too."}},
	{"newline_crlf", func(l [][]byte) []byte { return joined(l, "\r\n") },
		&Text{"签名串以 CRLF（\\r\\n）换行；应为 LF（\\n）。", "The lines that were signed end in CRLF (\\r\\n); they have to end in LF (\\n)."}},
	{"newline_literal", func(l [][]byte) []byte { return joined(l, `\n`) },
		&Text{"换行写成了反斜杠加 n 两个字符。", "The newlines were signed as the two characters backslash and n."}},
	{"newline_double", func(l [][]byte) []byte { return append(right(l), '\n') },
		&Text{"签名串末尾多了一个换行符。", "There is a newline too many at the end of what was signed."}},
	{"order_swapped", swapped,
		&Text{"时间戳与随机串的顺序反了：先时间戳，后随机串。", "Timestamp and nonce are swapped: the timestamp comes first."}},
	{"lines_joined", func(l [][]byte) []byte { return bytes.Join(l, nil) },
		&Text{"各部分之间没有换行。", "The parts were signed without newlines between them."}},
	{"body_line_missing", func(l [][]byte) []byte { return right(l[:len(l)-1]) },
		&Text{"没有请求体时也要有空的最后一行（一个 \\n）。", "Without a body its line is still there, empty: one more \\n."}},
	{"hashed_twice", func(l [][]byte) []byte { sum := sha256.Sum256(right(l)); return []byte(hex.EncodeToString(sum[:])) },
		&Text{"签名串先被哈希成十六进制、再签名（哈希了两次）；RSA-SHA256 自己会做哈希。", "The message was hashed to hexadecimal and then signed: it was hashed twice; RSA with SHA-256 hashes by itself."}},
	{"hashed_twice", func(l [][]byte) []byte { sum := sha256.Sum256(right(l)); return sum[:] },
		&Text{"签名串先被哈希、再签名（哈希了两次）；RSA-SHA256 自己会做哈希。", "The message was hashed before it was signed: it was hashed twice; RSA with SHA-256 hashes by itself."}},
}
