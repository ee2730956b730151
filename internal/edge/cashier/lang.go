package cashier

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// langCookie remembers the language a payer switched to.
const langCookie = "hf_lang"

// Language is the language that a browser wants, "zh" or "en", and remembers a
// choice made by ?lang: one for all pages at this address.
func Language(w http.ResponseWriter, r *http.Request) string {
	rememberLanguage(w, r)
	return language(r)
}

// language is "zh" or "en": ?lang first, then what the payer chose before, then
// Accept-Language, then Chinese.
func language(r *http.Request) string {
	if l := r.URL.Query().Get("lang"); l == "zh" || l == "en" {
		return l
	}
	if c, err := r.Cookie(langCookie); err == nil && (c.Value == "zh" || c.Value == "en") {
		return c.Value
	}
	return accepted(r.Header.Get("Accept-Language"))
}

// accepted picks from an Accept-Language header (RFC 9110, 12.5.4).
func accepted(header string) string {
	best, weight := "zh", 0.0
	for part := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if value, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(value, 64); err != nil {
				continue
			}
		}
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if (primary == "zh" || primary == "en") && q > weight {
			best, weight = primary, q
		}
	}
	return best
}

// rememberLanguage keeps an explicit choice for a year.
func rememberLanguage(w http.ResponseWriter, r *http.Request) {
	l := r.URL.Query().Get("lang")
	if l != "zh" && l != "en" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: langCookie, Value: l, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
}
