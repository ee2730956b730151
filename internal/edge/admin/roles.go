package admin

import (
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// What is asked for beside the service's procedures.
const (
	metricsAsked  = "/metrics"
	profilesAsked = "/debug/pprof/"
)

const (
	onCall   = pb.StaffRole_STAFF_ROLE_ON_CALL
	support  = pb.StaffRole_STAFF_ROLE_SUPPORT
	finance  = pb.StaffRole_STAFF_ROLE_FINANCE
	readOnly = pb.StaffRole_STAFF_ROLE_READ_ONLY
	field    = pb.StaffRole_STAFF_ROLE_FIELD
)

// roles says which roles may call what. What is not listed, or with no role, only the
// node's own tokens may (Tokens): who administers the staff administers everything. An
// operator with several roles may what any of them may; merchants' own people nothing
// of it.
var roles = map[string][]pb.StaffRole{
	metricsAsked:  {onCall, readOnly},
	profilesAsked: {onCall},

	pbconnect.AdminServiceStatusProcedure:           {onCall, support, finance, readOnly, field},
	pbconnect.AdminServiceShowClusterProcedure:      {onCall, support, finance, readOnly},
	pbconnect.AdminServicePlatformShowProcedure:     {onCall, support, finance, readOnly},
	pbconnect.AdminServiceMerchantListProcedure:     {onCall, support, finance, readOnly, field},
	pbconnect.AdminServiceMerchantShowProcedure:     {onCall, support, finance, readOnly, field},
	pbconnect.AdminServiceInspectOrderProcedure:     {onCall, support, finance, readOnly},
	pbconnect.AdminServiceInspectRefundProcedure:    {onCall, support, finance, readOnly},
	pbconnect.AdminServiceInspectAccountProcedure:   {onCall, support, finance, readOnly},
	pbconnect.AdminServiceInspectNoticeProcedure:    {onCall, support, finance, readOnly},
	pbconnect.AdminServiceShowReceiptProcedure:      {onCall, support, finance, readOnly},
	pbconnect.AdminServiceMerchantAddProcedure:      {support},
	pbconnect.AdminServiceMerchantKeyProcedure:      {support},
	pbconnect.AdminServiceMerchantCallbackProcedure: {support},
	// People's names and numbers are for those who deal with them.
	pbconnect.AdminServicePersonShowProcedure:   {support, finance},
	pbconnect.AdminServicePersonAddProcedure:    {support, finance}, // with money: as PersonTopup
	pbconnect.AdminServicePersonPhoneProcedure:  {support},
	pbconnect.AdminServicePersonBlockProcedure:  {support, onCall},
	pbconnect.AdminServicePersonTopupProcedure:  {finance},
	pbconnect.AdminServicePersonImportProcedure: {support, finance}, // with money: as PersonTopup
	pbconnect.AdminServiceTopupImportProcedure:  {finance},
	pbconnect.AdminServicePersonGradeProcedure:  {support},
	// Erasing can't be undone: an administrator does it, until it takes two.
	pbconnect.AdminServicePersonEraseProcedure:  {},
	pbconnect.AdminServiceAppealListProcedure:   {support, onCall},
	pbconnect.AdminServiceAppealDecideProcedure: {support},
	pbconnect.AdminServiceLimitsListProcedure:   {onCall, support, finance, readOnly},
	pbconnect.AdminServiceLimitsSetProcedure:    {finance},

	pbconnect.AdminServiceRedeliverProcedure:       {onCall, support},
	pbconnect.AdminServiceAdvanceClockProcedure:    {onCall},
	pbconnect.AdminServicePlatformRotateProcedure:  {onCall},
	pbconnect.AdminServiceClusterTokenProcedure:    {onCall},
	pbconnect.AdminServiceClusterPromoteProcedure:  {onCall},
	pbconnect.AdminServiceClusterRemoveProcedure:   {onCall},
	pbconnect.AdminServiceClusterTransferProcedure: {onCall},
	pbconnect.AdminServiceSetLevelProcedure:        {onCall},

	pbconnect.AdminServiceTillListProcedure: {onCall, support, finance, readOnly, field},
	pbconnect.AdminServiceTillAddProcedure:  {support, field},
	pbconnect.AdminServiceTillSetProcedure:  {support},

	// Whoever visits a shop sees whether it is one.
	pbconnect.AdminServiceShopListProcedure:   {support, field},
	pbconnect.AdminServiceShopShowProcedure:   {support, field},
	pbconnect.AdminServiceShopDecideProcedure: {support, field},

	// What people say of their troubles is for those who deal with them.
	pbconnect.AdminServiceReportListProcedure:   {support, finance, onCall},
	pbconnect.AdminServiceReportShowProcedure:   {support, finance, onCall},
	pbconnect.AdminServiceReportAnswerProcedure: {support},

	pbconnect.AdminServiceStaffListProcedure: {onCall, readOnly},
	pbconnect.AdminServiceStaffShowProcedure: {onCall, readOnly},
	// A lost laptop can't wait for the morning.
	pbconnect.AdminServiceStaffEndSessionProcedure: {onCall},
	pbconnect.AdminServiceStaffEndPasskeyProcedure: {onCall},
	pbconnect.AdminServiceStaffEndProcedure:        {onCall},
	pbconnect.AdminServiceStaffAddProcedure:        {},
	pbconnect.AdminServiceStaffSetRolesProcedure:   {},
	pbconnect.AdminServiceStaffTokenProcedure:      {},
}

// here are the calls about one node, which it takes although the group has no leader.
var here = map[string]bool{
	metricsAsked: true, profilesAsked: true,
	pbconnect.AdminServiceStatusProcedure: true, pbconnect.AdminServiceShowClusterProcedure: true,
}

const topupProcedure = pbconnect.AdminServicePersonTopupProcedure
