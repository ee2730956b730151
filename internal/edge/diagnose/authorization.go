package diagnose

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// names are the five values of the header.
var names = []string{"mchid", "nonce_str", "timestamp", "serial_no", "signature"}

// pair finds name="value", also with the wrong quotes or none.
var pair = regexp.MustCompile(`([A-Za-z_]+)\s*[=:]\s*(?:"([^"]*)"|'([^']*)'|([^,"'\s]*))`)

// authorization reads the header leniently and says everything that a strict
// reader would refuse.
func (x *examination) authorization(header string) map[string]string {
	header = strings.TrimSpace(header)
	if rest, ok := cutFold(header, "authorization:"); ok {
		header = strings.TrimSpace(rest)
	}
	x.lineBreaks(header)
	rest := x.scheme(header)
	values := map[string]string{}
	for _, m := range pair.FindAllStringSubmatch(rest, -1) {
		x.takePair(values, m)
	}
	x.separators(rest)
	for _, name := range names {
		if values[name] == "" {
			x.wrong("authorization_missing", name, -1, "Authorization 缺少 "+name+"。", "The Authorization header has no "+name+".")
		}
	}
	return values
}

func (x *examination) takePair(values map[string]string, m []string) {
	name, value := m[1], m[2]
	switch {
	case m[3] != "":
		value = m[3]
		x.wrong("authorization_quotes", name, -1, name+" 用了单引号，应为双引号。", name+" is in single quotes; write double ones.")
	case m[4] != "":
		value = m[4]
		x.wrong("authorization_quotes", name, -1, name+" 的值没有双引号。", "The value of "+name+" is not in double quotes.")
	}
	if _, twice := values[name]; twice {
		x.wrong("authorization_twice", name, -1, name+" 出现了两次。", name+" is given twice.")
		return
	}
	values[name] = value
}

// lineBreaks: a header is one line.
func (x *examination) lineBreaks(header string) {
	if at := strings.IndexAny(header, "\r\n"); at >= 0 {
		x.wrong("authorization_line_break", "authorization", at,
			fmt.Sprintf("Authorization 在第 %d 字节处有换行；请求头必须是一行，签名的 base64 不能折行。", at),
			fmt.Sprintf("The Authorization header has a line break at byte %d; a header is one line, and base64 must not be wrapped.", at))
	}
}

// scheme takes the first word off.
func (x *examination) scheme(header string) string {
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case scheme == seal.Scheme:
		return rest
	case strings.EqualFold(scheme, seal.Scheme):
		x.wrong("scheme_case", "authorization", 0, "认证类型须大写："+seal.Scheme+"。", "The scheme is written in upper case: "+seal.Scheme+".")
		return rest
	case strings.HasPrefix(header, seal.Scheme):
		x.wrong("scheme_space", "authorization", len(seal.Scheme), "认证类型之后须有一个空格。", "One space follows the scheme.")
		return header[len(seal.Scheme):]
	case strings.Contains(scheme, "="):
		x.wrong("scheme_missing", "authorization", 0, "缺少认证类型 "+seal.Scheme+"。", "The scheme "+seal.Scheme+" is missing in front.")
		return header
	}
	x.wrong("scheme", "authorization", 0, fmt.Sprintf("认证类型 %q 不受支持，应为 %s。", clip(scheme), seal.Scheme), fmt.Sprintf("The scheme %q is not served; it is %s.", clip(scheme), seal.Scheme))
	return rest
}

// separators: values are separated by commas.
func (x *examination) separators(rest string) {
	if strings.Count(rest, `"`) >= 4 && !strings.Contains(rest, ",") {
		x.wrong("authorization_commas", "authorization", -1, "各值之间须用逗号分隔。", "The values are separated by commas.")
	}
}

// timestamp judges a time in whole seconds. It returns it as it has to be signed.
func (x *examination) timestamp(text, field string) {
	at, err := strconv.ParseInt(text, 10, 64)
	switch {
	case text == "":
		return
	case err != nil:
		x.wrong("timestamp_format", field, -1, fmt.Sprintf("时间戳 %q 不是十进制的 Unix 秒数。", clip(text)), fmt.Sprintf("The timestamp %q is not Unix seconds in decimal digits.", clip(text)))
		return
	case len(text) >= 13 && len(text) < 16:
		x.wrong("timestamp_milliseconds", field, -1, "时间戳以毫秒为单位；应为秒（10 位数字）。", "The timestamp is in milliseconds; it has to be in seconds, 10 digits.")
		return
	case len(text) >= 16:
		x.wrong("timestamp_unit", field, -1, "时间戳以微秒或纳秒为单位；应为秒（10 位数字）。", "The timestamp is in microseconds or nanoseconds; it has to be in seconds, 10 digits.")
		return
	}
	skew := x.now.Sub(time.Unix(at, 0)).Round(time.Second)
	switch {
	case skew > maxSkew:
		x.note("timestamp_old", field, -1,
			fmt.Sprintf("时间戳是 %s 之前的；收到时相差超过 5 分钟即被拒绝。若这是刚发出的请求，请校准时钟。", skew),
			fmt.Sprintf("The timestamp is %s old; more than 5 minutes on arrival is refused. If this was just sent, set the clock.", skew))
	case skew < -maxSkew:
		x.wrong("timestamp_ahead", field, -1,
			fmt.Sprintf("时间戳比现在早到了 %s（在未来）；请校准时钟，并确认以秒为单位。", -skew),
			fmt.Sprintf("The timestamp lies %s in the future; set the clock and check the unit.", -skew))
	}
}

// identity judges mchid and nonce.
func (x *examination) identity(mchid, nonce string) {
	if mchid != "" && !ident.ValidMchid(mchid) {
		x.wrong("mchid", "mchid", -1, fmt.Sprintf("%q 不是商户号。", clip(mchid)), fmt.Sprintf("%q is no merchant number.", clip(mchid)))
	}
	if strings.TrimSpace(nonce) != nonce || len(nonce) > 128 {
		x.wrong("nonce", "nonce_str", -1, "随机串前后有空白或超过 128 个字符。", "The nonce has blanks around it or more than 128 characters.")
	}
}

// cutFold is strings.CutPrefix without regard to case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// clip shortens what is quoted.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
