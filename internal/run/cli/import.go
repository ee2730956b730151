package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// importFlags are what both kinds of file take.
type importFlags struct {
	q    pb.AdminImportRequest
	file string
	most amountFlag
}

func (i *importFlags) flags(fs *flag.FlagSet) {
	fileVar(fs, &i.file, "file", "CSV `FILE`; its first line names the columns")
	fs.BoolVar(&i.q.DryRun, "dry-run", false, "check everything, print the totals and change nothing")
	fs.Var(&i.most, "most", "most `YUAN` that one row may be; 10000.00 unless named")
	fs.StringVar(&i.q.Id, "id", "", "`IDENTITY` of the import, at most 32 characters; without it, that of the file's content")
}

// importer calls one of the two procedures.
type importer func(pbconnect.AdminServiceClient, context.Context, *connect.Request[pb.AdminImportRequest]) (*connect.Response[pb.AdminImportReport], error)

func (i *importFlags) run(ctx context.Context, env *Env, procedure importer, example string) (err error) {
	if i.file == "" {
		return usage(example, "which file? name it with --file")
	}
	if i.q.File, err = os.ReadFile(i.file); err != nil {
		return failure(ExitRefused, "check the path", "read the file: %w", err)
	}
	i.q.Most = int64(i.most)
	a, err := call(ctx, env, procedure, &i.q)
	if err != nil {
		return err
	}
	return showImport(env, a, i.file)
}

// showImport prints the report of an import, and fails when the file was refused.
func showImport(env *Env, a *pb.AdminImportReport, file string) error {
	if env.JSON {
		if err := env.Message(a); err != nil {
			return err
		}
	} else {
		printImport(env, a, file)
	}
	if len(a.Problems) > 0 {
		return failure(ExitRefused, "mend the lines and import the file again", "nothing was imported: %s is not as it must be", file)
	}
	return nil
}

func printImport(env *Env, a *pb.AdminImportReport, file string) {
	var b strings.Builder
	if a.Bom {
		b.WriteString("the file begins with a byte order mark, which was passed over\n")
	}
	for _, p := range a.Problems {
		fmt.Fprintf(&b, "%s:%d:%d: %s\n", file, p.Line, p.Column, p.Says)
	}
	if len(a.Problems) == 0 {
		fmt.Fprintf(&b, "import %s: %d rows, %s in all; %d new, %d there already\n", a.Id, a.Rows, money.Format(a.Total), a.Fresh, a.Known)
		if a.DryRun {
			b.WriteString("dry run: nothing was changed\n")
		}
	}
	_, _ = env.Out.Write([]byte(b.String()))
}

var topupFile = Command{
	Name: "topup", Short: "credit the balances that a file lists, all rows or none", JSON: true, Admin: true,
	Long: `Credits people's balances from a CSV file. Its first line names the columns: amount, in
yuan, and phone or ref, by which people are found; key tells rows of one person apart.
The whole file is checked before the first row: what is wrong is named by line and
column, and then nothing is credited. Repeating the command completes an import that was
cut off and credits nothing twice; to import a file that was mended since, give both
calls the same --id.`,
	Examples: []Example{
		{"holdfast topup --file balances.csv --dry-run", "what it would credit"},
		{"holdfast topup --file balances.csv --id canteen-2026-03", "credit it"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var i importFlags
		i.flags(fs)
		return func(ctx context.Context, env *Env, _ []string) error {
			return i.run(ctx, env, pbconnect.AdminServiceClient.TopupImport, "holdfast topup --file balances.csv")
		}
	},
}

var personImport = Command{
	Name: "person import", Short: "add the people that a file lists, all rows or none", JSON: true, Admin: true,
	Long: `Adds people from a CSV file. Its first line names the columns: name and phone, and
where there are such, ref, the operator's own name for the person, and amount, an
opening balance in yuan. The whole file is checked before the first row: what is wrong
is named by line and column, and then nobody is added. Repeating the command completes
an import that was cut off. Names and phone numbers are sealed before they enter the log;
ref is not.`,
	Examples: []Example{
		{"holdfast person import --file people.csv --dry-run", "who would be added"},
		{"holdfast person import --file people.csv --appid wx8888888888888888", "add them"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var i importFlags
		i.flags(fs)
		var appids listFlag
		fs.Var(&appids, "appid", "give everybody an openid for this `APPID`; may be repeated")
		return func(ctx context.Context, env *Env, _ []string) error {
			i.q.Appids = appids
			return i.run(ctx, env, pbconnect.AdminServiceClient.PersonImport, "holdfast person import --file people.csv")
		}
	},
}
