package cli

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var limitsList = Command{
	Name: "limits list", Short: "list what people of each grade may move", JSON: true, Admin: true,
	Long: "Lists limits per act, day, year and minute, and velocity rules: within each window, so many acts and so much.",
	Examples: []Example{
		{"holdfast limits list", "as they are now"},
	},
	Flags: func(*flag.FlagSet) RunFunc {
		return func(ctx context.Context, env *Env, _ []string) error {
			a, err := call(ctx, env, pbconnect.AdminServiceClient.LimitsList, &pb.AdminLimitsListRequest{})
			if err != nil {
				return err
			}
			return printLimits(env, a)
		}
	},
}

func printLimits(env *Env, a *pb.AdminLimits) error {
	if env.JSON {
		return env.Message(a)
	}
	w := tabwriter.NewWriter(env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "GRADE\tAN ACT\tA DAY\tA YEAR\tACTS A MINUTE\tVELOCITY")
	for _, l := range a.Grades {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\n", l.Grade, money.Format(l.PerAct), money.Format(l.PerDay), money.Format(l.PerYear), l.PerMinute, velocityText(l.Velocity))
	}
	return w.Flush()
}

// velocityText writes rules as --velocity takes them.
func velocityText(rules []*pb.Velocity) string {
	var words []string
	for _, v := range rules {
		acts, sum := "", ""
		if v.Acts > 0 {
			acts = strconv.Itoa(int(v.Acts))
		}
		if v.Sum > 0 {
			sum = money.Format(v.Sum)
		}
		words = append(words, fmt.Sprintf("%s:%s:%s", windowText(v.WindowMs), acts, sum))
	}
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, ",")
}

// windowText writes whole hours without zero minutes: 2h, 90m.
func windowText(ms int64) string {
	if d := time.Duration(ms) * time.Millisecond; d%time.Hour == 0 {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dm", ms/time.Minute.Milliseconds())
}

var limitsSet = Command{
	Name: "limits set", Args: "GRADE", Short: "replace what people of a grade may move", JSON: true, Admin: true,
	Long: `Replaces all limits of the grade at once, for everybody who has it, from the next act on.
Velocity rules are WINDOW:ACTS:SUM with commas between them, at most four: within 10
minutes, say, three acts and 500.00. Either bound may be left out. Windows are whole
minutes up to 720h and follow each other; they begin anew at every full one.`,
	Examples: []Example{
		{"holdfast limits set 1 --act 1000 --day 2000 --year 20000 --minute 30", "a phone number alone"},
		{"holdfast limits set 1 --act 1000 --day 2000 --year 20000 --minute 30 --velocity 10m:5:800.00,24h:50:", "and not too fast"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var act, day, year amountFlag
		fs.Var(&act, "act", "most for one act, `YUAN`")
		fs.Var(&day, "day", "most for a day, `YUAN`")
		fs.Var(&year, "year", "most for a year, `YUAN`")
		minute := fs.Uint("minute", 30, "most acts in a minute: `N`")
		velocity := fs.String("velocity", "", "`RULES`, as above")
		return func(ctx context.Context, env *Env, args []string) error {
			grade, err := strconv.ParseUint(args[0], 10, 32)
			if err != nil {
				return usage("holdfast limits set 1 --act ...", "%q is no grade", args[0])
			}
			rules, err := readVelocity(*velocity)
			if err != nil {
				return usage("--velocity 10m:5:800.00,24h:50:", "%w", err)
			}
			l := &pb.Limits{Grade: uint32(grade), PerAct: int64(act), PerDay: int64(day), PerYear: int64(year), PerMinute: uint32(min(*minute, 1<<20)), Velocity: rules}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.LimitsSet, &pb.AdminLimitsSetRequest{Limits: l})
			if err != nil {
				return err
			}
			return printLimits(env, a)
		}
	},
}

// readVelocity reads WINDOW:ACTS:SUM,...
func readVelocity(text string) (list []*pb.Velocity, err error) {
	if text == "" {
		return nil, nil
	}
	for rule := range strings.SplitSeq(text, ",") {
		parts := strings.Split(rule, ":")
		if len(parts) != 3 {
			return nil, fmt.Errorf("%q is not WINDOW:ACTS:SUM", rule)
		}
		window, err := time.ParseDuration(parts[0])
		if err != nil {
			return nil, fmt.Errorf("%q is no window of time, like 10m or 24h", parts[0])
		}
		v := &pb.Velocity{WindowMs: window.Milliseconds()}
		if parts[1] != "" {
			acts, err := strconv.ParseUint(parts[1], 10, 32)
			if err != nil {
				return nil, fmt.Errorf("%q is no number of acts", parts[1])
			}
			v.Acts = uint32(acts)
		}
		if parts[2] != "" {
			if v.Sum, err = money.Parse(parts[2]); err != nil {
				return nil, err
			}
		}
		list = append(list, v)
	}
	return list, nil
}
