package openapi

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var rewrite = flag.Bool("rewrite", false, "write openapi.json anew")

// served are the services at the wallet API's address.
var served = []protoreflect.ServiceDescriptor{
	pb.File_holdfast_v1_wallet_proto.Services().ByName("WalletService"),
	pb.File_holdfast_v1_staff_proto.Services().ByName("StaffService"),
	pb.File_holdfast_v1_till_proto.Services().ByName("TillService"),
}

func TestTheDocumentIsOfTheSchema(t *testing.T) {
	t.Parallel()
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(generate(t)); err != nil {
		t.Fatal(err)
	}
	if *rewrite {
		if err := os.WriteFile("openapi.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(document, want.Bytes()) {
		t.Error("openapi.json is not of this schema: go generate ./internal/edge/openapi")
	}
}

// The document that is served names what clients call and what they are told, and
// refers to nothing that it lacks.
func TestTheDocumentIsWhole(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, Path, nil))
	var d struct {
		Paths      map[string]any
		Components map[string]map[string]any
	}
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	for _, procedure := range []string{pbconnect.WalletServicePayProcedure, pbconnect.WalletServiceFollowProcedure, pbconnect.WalletServiceSendCodeProcedure} {
		if d.Paths[procedure] == nil {
			t.Errorf("%s is not described", procedure)
		}
	}
	for _, i := range code.All() {
		if !bytes.Contains(document, []byte(`"`+i.Name+`"`)) || !bytes.Contains(document, []byte(i.ZH)) {
			t.Errorf("%s is not described", i.Name)
		}
	}
	for _, m := range regexp.MustCompile(`"#/components/(\w+)/(\w+)"`).FindAllSubmatch(document, -1) {
		if d.Components[string(m[1])][string(m[2])] == nil {
			t.Errorf("%s is referred to and not there", m[0])
		}
	}
}

type object = map[string]any

// generate describes the services.
func generate(t *testing.T) object {
	g := &generator{said: map[string]string{}, schemas: object{"Refusal": refusal(), "Code": codes()}}
	paths := object{}
	for _, s := range served {
		g.read(t, s.ParentFile())
		for i := range s.Methods().Len() {
			m := s.Methods().Get(i)
			paths["/"+string(s.FullName())+"/"+string(m.Name())] = object{"post": g.operation(m)}
		}
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Holdfast wallet API", "version": "v1",
			"description": "Connect over HTTP/1.1 or 2: JSON as described here, or gRPC. Amounts are in fen, times in Unix milliseconds; 64-bit numbers are strings in JSON. How calls are signed: docs/reference/wallet-api.md.",
		},
		"paths": paths,
		"components": object{
			"schemas": g.schemas,
			"parameters": object{
				"ContentDigest":  header("Content-Digest", "sha-256=:BASE64: of the body (RFC 9530)"),
				"SignatureInput": header("Signature-Input", "what is signed, when, the device's count of calls and its id (RFC 9421)"),
				"Signature":      header("Signature", "sig=:BASE64: of r and s"),
			},
			"responses": object{"Refused": object{
				"description": "A refusal, or a failure. Holdfast-Code names the outcome; a call that a proxy or Connect itself refuses has none.",
				"headers":     object{"Holdfast-Code": object{"schema": ref("Code")}},
				"content":     object{"application/json": object{"schema": ref("Refusal")}},
			}},
		},
	}
}

func header(name, says string) object {
	return object{"name": name, "in": "header", "required": true, "description": says, "schema": object{"type": "string"}}
}

func ref(schema string) object { return object{"$ref": "#/components/schemas/" + schema} }

// refusal is a Connect error.
func refusal() object {
	var all []string
	for c := connect.CodeCanceled; c <= connect.CodeUnauthenticated; c++ {
		all = append(all, c.String())
	}
	return object{"type": "object", "properties": object{
		"code":    object{"type": "string", "enum": all},
		"message": object{"type": "string", "description": "one sentence for people, in the language of Accept-Language"},
	}}
}

// codes are the outcomes, with what people are told.
func codes() object {
	var names []string
	sentences := object{}
	for _, i := range code.All() {
		names = append(names, i.Name)
		sentences[i.Name] = object{"zh": i.ZH, "en": i.EN}
	}
	return object{"type": "string", "enum": names, "x-sentences": sentences}
}

// generator gathers what services speak of.
type generator struct {
	said    map[string]string
	schemas object
}

func (g *generator) operation(m protoreflect.MethodDescriptor) object {
	service := string(m.Parent().Name())
	kind, answer := "application/json", "The answer."
	if m.IsStreamingServer() {
		kind, answer = "application/connect+json", "Messages as they come, each behind five bytes: flags, and its length; the last one, with flag 2, says how the stream ended."
	}
	op := object{
		"operationId": service + "_" + string(m.Name()), "tags": []string{service}, "summary": g.said[service+"."+string(m.Name())],
		"requestBody": object{"required": true, "content": object{kind: object{"schema": g.message(m.Input())}}},
		"responses": object{
			"200":     object{"description": answer, "content": object{kind: object{"schema": g.message(m.Output())}}},
			"default": object{"$ref": "#/components/responses/Refused"},
		},
	}
	if service == "WalletService" && m.Name() != "SendCode" {
		var signed []object
		for _, p := range []string{"ContentDigest", "SignatureInput", "Signature"} {
			signed = append(signed, object{"$ref": "#/components/parameters/" + p})
		}
		op["parameters"] = signed
	}
	return op
}

func (g *generator) message(d protoreflect.MessageDescriptor) object {
	name := strings.ReplaceAll(strings.TrimPrefix(string(d.FullName()), string(d.ParentFile().Package())+"."), ".", "_")
	if g.schemas[name] == nil {
		s := object{"type": "object"}
		g.schemas[name] = s // before its fields: a message may hold itself
		properties := object{}
		for i := range d.Fields().Len() {
			f := d.Fields().Get(i)
			properties[f.JSONName()] = g.field(f)
		}
		s["properties"] = properties
		if said := g.said[string(d.Name())]; said != "" {
			s["description"] = said
		}
	}
	return ref(name)
}

func (g *generator) field(f protoreflect.FieldDescriptor) object {
	s := g.kind(f)
	if f.IsList() {
		s = object{"type": "array", "items": s}
	}
	if said := g.said[string(f.Parent().Name())+"."+string(f.Name())]; said != "" {
		s["description"] = said
	}
	return s
}

func (g *generator) kind(f protoreflect.FieldDescriptor) object {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return object{"type": "boolean"}
	case protoreflect.Int64Kind, protoreflect.Uint64Kind:
		return object{"type": "string", "format": f.Kind().String()}
	case protoreflect.Int32Kind, protoreflect.Uint32Kind:
		return object{"type": "integer", "format": f.Kind().String()}
	case protoreflect.BytesKind:
		return object{"type": "string", "contentEncoding": "base64"}
	case protoreflect.EnumKind:
		var names []string
		for i := range f.Enum().Values().Len() {
			names = append(names, string(f.Enum().Values().Get(i).Name()))
		}
		return object{"type": "string", "enum": names}
	case protoreflect.MessageKind:
		return g.message(f.Message())
	}
	return object{"type": "string"}
}

var (
	opens    = regexp.MustCompile(`^(?:message|service) (\w+) \{(\}?)`)
	declares = regexp.MustCompile(`^(?:rpc (\w+)\(|(?:repeated |optional )?[\w.]+ (\w+) = \d+)`)
)

// read gathers the comments of a file of the schema, which descriptors lack.
func (g *generator) read(t *testing.T, f protoreflect.FileDescriptor) {
	text, err := os.ReadFile(path.Join("../../../proto", f.Path()))
	if err != nil {
		t.Fatal(err)
	}
	var inside, said []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if comment, ok := strings.CutPrefix(line, "//"); ok {
			said = append(said, strings.TrimSpace(comment))
			continue
		}
		if m := opens.FindStringSubmatch(line); m != nil {
			g.said[m[1]] = strings.Join(said, " ")
			if m[2] == "" {
				inside = append(inside, m[1])
			}
		} else if m := declares.FindStringSubmatch(line); m != nil && len(inside) > 0 {
			g.said[inside[len(inside)-1]+"."+m[1]+m[2]] = strings.Join(said, " ")
		} else if line == "}" && len(inside) > 0 {
			inside = inside[:len(inside)-1]
		}
		said = nil
	}
}
