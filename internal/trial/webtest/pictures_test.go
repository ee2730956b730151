package webtest

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
)

// pictures keeps the page as it looks on a small and a large screen, in both languages
// and themes.
func (p *phone) pictures(name string) {
	p.Helper()
	dir := os.Getenv(browser.Shots)
	if dir == "" {
		return
	}
	p.ownHeaders() // else the platform's sentences stay in one language
	was := p.view
	for _, v := range []browser.View{browser.Large, browser.Small} {
		p.on(v)
		for range 2 {
			lang := p.eval(`document.documentElement.lang.slice(0, 2)`)
			for _, mode := range []string{"dark", "light"} {
				p.step(browser.Scheme(mode))
				p.until(still)
				file := filepath.Join(dir, fmt.Sprintf("%s-%d-%s-%s.png", name, v.Wide, lang, mode))
				if err := os.WriteFile(file, browser.Picture(p.ctx, p.T, v), 0o644); err != nil {
					p.Error(err)
				}
			}
			p.speaksTheOther(lang)
		}
	}
	p.on(was)
}

// on gives the phone another screen.
func (p *phone) on(v browser.View) {
	p.Helper()
	p.view = v
	p.step(browser.On(v))
}

// speaksTheOther switches to the language that is not lang, where the page can.
func (p *phone) speaksTheOther(lang string) {
	p.Helper()
	p.eval(`(document.querySelector(".speak")?.click(), "")`)
	p.until(fmt.Sprintf(`document.documentElement.lang.slice(0, 2) !== %q || !document.querySelector(".speak")`, lang))
	p.answered()
}

// asking counts what a page has asked and has no answer to. Streams have no end.
const asking = `{
	const ask = window.fetch;
	window.asking = 0;
	window.fetch = (to, ...more) => {
		if (/\/(Follow|events)$/.test(new URL(to.url ?? to, location.href).pathname)) return ask(to, ...more);
		window.asking++;
		return ask(to, ...more).finally(() => window.asking--);
	};
}`

// answered waits until the page has the answers to what it asked, and has drawn them: it
// asks nothing for some looks in a row, since a call is signed before it is sent.
func (p *phone) answered() {
	p.Helper()
	p.eval(`(window.quiet = 0, "")`)
	p.until(`(window.quiet = window.asking > 0 ? 0 : window.quiet + 1) > 12`)
}
