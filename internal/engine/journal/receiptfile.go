package journal

import (
	"bytes"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// maxReceiptFile bounds a receipt file's bytes: an entry and its openings in
// base64, a proof, a checkpoint, and room to spare.
const maxReceiptFile = 512 << 10

// EncodeReceipt writes a receipt as the JSON file that people keep: the
// protobuf JSON mapping with the schema's field names, bytes in base64,
// indented by two spaces. Equal receipts give equal bytes.
func EncodeReceipt(receipt *pb.Receipt) ([]byte, error) {
	loose, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(receipt)
	if err != nil {
		return nil, fmt.Errorf("encode receipt: %w", err)
	}
	// protojson varies its white space on purpose; a file should not.
	var out bytes.Buffer
	if err := json.Indent(&out, loose, "", "  "); err != nil {
		return nil, fmt.Errorf("encode receipt: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// DecodeReceipt reads a receipt file. A key it does not know is an error: a
// verifier must not pass over what a person will read as proven.
func DecodeReceipt(data []byte) (*pb.Receipt, error) {
	if len(data) > maxReceiptFile {
		return nil, fmt.Errorf("decode receipt: the file has %d bytes; at most %d are allowed", len(data), maxReceiptFile)
	}
	receipt := new(pb.Receipt)
	if err := protojson.Unmarshal(data, receipt); err != nil {
		return nil, fmt.Errorf("decode receipt: %w", err)
	}
	return receipt, nil
}
