package diagnose

import (
	"bytes"
	"fmt"
	"strconv"
)

// compare says where two bodies differ: at is the first byte of what was sent
// that is not as it was signed.
func compare(signed, sent []byte) (at int, text Text) {
	at = 0
	for at < len(signed) && at < len(sent) && signed[at] == sent[at] {
		at++
	}
	before, after := excerpt(signed, at), excerpt(sent, at)
	where := Text{
		fmt.Sprintf("第 %d 字节起不同：签名的是 %s，发送的是 %s（共 %d 与 %d 字节）。", at, before, after, len(signed), len(sent)),
		fmt.Sprintf("They differ from byte %d on: %s was signed and %s sent (%d and %d bytes in all).", at, before, after, len(signed), len(sent)),
	}
	if n, ok := blanks(signed, sent); ok {
		return at, Text{
			fmt.Sprintf("相差 %d 个空白字符，第一个在第 %d 字节：签名的是 %s，发送的是 %s。", n, at, before, after),
			fmt.Sprintf("%s at byte %d: %s was signed and %s sent.", differing(n), at, before, after),
		}
	}
	return at, where
}

func differing(n int) string {
	if n == 1 {
		return "1 space differs,"
	}
	return fmt.Sprintf("%d spaces differ, the first", n)
}

// blanks counts the white space that two texts differ by; false when they differ
// by more.
func blanks(a, b []byte) (n int, ok bool) {
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(a) > 0 && len(b) > 0 && a[0] == b[0]:
			a, b = a[1:], b[1:]
		case len(a) > 0 && blank(a[0]):
			a, n = a[1:], n+1
		case len(b) > 0 && blank(b[0]):
			b, n = b[1:], n+1
		default:
			return 0, false
		}
	}
	return n, n > 0
}

func blank(c byte) bool { return bytes.IndexByte([]byte(" \t\r\n"), c) >= 0 }

// excerpt quotes what stands around a byte.
func excerpt(b []byte, at int) string {
	const around = 12
	from, to := max(0, at-around), min(len(b), at+around)
	text := string(bytes.ToValidUTF8(b[from:to], nil)) // a character may be cut at either end
	if strconv.CanBackquote(text) {
		text = "`" + text + "`"
	} else {
		text = strconv.Quote(text)
	}
	if from > 0 {
		text = "…" + text
	}
	if to < len(b) {
		text += "…"
	}
	return text
}
