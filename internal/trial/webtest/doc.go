// Package webtest tries the pages as people do: phones in a real browser against a
// real node, over a network that loses answers and goes away. It has no code of its
// own.
package webtest
