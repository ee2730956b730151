package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
)

// Object prints v as the one JSON object of a --json run.
func (e *Env) Object(v any) error {
	enc := json.NewEncoder(e.Out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// Message prints an admin API message as JSON, field by field as in proto/:
// 64-bit numbers are strings, as everywhere in protobuf's JSON.
func (e *Env) Message(m proto.Message) error {
	line, err := messageJSON(m)
	if err != nil {
		return err
	}
	_, err = e.Out.Write(append(line, '\n'))
	return err
}

func messageJSON(m proto.Message) ([]byte, error) {
	raw, err := protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	var b bytes.Buffer // protojson varies its white space on purpose
	if err := json.Compact(&b, raw); err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return b.Bytes(), nil
}

// yuan shows an amount of fen with its currency sign.
func yuan(fen int64) string { return "¥" + money.Format(fen) }

// when shows a business time to the millisecond, or "-" for none.
func when(at int64) string {
	if at == 0 {
		return "-"
	}
	return time.UnixMilli(at).In(time.FixedZone("", int(stamp.Business))).Format("2006-01-02 15:04:05.000 -07:00")
}

// fields prints names and values in two columns, leaving out empty values.
func fields(b *strings.Builder, pairs ...string) {
	width := 0
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			width = max(width, len(pairs[i]))
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(b, "%-*s  %s\n", width, pairs[i], pairs[i+1])
		}
	}
}
