package diagnose

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// candidate is a part of a message as somebody may have signed it. A nil text is
// the part as it was sent.
type candidate struct {
	id    string
	value []byte
	text  *Text
}

func same(value []byte) candidate { return candidate{value: value} }

// maxRewritten bounds the body that is written anew in every way.
const maxRewritten = 64 << 10

// bodies lists what may have been signed in place of a body, the body first.
func bodies(sent []byte) []candidate {
	list := []candidate{same(sent)}
	add := func(id string, value []byte, zh, en string) {
		known := func(c candidate) bool { return bytes.Equal(c.value, value) }
		if !slices.ContainsFunc(list, known) {
			list = append(list, candidate{id, value, &Text{zh, en}})
		}
	}
	plainBodies(sent, add)
	if len(sent) > maxRewritten {
		return list
	}
	if tree, err := parseTree(sent); err == nil {
		rewritten(tree, add)
		wrapped(sent, tree, add)
	}
	return list
}

// plainBodies are those that need no understanding of the body.
func plainBodies(sent []byte, add func(id string, value []byte, zh, en string)) {
	add("body_newline", append(slices.Clone(sent), '\n'), "签名的请求体末尾多一个换行。", "The body was signed with a newline at its end that was not sent.")
	add("body_newline", bytes.TrimRight(sent, "\r\n"), "发送的请求体末尾多一个换行，签名时没有。", "The body was sent with a newline at its end that was not signed.")
	add("body_trimmed", bytes.TrimSpace(sent), "签名时去掉了请求体首尾的空白。", "The body was signed without the white space around it.")
	add("body_crlf", bytes.ReplaceAll(sent, []byte("\r\n"), []byte("\n")), "请求体以 CRLF 换行发送，签名时为 LF。", "The body was sent with CRLF and signed with LF.")
	add("body_crlf", bytes.ReplaceAll(bytes.ReplaceAll(sent, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")), "请求体以 LF 换行发送，签名时为 CRLF。", "The body was sent with LF and signed with CRLF.")
	add("body_bom", bytes.TrimPrefix(sent, []byte("\xef\xbb\xbf")), "发送的请求体带有 BOM，签名时没有。", "The body was sent with a byte order mark that was not signed.")
	add("body_bom", append([]byte("\xef\xbb\xbf"), sent...), "签名的请求体带有 BOM。", "The body was signed with a byte order mark.")
	add("body_twice", append(slices.Clone(sent), sent...), "请求体被签了两遍（追加了两次）。", "The body was signed twice over: it was appended two times.")
	if len(sent) > 0 {
		add("body_unsigned", nil, "签名时请求体为空；POST 须签原始请求体。", "The body was left out of what was signed; with POST the raw body is signed.")
	}
	if plain, err := url.QueryUnescape(string(sent)); err == nil {
		add("body_escaped", []byte(plain), "发送的请求体被 URL 编码过，签名的没有。", "The body was URL-encoded after signing.")
	}
	add("body_escaped", []byte(url.QueryEscape(string(sent))), "签名的是 URL 编码后的请求体。", "The body was signed in URL-encoded form.")
}

// layouts and quotings are how libraries write JSON.
var layouts = []layout{
	{",", ":", ""}, {", ", ": ", ""}, {",", ": ", "  "}, {",", ": ", "    "}, {",", ": ", "\t"}, {", ", ":", ""}, {",", ": ", ""},
}

var quotings = []func(string) string{quotePlain, quoteHTML, quoteASCII, quotePHP, quoteSlash}

// rewritten are bodies that a JSON library read and wrote again.
func rewritten(tree *node, add func(id string, value []byte, zh, en string)) {
	for _, t := range []struct {
		tree   *node
		id     string
		zh, en string
	}{
		{tree, "body_reserialised", "请求体被重新序列化过：签名的与发送的不是同一串字节。", "Your body was re-serialised: the bytes that were signed are not those that were sent."},
		{tree.sorted(), "body_sorted", "请求体被重新序列化过，字段按名称排了序。", "Your body was re-serialised with its names in alphabetical order."},
	} {
		for _, quote := range quotings {
			for _, l := range layouts {
				value := t.tree.write(l, quote)
				add(t.id, value, t.zh, t.en)
				add(t.id, append(value, '\n'), t.zh, t.en)
			}
		}
	}
}

// wrapped are bodies that were encoded once more, or once less.
func wrapped(sent []byte, tree *node, add func(id string, value []byte, zh, en string)) {
	if tree.isString {
		add("body_string", []byte(tree.text), "发送的请求体被 JSON 编码了两次（整体是一个字符串）。", "The body was encoded as JSON twice before it was sent: it is one string.")
		return
	}
	if text, err := json.Marshal(string(sent)); err == nil {
		add("body_string", text, "签名的是再次 JSON 编码的请求体（一个字符串）。", "The body was encoded as JSON once more before it was signed: it was one string.")
	}
	add("body_form", []byte(asForm(tree)), "签名的是 key=value 形式，而不是原始 JSON（这是 V2 的写法）。", "What was signed is key=value pairs, as version 2 has it, and not the raw JSON.")
}

// asForm writes an object's scalars as version 2 signs them.
func asForm(tree *node) string {
	var pairs []string
	for i, item := range tree.sorted().items {
		if tree.open == '{' && item.open == 0 {
			pairs = append(pairs, tree.sorted().names[i]+"="+item.text)
		}
	}
	return strings.Join(pairs, "&")
}
