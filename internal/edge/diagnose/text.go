package diagnose

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"net/textproto"
	"strings"
)

// Message is a request as it stands in a log or in a tool's output: a request
// line (or none), headers, an empty line, the body.
type Message struct {
	Method, URL string
	Header      http.Header
	Body        []byte
}

// ErrText is what Parse returns for what is no such text.
var ErrText = errors.New(`a request begins with a line such as "POST /v3/... HTTP/1.1" or with its headers, then an empty line and the body`)

// Parse reads such a text. Lines may end in LF or CRLF, and may begin with the
// "> " of curl -v. The body is taken as it is.
func Parse(text []byte) (Message, error) {
	head, body := splitHead(text)
	lines := strings.Split(strings.ReplaceAll(strings.TrimLeft(head, "\r\n"), "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, "> ")
	}
	m := Message{Body: body}
	if words := strings.Fields(lines[0]); len(words) >= 2 && !strings.HasSuffix(words[0], ":") && strings.ToUpper(words[0]) == words[0] {
		m.Method, m.URL = words[0], words[1]
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return m, ErrText
	}
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(strings.Join(lines, "\r\n") + "\r\n\r\n"))).ReadMIMEHeader()
	m.Header = http.Header(header)
	if err != nil || len(header) == 0 {
		return m, ErrText
	}
	if host := m.Header.Get("Host"); host != "" && strings.HasPrefix(m.URL, "/") {
		m.URL = "https://" + host + m.URL
	}
	return m, nil
}

// splitHead cuts at the first empty line.
func splitHead(text []byte) (head string, body []byte) {
	at, end := len(text), len(text)
	for _, gap := range []string{"\r\n\r\n", "\n\n", "\n> \n", "\n>\n", "\r\n> \r\n"} {
		if i := bytes.Index(text, []byte(gap)); i >= 0 && i < at {
			at, end = i, i+len(gap)
		}
	}
	return string(text[:at]), text[end:]
}

// IsNotice says whether the text is a notice: the platform's headers, and no
// Authorization.
func (m Message) IsNotice() bool {
	return m.Header.Get("Authorization") == "" && (m.Header.Get("Wechatpay-Signature") != "" || m.Header.Get("Wechatpay-Serial") != "")
}

// Request is the text as a request of the API.
func (m Message) Request() Request {
	return Request{Method: m.Method, URL: m.URL, Authorization: m.Header.Get("Authorization"), Body: m.Body}
}
