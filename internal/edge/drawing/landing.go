package drawing

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/png"

	"rsc.io/qr"
)

//go:embed landing.html
var landingText string

var landing = template.Must(template.New("landing").Parse(landingText))

// Landing is the page that the sheet's code may lead to instead of the platform: one
// file that asks nobody for anything, to be put on any web server. It leads on to the
// platform, and has the other channels for when that is away.
func (s *Sheet) Landing() ([]byte, error) {
	page := struct {
		*Sheet
		Channels []landingChannel
	}{Sheet: s}
	for _, ch := range s.Back {
		shown, err := ch.onPage()
		if err != nil {
			return nil, err
		}
		page.Channels = append(page.Channels, shown)
	}
	var out bytes.Buffer
	if err := landing.Execute(&out, page); err != nil {
		return nil, fmt.Errorf("write a landing page: %w", err)
	}
	return out.Bytes(), nil
}

// landingChannel is another channel's code as the page has it: drawn, or a picture.
type landingChannel struct {
	Label   string
	Side    int
	Path    string
	Picture template.URL
}

func (ch *Channel) onPage() (landingChannel, error) {
	shown := landingChannel{Label: ch.Label}
	if ch.Picture != nil {
		url, err := dataURL(ch.Picture)
		shown.Picture = url
		return shown, err
	}
	code, err := encode(ch.Link, qr.Q)
	if err != nil {
		return shown, err
	}
	var path []byte
	runs(code, func(x, y, width int) { path = fmt.Appendf(path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, width, width) })
	shown.Side, shown.Path = code.Size+2*quiet, string(path)
	return shown, nil
}

// dataURL is a picture as part of the page.
func dataURL(img image.Image) (template.URL, error) {
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return "", fmt.Errorf("write a channel's picture: %w", err)
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(out.Bytes())), nil
}
