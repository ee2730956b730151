package drawing

import "fmt"

// codeMM is how wide a code is that is drawn alone, in millimetres.
const codeMM = 80

// Draw draws the sheet as pdf on a paper of Papers, its code alone as svg or png, or as
// html the page of Landing, and says of what media type it is.
func (s *Sheet) Draw(format, paper string) (data []byte, mediaType string, err error) {
	switch format {
	case "pdf":
		p, ok := Papers[paper]
		if !ok {
			return nil, "", fmt.Errorf("there is no paper %q", paper)
		}
		data, err = s.PDF(p)
		return data, "application/pdf", err
	case "svg":
		data, err = SVG(s.Link, codeMM)
		return data, "image/svg+xml", err
	case "png":
		data, err = PNG(s.Link)
		return data, "image/png", err
	case "html":
		data, err = s.Landing()
		return data, "text/html; charset=utf-8", err
	}
	return nil, "", fmt.Errorf("there is no format %q", format)
}
