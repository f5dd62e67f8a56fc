/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The handlers of all routes (see rg_route_fn), one res_*.c a resource. */
#ifndef RG_RESOURCES_H
#define RG_RESOURCES_H

#include "api/router.h"

int rg_res_meeting_put(struct rg_call *call, struct rg_err *err);
int rg_res_meeting_get(struct rg_call *call, struct rg_err *err);
int rg_res_meeting_patch(struct rg_call *call, struct rg_err *err);
int rg_res_meeting_delete(struct rg_call *call, struct rg_err *err);
int rg_res_meeting_list(struct rg_call *call, struct rg_err *err);
int rg_res_meeting_stats(struct rg_call *call, struct rg_err *err);
int rg_res_meeting_batch(struct rg_call *call, struct rg_err *err);

int rg_res_ufrag_put(struct rg_call *call, struct rg_err *err);
int rg_res_ufrag_delete(struct rg_call *call, struct rg_err *err);
int rg_res_meeting_flows(struct rg_call *call, struct rg_err *err);

int rg_res_endpoint_put(struct rg_call *call, struct rg_err *err);
int rg_res_endpoint_get(struct rg_call *call, struct rg_err *err);
int rg_res_endpoint_delete(struct rg_call *call, struct rg_err *err);
int rg_res_endpoint_list(struct rg_call *call, struct rg_err *err);

int rg_res_events(struct rg_call *call, struct rg_err *err);
int rg_res_stats(struct rg_call *call, struct rg_err *err);

int rg_res_region_put(struct rg_call *call, struct rg_err *err);
int rg_res_region_get(struct rg_call *call, struct rg_err *err);
int rg_res_region_delete(struct rg_call *call, struct rg_err *err);
int rg_res_region_list(struct rg_call *call, struct rg_err *err);

int rg_res_interface_put(struct rg_call *call, struct rg_err *err);
int rg_res_interface_get(struct rg_call *call, struct rg_err *err);
int rg_res_interface_delete(struct rg_call *call, struct rg_err *err);
int rg_res_interface_confirm(struct rg_call *call, struct rg_err *err);
int rg_res_interface_list(struct rg_call *call, struct rg_err *err);

int rg_res_geoip_get(struct rg_call *call, struct rg_err *err);
int rg_res_geoip_reload(struct rg_call *call, struct rg_err *err);

int rg_res_admission(struct rg_call *call, struct rg_err *err);
int rg_res_meeting_preview(struct rg_call *call, struct rg_err *err);

int rg_res_approve(struct rg_call *call, struct rg_err *err);

int rg_res_mode_get(struct rg_call *call, struct rg_err *err);
int rg_res_mode_put(struct rg_call *call, struct rg_err *err);
int rg_res_clock_get(struct rg_call *call, struct rg_err *err);
int rg_res_clock_accept(struct rg_call *call, struct rg_err *err);

int rg_res_lookup(struct rg_call *call, struct rg_err *err);
int rg_res_explain(struct rg_call *call, struct rg_err *err);

int rg_res_ledger_list(struct rg_call *call, struct rg_err *err);
int rg_res_ledger_export(struct rg_call *call, struct rg_err *err);
int rg_res_ledger_verify(struct rg_call *call, struct rg_err *err);

int rg_res_report(struct rg_call *call, struct rg_err *err);

int rg_res_verify(struct rg_call *call, struct rg_err *err);
int rg_res_status(struct rg_call *call, struct rg_err *err);
int rg_res_metrics(struct rg_call *call, struct rg_err *err);

#endif
