package cli

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/edge/drawing"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var tillSheet = Command{
	Name: "till sheet", Args: "MCHID TILL", Short: "draw the sheet that hangs at a till", Admin: true,
	Long: `Writes the till's printed code for a printer. pdf is a sheet with the merchant's and the
till's name, cut marks, and room at the back for other channels' codes: up to four, each
with a label and a link, or @FILE with a picture of one. svg and png are the code alone.
html is a page that the code may lead to: one file without script, for any web server,
which leads on to the platform and has the other channels for when that is away. Put it
where --at says, as ADDRESS/c/..., and draw the sheet with the same --at. TILL is the
till's number.`,
	Examples: []Example{
		{"holdfast till sheet 1900000001 7 --out counter.pdf", "a sheet of A6"},
		{"holdfast till sheet 1900000001 7 --paper a4 --back WeChat=wxp://f2f0... --back Alipay=@alipay.png --out counter.pdf", "a large one with two other codes"},
		{"holdfast till sheet 1900000001 7 --format html --back WeChat=wxp://f2f0... --out index.html", "the page to put elsewhere"},
		{"holdfast till sheet 1900000001 7 --at https://tea.example.com --out counter.pdf", "a sheet whose code leads to it"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var out, at string
		var back channels
		fileVar(fs, &out, "out", "`FILE` to write; one that is there is replaced")
		format, paper := choice{"pdf", []string{"pdf", "svg", "png", "html"}}, choice{"a6", []string{"a4", "a6"}}
		fs.Var(&format, "format", "pdf, svg, png or html (`FORMAT`)")
		fs.Var(&paper, "paper", "a4 or a6 (`SIZE`)")
		fs.Var(&back, "back", "another channel's code for the back, as `LABEL=LINK` or LABEL=@FILE; several are allowed")
		fs.StringVar(&at, "at", "", "the `ADDRESS` that the code leads to instead of the platform's own, where the html is")
		return func(ctx context.Context, env *Env, args []string) error {
			if out == "" {
				return usage("--out sheet.pdf", "say where to write it with --out")
			}
			if err := back.read(); err != nil {
				return err
			}
			t, err := findTill(ctx, env, args[0], args[1])
			if err != nil {
				return err
			}
			m, err := call(ctx, env, pbconnect.AdminServiceClient.MerchantShow, &pb.AdminMerchantShowRequest{Mchid: args[0]})
			if err != nil {
				return err
			}
			link, err := leadingTo(t.Link, at, format.value)
			if err != nil {
				return err
			}
			sheet := &drawing.Sheet{Merchant: m.Merchant.GetName(), Till: t.Name, Number: fmt.Sprint("till ", t.Till), Link: link, Back: back}
			drawn, _, err := sheet.Draw(format.value, paper.value)
			if err != nil {
				return failure(ExitRefused, "holdfast help till sheet", "%v", err)
			}
			if err := os.WriteFile(out, drawn, 0o644); err != nil {
				return fmt.Errorf("write the sheet: %w", err)
			}
			fmt.Fprintf(env.Err, "wrote %s: %s\n", out, link)
			return nil
		}
	},
}

// leadingTo is what the code says: the platform's own link, or the same under another
// address, where a page is that leads to it.
func leadingTo(link, at, format string) (string, error) {
	if at == "" {
		return link, nil
	}
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || format == "html" {
		return "", usage("--at https://tea.example.com", "--at is the address of a web server, for the code of a sheet; the html leads to the platform")
	}
	token, ok := paylink.Token(link)
	if !ok {
		return "", fmt.Errorf("the till's link %s has no token", link)
	}
	return paylink.Till(strings.TrimRight(at, "/"), token), nil
}

// findTill finds a merchant's till by its number.
func findTill(ctx context.Context, env *Env, mchid, number string) (*pb.AdminTill, error) {
	q := &pb.AdminTillListRequest{Mchid: mchid, Limit: 1000}
	for {
		a, err := call(ctx, env, pbconnect.AdminServiceClient.TillList, q)
		if err != nil {
			return nil, err
		}
		for _, t := range a.Tills {
			if fmt.Sprint(t.Till) == number {
				return t, nil
			}
		}
		if q.After = a.Next; q.After == "" {
			return nil, failure(ExitRefused, "holdfast till list "+mchid, "merchant %s has no till %s", mchid, number)
		}
	}
}

// channels reads --back.
type channels []drawing.Channel

func (c *channels) String() string { return "" }

// Set implements flag.Value.
func (c *channels) Set(s string) error {
	label, link, ok := strings.Cut(s, "=")
	if !ok || label == "" || link == "" {
		return fmt.Errorf("%q is not LABEL=LINK", s)
	}
	*c = append(*c, drawing.Channel{Label: label, Link: link})
	return nil
}

// read reads the pictures that links name.
func (c channels) read() error {
	for i, ch := range c {
		name, picture := strings.CutPrefix(ch.Link, "@")
		if !picture {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read the picture: %w", err)
		}
		if c[i].Picture, err = drawing.Picture(string(data)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
