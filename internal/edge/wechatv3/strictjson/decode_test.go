package strictjson

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

type item struct {
	Name string
	N    int64
}

type order struct {
	ID     string
	Note   string
	Total  int64
	Fast   bool
	Inner  item
	Raw    []byte
	Tags   []string
	Items  []item
	Expire string
}

var (
	itemSchema = Of(
		String("name", func(i *item) *string { return &i.Name }, Text{Min: 1, Max: 4}).Required(),
		Int("n", func(i *item) *int64 { return &i.N }, Number{Min: 1, Max: 9}),
	)
	orderSchema = Of(
		String("id", func(o *order) *string { return &o.ID }, Text{Min: 1, Max: 6}).Required(),
		String("note", func(o *order) *string { return &o.Note }, Text{Max: 3}),
		Int("total", func(o *order) *int64 { return &o.Total }, Number{Min: 1, Max: 1 << 62}),
		Bool("fast", func(o *order) *bool { return &o.Fast }),
		Keep(Nested("inner", func(o *order) *item { return &o.Inner }, itemSchema), func(o *order) *[]byte { return &o.Raw }),
		Strings("tags", func(o *order) *[]string { return &o.Tags }, 2, Text{Min: 1, Max: 3}),
		Objects("items", func(o *order) *[]item { return &o.Items }, 2, itemSchema),
		String("expire", func(o *order) *string { return &o.Expire }, Text{Max: 9, Check: func(s string) *Why {
			if s != "now" {
				return &Why{"须为 now", "must be now"}
			}
			return nil
		}}),
	)
)

func TestDecodeOK(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		want       order
	}{
		{"compact", `{"id":"a","total":5,"fast":true}`, order{ID: "a", Total: 5, Fast: true}},
		{"go newline", "{\"id\":\"a\"}\n", order{ID: "a"}},
		{"python spacing", `{"id": "a", "total": 5, "tags": ["x", "y"]}`, order{ID: "a", Total: 5, Tags: []string{"x", "y"}}},
		{"escapes", `{"id":"\u7a97\u8fb9","note":"\"\\\n"}`, order{ID: "窗边", Note: "\"\\\n"}},
		{"escaped key", `{"\u0069d":"a"}`, order{ID: "a"}},
		{"go html escapes", `{"id":"\u003c\u0026\u003e"}`, order{ID: "<&>"}},
		{"characters, not bytes", `{"id":"窗边窗边窗边"}`, order{ID: "窗边窗边窗边"}},
		{"kept", `{"id":"a","inner":{ "name" :"b","n":3}}`, order{ID: "a", Inner: item{"b", 3}, Raw: []byte(`{ "name" :"b","n":3}`)}},
		{"list", `{"id":"a","items":[{"name":"b"},{"name":"c","n":9}],"tags":[]}`, order{ID: "a", Items: []item{{"b", 0}, {"c", 9}}}},
		{"empty optional text is absent", `{"id":"a","expire":"","note":""}`, order{ID: "a"}},
		{"large", `{"id":"a","total":4611686018427387904}`, order{ID: "a", Total: 1 << 62}},
	} {
		var got order
		if issue := orderSchema.Decode([]byte(c.body), &got, Strict); issue != nil {
			t.Errorf("%s: %v", c.name, issue)
		} else if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40)
	for _, c := range []struct {
		name, body string
		kind       Kind
		pointer    string
		value      string
		en         string // start of the sentence
	}{
		{"missing", `{}`, Missing, "/id", "", "the parameter is required"},
		{"empty body", "", Missing, "/id", "", "the parameter is required"},
		{"missing inside", `{"id":"a","inner":{}}`, Missing, "/inner/name", "", "the parameter is required"},
		{"unknown", `{"id":"a","x/y~z":1}`, Unknown, "/x~1y~0z", "", "the parameter is not documented"},
		{"unknown inside", `{"id":"a","items":[{"name":"b"},{"name":"b","q":1}]}`, Unknown, "/items/1/q", "", "the parameter is not documented"},
		{"another case is another key", `{"ID":"a"}`, Unknown, "/ID", "", "the parameter is not documented"},
		{"twice", `{"id":"a","id":"a"}`, Malformed, "/id", "", "the parameter is given twice"},
		{"twice, escaped", `{"id":"a","\u0069\u0064":"b"}`, Malformed, "/id", "", "the parameter is given twice"},
		{"null", `{"id":null}`, Malformed, "/id", "", "null is not accepted"},
		{"null item", `{"id":"a","tags":["x",null]}`, Malformed, "/tags/1", "", "null is not accepted"},
		{"too long", `{"id":"abcdefg"}`, Range, "/id", "abcdefg", "the length must be 1 to 6"},
		{"too long in characters", `{"id":"窗边窗边窗边窗"}`, Range, "/id", "窗边窗边窗边窗", "the length must be 1 to 6"},
		{"too short", `{"id":""}`, Range, "/id", "", "the length must be 1 to 6"},
		{"check", `{"id":"a","expire":"later"}`, Malformed, "/expire", "later", "must be now"},
		{"too many", `{"id":"a","tags":["x","x","x"]}`, Range, "/tags/2", "", "the array has at most 2"},
		{"zero", `{"id":"a","total":0}`, Range, "/total", "0", "the integer must be positive"},
		{"negative", `{"id":"a","total":-1}`, Range, "/total", "-1", "the integer must be positive"},
		{"overflow", `{"id":"a","total":9223372036854775808}`, Range, "/total", "9223372036854775808", "the integer is out of range"},
		{"fraction", `{"id":"a","total":1.0}`, Malformed, "/total", "1.0", "the value must be an integer"},
		{"exponent", `{"id":"a","total":1e2}`, Malformed, "/total", "1e2", "the value must be an integer"},
		{"quoted number", `{"id":"a","total":"1"}`, Malformed, "/total", `"1"`, "the value must be an integer"},
		{"number for text", `{"id":1}`, Malformed, "/id", "1", "the value must be a string"},
		{"text for object", `{"id":"a","inner":"b"}`, Malformed, "/inner", `"b"`, "the value must be an object"},
		{"object for list", `{"id":"a","tags":{"a":1}}`, Malformed, "/tags", `{"a":1}`, "the value must be an array"},
		{"number for bool", `{"id":"a","fast":1}`, Malformed, "/fast", "1", "the value must be true or false"},
		{"list", `[]`, Malformed, "", "[]", "the value must be an object"},
		{"invalid UTF-8", "{\"id\":\"\xff\"}", Malformed, "/id", "", "the text is not valid UTF-8"},
		{"invalid UTF-8 in a key", "{\"\xc3\":1}", Malformed, "", "", "the text is not valid UTF-8"},
		{"emoji", `{"id":"😀"}`, Malformed, "/id", "😀", "the text holds a character outside"},
		{"escaped emoji", `{"id":"\ud83d\ude00"}`, Malformed, "/id", "", "the text holds a character outside"},
		{"half a pair", `{"id":"\ud83d"}`, Malformed, "/id", "", "the text is not valid UTF-8"},
		{"NUL", `{"id":"\u0000"}`, Malformed, "/id", "", "the text holds the character U+0000"},
		{"control character", "{\"id\":\"\n\"}", Malformed, "/id", "", "the body is not valid JSON, at byte 7"},
		{"trailing", `{"id":"a"}{}`, Malformed, "", "", "the body goes on"},
		{"cut off", `{"id":"a"`, Malformed, "", "", "the body is not valid JSON, at byte 9"},
		{"comma at the end", `{"id":"a",}`, Malformed, "", "", "the body is not valid JSON"},
		{"leading zero", `{"id":"a","total":01}`, Malformed, "/total", "", "the body is not valid JSON"},
		{"bare minus", `{"id":"a","total":-}`, Malformed, "/total", "", "the body is not valid JSON"},
		{"deep", `{"id":` + deep + `}`, Malformed, "/id", "", "the JSON is nested too deeply"},
		{"no JSON", `amount=1`, Malformed, "", "", "the body is not valid JSON, at byte 0"},
	} {
		var got order
		issue := orderSchema.Decode([]byte(c.body), &got, Strict)
		switch {
		case issue == nil:
			t.Errorf("%s: accepted as %+v", c.name, got)
		case issue.Kind != c.kind || issue.Pointer != c.pointer || issue.Value != c.value || !strings.HasPrefix(issue.EN, c.en) || issue.ZH == "":
			t.Errorf("%s: %+v", c.name, issue)
		}
	}
}

func TestLenientSkipsOnlyUnknownKeys(t *testing.T) {
	t.Parallel()
	var got order
	body := `{"x":{"a":[1,null,"s",{"b":true}],"c":-1.5e+3},"id":"a","y":null,"z":[]}`
	if issue := orderSchema.Decode([]byte(body), &got, Lenient); issue != nil || got.ID != "a" {
		t.Errorf("%+v, %v", got, issue)
	}
	for _, body := range []string{
		`{"id":"a","id":"b"}`, `{"id":null}`, `{"id":"a","x":tru}`, `{"id":"a","x":"😀"}`, `{"id":"a","x":[1,]}`,
		`{"id":"a","x":` + strings.Repeat(`{"x":`, 60) + `1` + strings.Repeat(`}`, 60) + `}`,
	} {
		if orderSchema.Decode([]byte(body), new(order), Lenient) == nil {
			t.Errorf("accepted %s", body)
		}
	}
}

func TestLongValuesAreCut(t *testing.T) {
	t.Parallel()
	issue := orderSchema.Decode([]byte(`{"id":"`+strings.Repeat("窗", 5000)+`"}`), new(order), Strict)
	if len(issue.Value) > maxShown || !utf8.ValidString(issue.Value) || issue.Value == "" {
		t.Errorf("shows %q", issue.Value)
	}
	issue = orderSchema.Decode([]byte(`{"`+strings.Repeat("k", 5000)+`":1}`), new(order), Strict)
	if len(issue.Pointer) > maxShown+1 {
		t.Errorf("points to %d bytes", len(issue.Pointer))
	}
}

// Whatever is accepted, encoding/json reads the same way, and reading its own
// writing again gives the same.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"id":"a","total":5,"fast":true,"inner":{"name":"b","n":3},"tags":["x"],"items":[{"name":"c"}]}`,
		`{"id":"\u7a97\ud83d\ude00"}`, `{"id":"a","x":[1,{"y":null}]}`, "{\"id\":\"\xff\"}", `{"id":"a","total":1e5}`, "", "null",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, lenient bool) {
		var got order
		if issue := orderSchema.Decode(body, &got, Mode(lenient)); issue != nil {
			if issue.ZH == "" || issue.EN == "" || !utf8.ValidString(issue.Pointer) && utf8.Valid(body) {
				t.Fatalf("%q: %+v", body, issue)
			}
			return
		}
		if len(strings.TrimSpace(string(body))) > 0 && !json.Valid(body) {
			t.Fatalf("accepted %q, which is no JSON", body)
		}
		if lenient || len(body) == 0 {
			return // encoding/json folds case, so an unknown key may mean something to it
		}
		var reference struct {
			ID, Note, Expire string
			Total            int64
			Fast             bool
			Inner            item
			Tags             []string
			Items            []item
		}
		if err := json.Unmarshal(body, &reference); err != nil {
			t.Fatalf("accepted %q, which encoding/json refuses: %v", body, err)
		}
		if got.ID != reference.ID || got.Note != reference.Note || got.Expire != reference.Expire ||
			got.Total != reference.Total || got.Fast != reference.Fast || got.Inner != reference.Inner ||
			len(got.Tags) != len(reference.Tags) || len(got.Items) != len(reference.Items) {
			t.Fatalf("%q reads as %+v, by encoding/json as %+v", body, got, reference)
		}
	})
}
