package csvfile_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/edge/csvfile"
)

func read(text string) *csvfile.File {
	f := csvfile.Read([]byte(text), []string{"phone", "amount"}, []string{"key"})
	for _, r := range f.Rows {
		f.Amount(r, "amount", 1_000_00)
	}
	f.Once("phone")
	return f
}

func TestGoodFiles(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"plain":                  "phone,amount\n13800000001,12.50\n13800000002,3\n",
		"from a spreadsheet":     "\ufeffPhone, Amount,key\r\n13800000001,12.50,a\r\n13800000002,3,b\r\n",
		"quoted":                 "phone,amount\n\"13800000001\",\"12.50\"\n13800000002,3",
		"columns in other order": "amount,phone\n12.50,13800000001\n3,13800000002\n",
	} {
		f := read(text)
		if len(f.Problems) != 0 || len(f.Rows) != 2 || f.Rows[0].Text("phone") != "13800000001" || f.BOM != strings.HasPrefix(text, "\ufeff") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestProblemsAreNamedWhereTheyAre(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text         string
		line, column int
		says         string
	}{
		{"", 1, 0, "no first line"},
		{"phone,amount\n", 0, 0, "no rows"},
		{"phone\n1\n", 1, 0, "the column amount is missing"},
		{"phone,amount,what\n1,1,1\n", 1, 3, "nobody knows the column \"what\""},
		{"phone,amount,phone\n1,1,1\n", 1, 3, "twice"},
		{"phone;amount\n1;1\n", 1, 1, "not separated by commas"},
		{"phone,amount\n1,1\n1,2\n", 3, 1, "line 2 has the same phone"},
		{"phone,amount\n1,1,234.00\n", 2, 0, "1234.50, not 1,234.50"},
		{"phone,amount\n1,\"1,234.00\"\n", 2, 3, "thousands separator"},
		{"phone,amount\n1,-5.00\n", 2, 3, "negative"},
		{"phone,amount\n1,5.001\n", 2, 3, "more than two decimals"},
		{"phone,amount\n1,5元\n", 2, 3, "no amount in yuan"},
		{"phone,amount\n1,５\n", 2, 3, "no amount in yuan"},
		{"phone,amount\n1,1e3\n", 2, 3, "no amount in yuan"},
		{"phone,amount\n1,\n", 2, 3, "missing"},
		{"phone,amount\n1,0\n", 2, 3, "0.00"},
		{"phone,amount\n1,1000.01\n", 2, 3, "above 1000.00"},
		{"phone,amount\n1\u202e2,1\n", 2, 1, "not allowed"},
		{"phone,amount\n1\x00,1\n", 2, 1, "not allowed"},
		{"phone,amount\n\"1\n2\",1\n", 2, 1, "not allowed"},
		{"phone,amount\n1,\"1\n", 2, 0, "quotation mark"},
		{"phone,amount\n1,2\nx\xff,1\n", 3, 0, "not UTF-8"},
		{"phone,amount\n" + strings.Repeat("1,1\n", csvfile.MaxSize/4), 0, 0, "split it"},
	} {
		f := read(c.text)
		if len(f.Problems) == 0 {
			t.Errorf("%.40q: no problem is named", c.text)
			continue
		}
		p := f.Problems[0]
		if p.Line != c.line || c.column != 0 && p.Column != c.column || !strings.Contains(p.Says, c.says) {
			t.Errorf("%.40q: %d:%d %s; want %d:%d ... %s", c.text, p.Line, p.Column, p.Says, c.line, c.column, c.says)
		}
	}
}

// Whatever is read: a file without problems has clean rows with every needed column.
func FuzzRead(f *testing.F) {
	f.Add([]byte("phone,amount\n13800000001,12.50\n"))
	f.Add([]byte("\ufeffphone,amount,key\r\n\"1\",\"1,2\",\"\"\r\n"))
	f.Add([]byte("phone,amount\n\"a\"\"b\",1\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := csvfile.Read(data, []string{"phone", "amount"}, []string{"key"})
		if len(file.Problems) > 20 || len(file.Rows) > csvfile.MaxRows || len(file.Rows) == 0 && len(file.Problems) == 0 {
			t.Fatalf("%d rows, %d problems", len(file.Rows), len(file.Problems))
		}
		for _, r := range file.Rows {
			fen, ok := file.Amount(r, "amount", 1_000_00)
			if ok && (fen <= 0 || fen > 1_000_00) || r.Line < 2 || !utf8.ValidString(r.Text("phone")) || len(file.Problems) == 0 && strings.ContainsAny(r.Text("phone"), "\x00\u202e\n") {
				t.Fatalf("%+v is a row with %d fen", r, fen)
			}
		}
		for _, p := range file.Problems {
			if p.Says == "" || p.Line < 0 {
				t.Fatalf("%+v says nothing", p)
			}
		}
	})
}
