/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "api/resources.h"
#include "base/cleanup.h"

#define BATCH_MAX (64u << 20)

#define READ      .kind = RG_ROUTE_READ
#define STAGED    .kind = RG_ROUTE_STAGED
#define IMMEDIATE .kind = RG_ROUTE_IMMEDIATE

#define BY_READER .role = RG_ROLE_READ
#define BY_PUSHER .role = RG_ROLE_PUSH
#define BY_ADMIN  .role = RG_ROLE_ADMIN

const struct rg_route rg_routes[] = {
	{ "PUT",    "/v1/meetings/{id}",       rg_res_meeting_put,      STAGED, BY_PUSHER, .conditional = true },
	{ "GET",    "/v1/meetings/{id}",       rg_res_meeting_get,      READ, BY_READER, .conditional = true },
	{ "PATCH",  "/v1/meetings/{id}",       rg_res_meeting_patch,    STAGED, BY_PUSHER, .conditional = true },
	{ "DELETE", "/v1/meetings/{id}",       rg_res_meeting_delete,   STAGED, BY_PUSHER, .conditional = true },
	{ "GET",    "/v1/meetings",            rg_res_meeting_list,     READ, BY_READER, .query = "after limit" },
	{ "GET",    "/v1/meetings/{id}/stats", rg_res_meeting_stats,    READ, BY_READER },
	{ "POST",   "/v1/meetings:batch",      rg_res_meeting_batch,    STAGED, BY_PUSHER, .body_max = BATCH_MAX },

	{ "PUT",    "/v1/meetings/{id}/ufrags/{ufrag}", rg_res_ufrag_put, STAGED, BY_PUSHER,
	  .conditional = true, .query = "endpoint" },
	{ "DELETE", "/v1/meetings/{id}/ufrags/{ufrag}", rg_res_ufrag_delete, STAGED, BY_PUSHER,
	  .conditional = true, .query = "endpoint" },
	{ "GET",    "/v1/meetings/{id}/flows", rg_res_meeting_flows,    READ, BY_READER, .query = "limit" },

	{ "PUT",    "/v1/endpoints/{name}",    rg_res_endpoint_put,     STAGED, BY_PUSHER, .conditional = true },
	{ "GET",    "/v1/endpoints/{name}",    rg_res_endpoint_get,     READ, BY_READER, .conditional = true },
	{ "DELETE", "/v1/endpoints/{name}",    rg_res_endpoint_delete,  STAGED, BY_PUSHER, .conditional = true },
	{ "GET",    "/v1/endpoints",           rg_res_endpoint_list,    READ, BY_READER },
	{ "POST",   "/v1/meetings/{id}:preview", rg_res_meeting_preview, READ, BY_READER, .query = "at" },

	{ "PUT",    "/v1/regions/{name}",      rg_res_region_put,       STAGED, BY_PUSHER, .conditional = true },
	{ "GET",    "/v1/regions/{name}",      rg_res_region_get,       READ, BY_READER, .conditional = true },
	{ "DELETE", "/v1/regions/{name}",      rg_res_region_delete,    STAGED, BY_PUSHER, .conditional = true },
	{ "GET",    "/v1/regions",             rg_res_region_list,      READ, BY_READER },

	{ "PUT",    "/v1/interfaces/{name}",   rg_res_interface_put,    IMMEDIATE, BY_ADMIN },
	{ "GET",    "/v1/interfaces/{name}",   rg_res_interface_get,    READ, BY_READER },
	{ "DELETE", "/v1/interfaces/{name}",   rg_res_interface_delete, IMMEDIATE, BY_ADMIN },
	{ "POST",   "/v1/interfaces/{name}:confirm", rg_res_interface_confirm, IMMEDIATE, BY_ADMIN },
	{ "GET",    "/v1/interfaces",          rg_res_interface_list,   READ, BY_READER },

	{ "GET",    "/v1/geoip",               rg_res_geoip_get,        READ, BY_READER },
	{ "POST",   "/v1/geoip:reload",        rg_res_geoip_reload,     IMMEDIATE, BY_ADMIN },

	{ "GET",    "/v1/mode",                rg_res_mode_get,         READ, BY_READER },
	{ "PUT",    "/v1/mode",                rg_res_mode_put,         IMMEDIATE, BY_ADMIN },
	{ "GET",    "/v1/clock",               rg_res_clock_get,        READ, BY_READER },
	{ "POST",   "/v1/clock:accept",        rg_res_clock_accept,     IMMEDIATE, BY_ADMIN },

	{ "POST",   "/v1/approvals",           rg_res_approve,          IMMEDIATE, BY_ADMIN },

	{ "POST",   "/v1/admission",           rg_res_admission,        READ, BY_READER },
	{ "GET",    "/v1/lookup",              rg_res_lookup,           READ, BY_READER, .query = "address" },
	{ "POST",   "/v1/explain",             rg_res_explain,          READ, BY_READER },

	{ "GET",    "/v1/ledger",              rg_res_ledger_list,      READ, BY_READER, .query = "after limit" },
	{ "GET",    "/v1/ledger:export",       rg_res_ledger_export,    READ, BY_PUSHER, .query = "after limit" },
	{ "GET",    "/v1/ledger:verify",       rg_res_ledger_verify,    READ, BY_READER, .query = "after limit" },

	{ "GET",    "/v1/events",              rg_res_events,           READ, BY_READER,
	  .query = "meeting kind last follow" },
	{ "GET",    "/v1/stats",               rg_res_stats,            READ, BY_READER, .query = "limit" },
	{ "GET",    "/v1/report",              rg_res_report,           READ, BY_READER, .query = "from to" },

	{ "GET",    "/v1/status",              rg_res_status,           READ, BY_READER },
	{ "POST",   "/v1/status:verify",       rg_res_verify,           IMMEDIATE, BY_ADMIN },
	{ "GET",    "/metrics",                rg_res_metrics,          READ, BY_READER },
};
const size_t rg_n_routes = ARRAY_SIZE(rg_routes);
