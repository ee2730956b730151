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
func readBody(w http.ResponseWriter, q *Request) *Refusal {
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

func bodyRefusal(err error) *Refusal {
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
	tooLarge = &Refusal{
		Status: http.StatusBadRequest, Code: "PARAM_ERROR", Digits: digitsRange,
		ZH: "请求体超过 1 MiB，请检查请求内容", EN: "The body is larger than 1 MiB; check what is sent",
		Detail: &Detail{Location: "body", Issue: "the body is larger than 1048576 bytes"},
	}
	unreadable = &Refusal{
		Status: http.StatusBadRequest, Code: "PARAM_ERROR", Digits: digitsParam,
		ZH: "请求体未能完整读取，请用相同参数重试", EN: "The body did not arrive completely; repeat the request unchanged",
		Detail: &Detail{Location: "body", Issue: "the body ended early"},
	}
)
