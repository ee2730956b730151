// Package wechatjson writes WeChat Pay's JSON objects from our records: what a
// query answers, what a refund answers, and the plaintext of a notice. Pure
// functions: the same record gives the same bytes on every node and at every
// attempt.
//
// Two kinds of shape live here and must not be confused.
//
//   - Answers (transaction.go, refund.go) show the present state of a record.
//     A release may add a field.
//   - Plaintexts (format1.go) are fixed by the format number kept in the
//     notice's row. A merchant may receive a notice days after the deed, from
//     a newer binary: the bytes of a format never change. Changed content
//     takes the next number and a file of its own; testdata holds a golden
//     file for each format and event.
//
// Absent fields are left out, never null or empty, because SDKs decode times
// and enumerations strictly.
package wechatjson
