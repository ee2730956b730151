package machine_test

import (
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func frame(commands ...[]byte) []byte { return table.Encode(&pb.Frame{Commands: commands}) }
