package wechatv3

import (
	"errors"
	"io"
	"net/http"
)

const (
	// maxBody is the largest request body. The largest documented request is a
	// few kilobytes.
	maxBody = 1 << 20
	// eagerBody is how much is set aside on a client's word for the length.
	eagerBody = 64 << 10
)

// readBody reads the raw body, which the signature covers. What is too large is
// refused without being read, and the connection closed after the answer.
func readBody(w http.ResponseWriter, q *request) *refusal {
	r := q.http
	switch n := r.ContentLength; {
	case n == 0 || r.Body == nil || r.Body == http.NoBody:
		return nil
	case n > maxBody:
		w.Header().Set("Connection", "close")
		return tooLarge
	case n > 0 && n <= eagerBody:
		q.body = make([]byte, n)
		_, err := io.ReadFull(r.Body, q.body)
		return bodyRefusal(err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	q.body = body
	return bodyRefusal(err)
}

func bodyRefusal(err error) *refusal {
	var over *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &over):
		return tooLarge
	}
	return unreadable
}

var (
	tooLarge = &refusal{
		status: http.StatusBadRequest, code: "PARAM_ERROR", digits: digitsRange,
		zh: "请求体超过 1 MiB，请检查请求内容", en: "The body is larger than 1 MiB; check what is sent",
		detail: &detail{location: "body", issue: "the body is larger than 1048576 bytes"},
	}
	unreadable = &refusal{
		status: http.StatusBadRequest, code: "PARAM_ERROR", digits: digitsParam,
		zh: "请求体未能完整读取，请用相同参数重试", en: "The body did not arrive completely; repeat the request unchanged",
		detail: &detail{location: "body", issue: "the body ended early"},
	}
)
