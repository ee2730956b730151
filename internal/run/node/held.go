package node

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// stopWithin bounds an orderly stop: three listeners drain for five seconds each, and
// the stores write what is in memory.
const stopWithin = 30 * time.Second

// HeldError says that a node's stop was held up by something that did not end. What is
// open stays open: who still uses the stores must not have them closed underneath.
// The process is to end at once; that loses as little as a kill.
type HeldError struct {
	// Part is what was being closed, Requests are those under way on the listeners.
	Part     string
	Requests []string
	// Cause is why the node stopped.
	Cause error

	ended <-chan error // gets what closing comes to, if it ends after all
}

func (e *HeldError) Error() string {
	text := "the stop was held up by " + e.Part
	if len(e.Requests) > 0 {
		text += ": " + strings.Join(e.Requests, ", ")
	}
	return text
}

// Unwrap returns why the node stopped.
func (e *HeldError) Unwrap() error { return e.Cause }

// requests are those under way on one listener.
type requests struct {
	all   sync.WaitGroup
	mu    sync.Mutex
	begun map[*http.Request]time.Time
}

// over lets requests pass and counts them.
func (q *requests) over(next http.Handler) http.Handler {
	q.begun = map[*http.Request]time.Time{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q.all.Add(1)
		q.note(r, time.Now())
		defer q.all.Done()
		defer q.forget(r)
		next.ServeHTTP(w, r)
	})
}

func (q *requests) note(r *http.Request, at time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.begun[r] = at
}

func (q *requests) forget(r *http.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.begun, r)
}

// list says what is under way, by what a path begins with: what follows may be
// somebody's secret.
func (q *requests) list() (texts []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for r, at := range q.begun { // sorted below
		texts = append(texts, fmt.Sprintf("%s %s for %s", r.Method, beginning(r.URL.Path), time.Since(at).Round(time.Millisecond)))
	}
	slices.Sort(texts)
	return texts
}

// beginning is the first word of a path; of the merchant API's the first three.
func beginning(path string) string {
	words := strings.Split(strings.TrimPrefix(path, "/"), "/")
	n := 1
	if words[0] == "v3" {
		n = 3
	}
	return "/" + strings.Join(words[:min(n, len(words))], "/")
}
