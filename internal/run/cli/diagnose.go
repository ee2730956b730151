package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/edge/diagnose"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/run/dev"
)

var diagnoseCommand = Command{
	Bilingual: true,
	Name:      "diagnose", Args: "[FILE]", Short: "say what is wrong with a signed request or a notice, to the byte", JSON: true,
	Exits: []int{ExitVerification},
	Long: `FILE (or - for standard input) is a request as your code sent it, or a notice as your code
received it: request line, headers, an empty line, the body, as a log or curl -v has it.
Or give a request in parts: --authorization, --url, --method and --body.

The signature is opened with the public keys that are known, which tells whose key made
it and over what; so a body that was re-serialised, a URL without its query, a host that
was signed, lines that end in CRLF, a timestamp in milliseconds, a certificate that is not
the key's, are each named with the place. For a notice say with --with what your code
verifies with. The body must be what was sent or received, byte for byte.

The keys are those of the sandbox in --data; or name files: --certificate (the merchant's),
--platform (the platform's certificates), --public-key ID=FILE. Nothing is sent anywhere.
Exit 3 when something is wrong.`,
	Examples: []Example{
		{"holdfast diagnose request.txt", "why is it SIGN_ERROR?"},
		{"holdfast diagnose notice.txt --with platform.pem", "why does your code refuse the notice?"},
		{"holdfast diagnose --url /v3/certificates --authorization 'WECHATPAY2-SHA256-RSA2048 mchid=...'", "a request in parts"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var d diagnosis
		fs.StringVar(&d.data, "data", "", "folder `DIR` of the sandbox whose keys are used (./"+dev.DefaultData+", when it is there)")
		fs.StringVar(&d.request.Authorization, "authorization", "", "the request's Authorization `HEADER`, or @FILE")
		fs.StringVar(&d.request.Method, "method", "", "the request's `METHOD` (POST with a body, else GET)")
		fs.StringVar(&d.request.URL, "url", "", "the `URL` that was called, or its path and query")
		fs.StringVar(&d.body, "body", "", "`FILE` with the request's body")
		fs.Var(&d.merchants, "certificate", "the merchant's certificate, `FILE` in PEM; may be repeated")
		fs.Var(&d.platform, "platform", "a certificate of the platform, `FILE` in PEM; may be repeated")
		fs.Var(&d.publicKeys, "public-key", "the platform's public key, `ID=FILE`; may be repeated")
		fs.StringVar(&d.with, "with", "", "what your code verifies notices with, `FILE` in PEM")
		fs.StringVar(&d.apiv3, "apiv3-key-file", "", "`FILE` with the APIv3 key that your code uses, byte for byte")
		return func(_ context.Context, env *Env, args []string) error { return d.run(env, args) }
	},
}

// maxDiagnosed bounds what is read: twice the API's largest body.
const maxDiagnosed = 2 << 20

// diagnosis is a command line of `holdfast diagnose`.
type diagnosis struct {
	data, body, with, apiv3         string
	request                         diagnose.Request
	merchants, platform, publicKeys listFlag
}

func (d *diagnosis) run(env *Env, args []string) error {
	known, err := d.known(env)
	if err != nil {
		return err
	}
	report, err := d.examine(env, args, known)
	if err != nil {
		return err
	}
	if env.JSON {
		err = env.Object(report)
	} else {
		err = env.printReport(report)
	}
	if err != nil || report.OK {
		return err
	}
	return failure(ExitVerification, "", "%s", env.in("有错误，见上", "something is wrong; see above"))
}

func (d *diagnosis) examine(env *Env, args []string, known diagnose.Known) (*diagnose.Report, error) {
	now := time.Now()
	if len(args) == 0 {
		if d.request.Authorization == "" {
			return nil, usage("see: holdfast help diagnose", "name a FILE with the whole request or notice, or give --authorization and --url")
		}
		header, err := readValue(env, d.request.Authorization)
		if err != nil {
			return nil, err
		}
		body, err := d.read(env, d.body)
		d.request.Authorization, d.request.Body = header, []byte(body)
		return diagnose.ExamineRequest(d.request, known, now), err
	}
	text, err := readBounded(env, args[0], maxDiagnosed)
	if err != nil {
		return nil, err
	}
	with, err := readText(env, d.with)
	if err != nil {
		return nil, err
	}
	apiv3, err := readText(env, d.apiv3)
	if err != nil {
		return nil, err
	}
	report, err := diagnose.ExamineText([]byte(text), []byte(with), apiv3, known, now)
	if err != nil {
		return nil, usage("or give a request in parts: --authorization, --url, --body", "%s: %w", args[0], err)
	}
	return report, nil
}

func (d *diagnosis) read(env *Env, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	return readBounded(env, name, maxDiagnosed)
}

// readValue is a value, or what stands in the file that @ names.
func readValue(env *Env, value string) (string, error) {
	if name, ok := strings.CutPrefix(value, "@"); ok {
		return readText(env, name)
	}
	return value, nil
}

// known gathers keys from the files that are named, or else from the sandbox.
func (d *diagnosis) known(env *Env) (k diagnose.Known, err error) {
	for _, list := range []struct {
		files []string
		of    string
		to    *[]diagnose.Key
	}{{d.merchants, "merchant", &k.Merchants}, {d.platform, "", &k.Platform}} {
		for _, name := range list.files {
			text, err := readText(env, name)
			if err != nil {
				return k, err
			}
			key, ok := diagnose.CertificateKey(list.of, []byte(text))
			if !ok {
				return k, usage("", "%s is not a certificate in PEM", name)
			}
			*list.to = append(*list.to, key)
		}
	}
	for _, item := range d.publicKeys {
		key, err := publicKeyOf(env, item)
		if err != nil {
			return k, err
		}
		k.Platform = append(k.Platform, key)
	}
	if len(k.Merchants)+len(k.Platform) > 0 {
		return k, nil
	}
	return d.sandbox(k)
}

func publicKeyOf(env *Env, item string) (diagnose.Key, error) {
	id, name, ok := strings.Cut(item, "=")
	if !ok {
		return diagnose.Key{}, usage("for example --public-key PUB_KEY_ID_0114...=pub_key.pem", "--public-key %q is not ID=FILE", item)
	}
	text, err := readText(env, name)
	if err != nil {
		return diagnose.Key{}, err
	}
	public, err := seal.ParsePublicKey([]byte(text))
	if err != nil {
		return diagnose.Key{}, usage("", "%s: %w", name, err)
	}
	return diagnose.Key{ID: id, Public: public}, nil
}

// sandbox takes the keys of a sandbox's folder.
func (d *diagnosis) sandbox(k diagnose.Known) (diagnose.Known, error) {
	site, err := dev.Credentials(d.data)
	if err != nil {
		var f *dev.Failure
		errors.As(err, &f)
		return k, usage("run `holdfast dev` once, or name the keys' files: --certificate, --platform, --public-key", "%w", err)
	}
	keys, err := keystore.Open(site.Keys, keystore.Options{ReadOnly: true})
	if err != nil {
		return k, err
	}
	k.Platform = diagnose.PlatformKeys(keys, time.Now())
	k.APIv3 = []diagnose.APIv3Key{{Mchid: site.Mchid, Key: []byte(site.APIv3Key)}}
	text, err := os.ReadFile(site.MerchantCert)
	if err != nil {
		return k, err
	}
	if key, ok := diagnose.CertificateKey(site.Mchid, text); ok {
		k.Merchants = append(k.Merchants, key)
	}
	return k, nil
}

// printReport prints what was found, the mistakes first.
func (e *Env) printReport(r *diagnose.Report) error {
	var b strings.Builder
	for _, wrong := range []bool{true, false} {
		for _, f := range r.Findings {
			if f.Wrong == wrong {
				fmt.Fprintf(&b, "%s  %s\n", e.mark(f), e.in(f.ZH, f.EN))
			}
		}
	}
	if r.OK {
		fmt.Fprintln(&b, e.in("签名正确，没有发现错误。", "The signature is right, and nothing wrong was found."))
	}
	if r.Key != nil {
		fmt.Fprintf(&b, "%s%s\n", e.in("签名所用密钥：", "signed with: "), e.in(r.Key.ZH, r.Key.EN))
	}
	fmt.Fprintf(&b, "\n%s\n%s", e.in(fmt.Sprintf("应签名（验签）的内容，%d 字节：", r.Length), fmt.Sprintf("what has to be signed (or verified), %d bytes:", r.Length)), visible(r.Message))
	if r.Signed != "" {
		fmt.Fprintf(&b, "\n%s\n%s", e.in("实际签名的内容：", "what was signed:"), visible(r.Signed))
	}
	if r.Plaintext != "" {
		fmt.Fprintf(&b, "\n%s\n  %s\n", e.in("解密后：", "opened:"), r.Plaintext)
	}
	_, err := io.WriteString(e.Out, b.String())
	return err
}

func (e *Env) mark(f diagnose.Finding) string {
	if f.Wrong {
		return e.in("错误 ", "WRONG ") + f.Field
	}
	return e.in("注意 ", "note  ") + f.Field
}

// visible shows a message line by line, with what can't be seen written out.
func visible(message string) string {
	var b strings.Builder
	for line := range strings.Lines(message) {
		text := strings.NewReplacer("\r", `\r`, "\t", `\t`).Replace(strings.TrimSuffix(line, "\n"))
		if strings.HasSuffix(line, "\n") {
			text += `\n`
		}
		b.WriteString("  " + text + "\n")
	}
	return b.String()
}
