package report

import (
	"github.com/holdfast-pay/holdfast/internal/base/moves"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Moves is the life of a report.
var Moves = moves.Table[pb.ReportState]{
	{To: pb.ReportState_REPORT_STATE_OPEN, By: "report_create", When: "a person says what went wrong; the time of the answer is promised"},
	{From: pb.ReportState_REPORT_STATE_OPEN, To: pb.ReportState_REPORT_STATE_LATE, By: "tick", When: "the promised time has come and nobody has answered"},
	{From: pb.ReportState_REPORT_STATE_OPEN, To: pb.ReportState_REPORT_STATE_ANSWERED, By: "report_answer", When: "somebody answers in time"},
	{From: pb.ReportState_REPORT_STATE_LATE, To: pb.ReportState_REPORT_STATE_ANSWERED, By: "report_answer", When: "somebody answers late"},
	{From: pb.ReportState_REPORT_STATE_OPEN, To: pb.ReportState_REPORT_STATE_CLOSED, By: "report_close", When: "the person needs no answer any more"},
	{From: pb.ReportState_REPORT_STATE_LATE, To: pb.ReportState_REPORT_STATE_CLOSED, By: "report_close", When: "the person needs no answer any more"},
	{From: pb.ReportState_REPORT_STATE_ANSWERED, To: pb.ReportState_REPORT_STATE_CLOSED, By: "report_close", When: "the person is content with the answer"},
}
