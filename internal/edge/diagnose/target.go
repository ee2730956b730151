package diagnose

import (
	"net/url"
	"slices"
	"sort"
	"strings"
)

// targetOf is what is signed of an address: path and query as on the request
// line. host is what it leaves out, "" for an address that begins with its path.
func targetOf(address string) (target, host string) {
	address, _, _ = strings.Cut(strings.TrimSpace(address), "#")
	if i := strings.Index(address, "://"); i > 0 {
		rest := address[i+3:]
		j := strings.IndexAny(rest, "/?")
		if j < 0 {
			return "/", address
		}
		target, host = rest[j:], address[:i+3+j]
		if target[0] == '?' {
			target = "/" + target
		}
		return target, host
	}
	return address, ""
}

// apiHost is the address that the API is known by.
const apiHost = "https://api.mch.weixin.qq.com"

// targets lists what may have been signed in place of a target, it first.
func targets(target, host string) []candidate {
	list := []candidate{same([]byte(target))}
	add := func(id, value, zh, en string) {
		known := func(c candidate) bool { return string(c.value) == value }
		if !slices.ContainsFunc(list, known) {
			list = append(list, candidate{id, []byte(value), &Text{zh, en}})
		}
	}
	path, query, has := strings.Cut(target, "?")
	if has {
		add("url_without_query", path, "签名的 URL 少了查询串；? 之后的部分也要签。", "The URL was signed without its query; what follows the ? is signed too.")
		add("url_query_sorted", path+"?"+sortedQuery(query), "签名的查询串顺序与发送的不同。", "The query was signed in another order than it was sent.")
		add("url_query_only", query, "只签了查询串；路径也要签。", "Only the query was signed; the path is signed too.")
	}
	add("url_question_mark", path+"?", "签名的 URL 多了末尾的问号。", "The URL was signed with a question mark at its end that was not sent.")
	for _, h := range []string{host, apiHost, strings.Replace(host, "https://", "http://", 1), strings.Replace(host, "http://", "https://", 1)} {
		if h == "" {
			continue
		}
		withHost := Text{"签名的 URL 带了主机名；只签路径和查询串。", "The host was signed with the URL; only path and query are signed."}
		add("url_with_host", h+target, withHost.ZH, withHost.EN)
		add("url_with_host", h+path, withHost.ZH, withHost.EN+" The query was left out besides.")
		if _, bare, ok := strings.Cut(h, "://"); ok {
			add("url_with_host", bare+target, withHost.ZH, withHost.EN)
			add("url_with_host", bare, "签名的是主机名；应为路径和查询串。", "The host was signed in place of path and query.")
		}
	}
	if plain, err := url.PathUnescape(target); err == nil {
		add("url_unescaped", plain, "签名的是解码后的 URL；应与请求行逐字节一致。", "The URL was signed unescaped; it has to be as on the request line, byte for byte.")
	}
	add("url_escaped", (&url.URL{Path: target}).EscapedPath(), "签名的 URL 又被编码了一次。", "The URL was escaped once more before it was signed.")
	add("url_slash", strings.TrimRight(path, "/"), "发送的路径末尾多一个斜杠。", "The path was sent with a slash at its end that was not signed.")
	add("url_slash", path+"/", "签名的路径末尾多一个斜杠。", "The path was signed with a slash at its end that was not sent.")
	add("url_without_slash", strings.TrimPrefix(target, "/"), "签名的 URL 缺少开头的斜杠。", "The URL was signed without the slash in front.")
	add("url_without_version", strings.TrimPrefix(target, "/v3"), "签名的 URL 缺少 /v3。", "The URL was signed without /v3.")
	if i := strings.Index(target, "/v3/"); i > 0 {
		add("url_prefix", target[i:], "发送的路径多了前缀 "+target[:i]+"，签名时没有。", "The path was sent with the prefix "+target[:i]+", which was not signed.")
	}
	add("url_empty", "", "URL 这一行签成了空行。", "The URL's line was signed empty.")
	return list
}

func sortedQuery(query string) string {
	items := strings.Split(query, "&")
	sort.Strings(items)
	return strings.Join(items, "&")
}

// methods lists what may have been signed in place of a method, it first.
func methods(method string) []candidate {
	right := strings.ToUpper(method)
	list := []candidate{same([]byte(right))}
	lower := &Text{"签名的请求方法是小写；应为大写 " + right + "。", "The method was signed in lower case; it has to be upper case: " + right + "."}
	list = append(list, candidate{"method_case", []byte(strings.ToLower(right)), lower})
	if right != "" {
		list = append(list, candidate{"method_case", []byte(right[:1] + strings.ToLower(right[1:])), lower})
	}
	for _, other := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		if other != right {
			list = append(list, candidate{"method", []byte(other), &Text{"签名的请求方法是 " + other + "，发送的是 " + right + "。", "The method that was signed is " + other + ", and " + right + " was sent."}})
		}
	}
	return list
}
