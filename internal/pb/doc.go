// Package pb is the schema in Go: commands, records, journal entries and the
// platform's own services, generated from proto/ by `go generate ./internal/pb`.
//
// Commands and records are written with the vtproto methods (MarshalVT,
// UnmarshalVT); hashes and digests are always over stored bytes, never over a
// re-encoding, and hashed messages hold no maps.
package pb

//go:generate sh -c "cd ../.. && go tool -modfile=tools/go.mod buf generate"
//go:generate go test ../arch -count=1 -run ^TestGeneratedCodeIsCurrent$ -stamp
