// Package csvfile reads the files that people and balances are imported from, and says
// what is wrong in them by line and column, in words that help whoever made the file in
// a spreadsheet.
package csvfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

const (
	// MaxSize bounds a file in bytes: it is one call.
	MaxSize = 180 << 10
	// MaxRows bounds its rows.
	MaxRows = 5_000
	// maxProblems is how many are told; the rest shows when those are mended.
	maxProblems = 20
	// maxText bounds a field, in characters.
	maxText = 64
)

// Row is a line of a file.
type Row struct {
	Line int
	// Fields are by the name of their column.
	fields map[string]Field
}

// Field is what one row has in one column.
type Field struct {
	Text   string
	Column int // where it begins in its line, in bytes from 1
}

// Text is what the row has in a column, "" where the file has no such column.
func (r Row) Text(column string) string { return r.fields[column].Text }

// Problem is what is wrong in a file. Line is 0 for what is wrong with all of it.
type Problem struct {
	Line, Column int
	Says         string
}

// File is a file that was read.
type File struct {
	Rows []Row
	// BOM says that it began with a byte order mark, which was passed over.
	BOM      bool
	Problems []Problem
}

// Problem adds what is wrong in a row's column.
func (f *File) Problem(r Row, column, says string, values ...any) {
	f.problem(r.Line, r.fields[column].Column, says, values...)
}

func (f *File) problem(line, column int, says string, values ...any) {
	if len(f.Problems) < maxProblems {
		f.Problems = append(f.Problems, Problem{line, column, fmt.Sprintf(says, values...)})
	}
}

// Read reads a file whose first line names its columns: all of needed, and any of more.
func Read(data []byte, needed, more []string) *File {
	f := &File{}
	data, f.BOM = bytes.CutPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > MaxSize:
		f.problem(0, 0, "the file has more than %d KiB: split it", MaxSize>>10)
		return f
	case !utf8.Valid(data):
		f.problem(firstBad(data), 0, "the file is not UTF-8: save it as \"CSV UTF-8\"")
		return f
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		f.problem(1, 0, "the file has no first line with the names of its columns: %s", strings.Join(needed, ","))
		return f
	}
	if !f.columns(header, needed, more) {
		return f
	}
	f.rows(r, header)
	return f
}

// firstBad is the first line that is not UTF-8.
func firstBad(data []byte) int {
	for n, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) {
			return n + 1
		}
	}
	return 0
}

// columns says whether the header has what is needed and nothing unknown or twice.
func (f *File) columns(header, needed, more []string) bool {
	for i, name := range header {
		header[i] = strings.ToLower(strings.TrimSpace(name))
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
		f.problem(1, 1, "the columns are not separated by commas: save the file as CSV with commas")
		return false
	}
	for _, name := range needed {
		if !slices.Contains(header, name) {
			f.problem(1, 0, "the column %s is missing; the first line must name it", name)
		}
	}
	for i, name := range header {
		switch {
		case !slices.Contains(needed, name) && !slices.Contains(more, name):
			f.problem(1, i+1, "nobody knows the column %q; there are %s", short(name), strings.Join(append(slices.Clone(needed), more...), ", "))
		case slices.Contains(header[:i], name):
			f.problem(1, i+1, "the column %s is there twice", name)
		}
	}
	return len(f.Problems) == 0
}

func (f *File) rows(r *csv.Reader, header []string) {
	for {
		record, err := r.Read()
		var parse *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if len(f.Rows) == 0 {
				f.problem(0, 0, "the file has no rows below its first line")
			}
			return
		case errors.As(err, &parse):
			f.problem(parse.Line, parse.Column, "a quotation mark is not closed, or stands in the middle of a field")
			return
		case len(f.Rows) == MaxRows:
			f.problem(0, 0, "the file has more than %d rows: split it", MaxRows)
			return
		}
		f.row(r, header, record)
	}
}

func (f *File) row(r *csv.Reader, header, record []string) {
	line, _ := r.FieldPos(0)
	if len(record) != len(header) {
		f.problem(line, 0, "the line has %d fields, the first line names %d columns%s", len(record), len(header), hint(record, header))
		return
	}
	row := Row{Line: line, fields: map[string]Field{}}
	for i, text := range record {
		_, column := r.FieldPos(i)
		row.fields[header[i]] = Field{Text: strings.TrimSpace(text), Column: column}
		if !wallet.Text(text, maxText) {
			f.problem(line, column, "the field has more than %d characters, or some that are not allowed (line breaks, invisible marks that turn the direction of writing)", maxText)
		}
	}
	f.Rows = append(f.Rows, row)
}

// hint guesses that an amount was written with a thousands comma.
func hint(record, header []string) string {
	if len(record) == len(header)+1 && slices.Contains(header, "amount") {
		return "; is there a comma in an amount? Write 1234.50, not 1,234.50"
	}
	return ""
}

func short(s string) string {
	if r := []rune(s); len(r) > 20 {
		return string(r[:20]) + "..."
	}
	return s
}

// Amount reads a row's amount in yuan, and adds to the problems what it can't read, and
// what is above most.
func (f *File) Amount(r Row, column string, most int64) (fen int64, ok bool) {
	text := r.Text(column)
	fen, err := money.Parse(text)
	switch {
	case text == "":
		f.Problem(r, column, "the amount is missing")
	case strings.ContainsAny(text, ",，'"):
		f.Problem(r, column, "the amount has a thousands separator: write 1234.50, not 1,234.50")
	case strings.HasPrefix(text, "-"):
		f.Problem(r, column, "the amount is negative; what is imported can only be added")
	case err != nil && decimals(text) > 2:
		f.Problem(r, column, "the amount has more than two decimals; one fen is 0.01")
	case err != nil:
		f.Problem(r, column, "this is no amount in yuan: write digits, and a point before the fen, like 1234.50")
	case fen == 0:
		f.Problem(r, column, "the amount is 0.00")
	case fen > most:
		f.Problem(r, column, "the amount is above %s, the most for one row; --most raises it if that is meant", money.Format(most))
	default:
		return fen, true
	}
	return 0, false
}

func decimals(text string) int {
	_, after, _ := strings.Cut(text, ".")
	for _, c := range []byte(after) {
		if c < '0' || c > '9' {
			return 0
		}
	}
	return len(after)
}

// Once adds a problem where two rows have the same in a column.
func (f *File) Once(column string) {
	seen := map[string]int{}
	for _, r := range f.Rows {
		text := r.Text(column)
		if first, twice := seen[text]; twice && text != "" {
			f.Problem(r, column, "line %d has the same %s: each row is there once", first, column)
			continue
		}
		seen[text] = r.Line
	}
}
