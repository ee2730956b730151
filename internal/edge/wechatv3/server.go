package wechatv3

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"
)

// Limits of the HTTP server.
const (
	// headerTime is how long a client may take to send its header, which ends
	// who sends a byte now and then to hold a connection.
	headerTime = 5 * time.Second
	// readTime covers header and body.
	readTime = 20 * time.Second
	// writeTime covers the whole request from the end of its header on.
	writeTime = 40 * time.Second
	// idleTime is above the 8 s the live service keeps a connection, and above
	// the 7 s after which the Java client drops it.
	idleTime = 75 * time.Second
	// maxHeader bounds request line and header.
	maxHeader = 32 << 10
)

// NewServer makes the HTTP server for h, which is usually an *API or a mux that
// has one. It speaks HTTP/1.1 only: the Java client looks header names up in a
// case-sensitive map, and HTTP/2 would lower-case them. With certificates it
// serves TLS 1.2 and newer through ServeTLS(listener, "", ""); nil serves plain.
// log takes what the server itself complains of, as debug lines.
func NewServer(h http.Handler, certificates *tls.Config, log *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	s := &http.Server{
		Handler: h, Protocols: protocols,
		ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader,
	}
	if log != nil {
		s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	}
	if certificates != nil {
		s.TLSConfig = certificates.Clone()
		s.TLSConfig.NextProtos = []string{"http/1.1"}
		s.TLSConfig.MinVersion = max(s.TLSConfig.MinVersion, tls.VersionTLS12)
	}
	return s
}
