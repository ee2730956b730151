package strictjson

import "fmt"

// Kind sorts issues by what an edge has to answer.
type Kind uint8

const (
	// Malformed: not the JSON, type or charset that is documented.
	Malformed Kind = iota
	// Unknown: a key the schema does not have.
	Unknown
	// Range: too long, too short, too small, too large.
	Range
	// Missing: a required field is absent.
	Missing
)

// Why is a reason in both languages.
type Why struct{ ZH, EN string }

// Issue is the first thing found wrong with a body.
type Issue struct {
	Kind Kind
	// Pointer is the JSON Pointer (RFC 6901) of the offending value.
	Pointer string
	// Value is what was sent there, cut to 64 bytes; empty where it says nothing.
	Value string
	Why
}

// Error makes an Issue readable in tests and logs.
func (i *Issue) Error() string {
	return fmt.Sprintf("%s: %s (%q)", i.Pointer, i.EN, i.Value)
}

var (
	whySyntax    = &Why{"请求体不是合法的 JSON", "the body is not valid JSON"}
	whyTrailing  = &Why{"请求体在 JSON 对象之后还有内容", "the body goes on after the JSON object"}
	whyUnknown   = &Why{"参数中含有非法的额外参数", "the parameter is not documented for this API"}
	whyDuplicate = &Why{"参数重复", "the parameter is given twice"}
	whyMissing   = &Why{"缺少必填参数", "the parameter is required"}
	whyNull      = &Why{"参数不能为 null，不需要的参数请不要传", "null is not accepted; leave the parameter out"}
	whyString    = &Why{"参数应为字符串", "the value must be a string"}
	whyInteger   = &Why{"参数应为整数，不能带小数、指数或引号", "the value must be an integer without fraction, exponent or quotes"}
	whyBool      = &Why{"参数应为 true 或 false", "the value must be true or false"}
	whyObject    = &Why{"参数应为对象", "the value must be an object"}
	whyArray     = &Why{"参数应为数组", "the value must be an array"}
	whyUTF8      = &Why{"参数不是合法的 UTF-8 文本", "the text is not valid UTF-8"}
	whyPlane     = &Why{"参数含有不支持的字符（如表情符号）", "the text holds a character outside the basic plane, such as an emoji"}
	whyNUL       = &Why{"参数含有空字符 U+0000", "the text holds the character U+0000"}
	whyOverflow  = &Why{"整数超出范围", "the integer is out of range"}
	whyDepth     = &Why{"JSON 嵌套过深", "the JSON is nested too deeply"}
)

// cut keeps a value short enough to show, without splitting a character.
func cut(s []byte) string {
	if len(s) > maxShown {
		n := maxShown
		for n > 0 && s[n]&0xC0 == 0x80 {
			n--
		}
		s = s[:n]
	}
	return string(s)
}

const maxShown = 64
