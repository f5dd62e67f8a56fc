/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include "base/cleanup.h"
#include "cli/table.h"

#define ANSWER_MAX (256u << 20) /* bytes */

RG_DEFINE_CLEANUP(CURL *, curl_easy_cleanup);
RG_DEFINE_CLEANUP(struct curl_slist *, curl_slist_free_all);

void rg_client_answer_clear(struct rg_client_answer *answer)
{
	free(answer->body);
	free(answer->etag);
	*answer = (struct rg_client_answer){ 0 };
}

/* Where an answer goes while it comes. */
struct receiver {
	CURL *curl;
	const struct rg_client_request *request;
	struct rg_client_answer *answer;
	bool ended;    /* by the receiver */
	time_t heard;  /* last sign of life */
};

static size_t body_take(char *data, size_t size, size_t n, void *arg)
{
	struct receiver *receiver = arg;
	struct rg_client_answer *answer = receiver->answer;
	size_t more = size * n;
	long status = 0;
	char *grown;

	curl_easy_getinfo(receiver->curl, CURLINFO_RESPONSE_CODE, &status);
	if (receiver->request->take && status < 300) {
		receiver->ended = !receiver->request->take(receiver->request->arg, data, more);
		return receiver->ended ? 0 : more;
	}
	if (answer->length + more > ANSWER_MAX)
		return 0;
	grown = realloc(answer->body, answer->length + more + 1);
	if (!grown)
		return 0;
	memcpy(grown + answer->length, data, more);
	answer->length += more;
	grown[answer->length] = '\0';
	answer->body = grown;
	return more;
}

static unsigned int patience(const struct rg_client_request *request)
{
	return request->patience_s ? request->patience_s : RG_CLIENT_PATIENCE_S;
}

static time_t monotonic_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool answers_others(const struct rg_client_request *request)
{
	struct rg_client_request other = { .socket = request->socket, .method = "GET", .path = "/v1/geoip",
					   .patience_s = request->patience_s, .impatient = true };
	struct rg_client_answer answer;

	if (rg_client_run(&other, &answer, NULL))
		return false;
	rg_client_answer_clear(&answer);
	return true;
}

/* Called about once a second. Other than 0 ends the request. */
static int on_wait(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	struct receiver *receiver = arg;

	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	if (monotonic_s() - receiver->heard < (time_t)patience(receiver->request))
		return 0;
	if (!answers_others(receiver->request))
		return 1;
	receiver->heard = monotonic_s();
	return 0;
}

static int header_add(struct curl_slist **headers, const char *name, const char *value)
{
	_cleanup_(rg_freep) char *line = NULL;
	struct curl_slist *grown;

	line = rg_text_format("%s:%s%s", name, value ? " " : "", value ? value : "");
	grown = line ? curl_slist_append(*headers, line) : NULL;
	if (!grown)
		return -ENOMEM;
	*headers = grown;
	return 0;
}

static int headers_build(const struct rg_client_request *request, struct curl_slist **ret)
{
	/* No "Expect: 100-continue": it costs a round trip, or a second if it is ignored. */
	if (header_add(ret, "Expect", NULL))
		return -ENOMEM;
	if (request->body && header_add(ret, "Content-Type", request->type))
		return -ENOMEM;
	if (request->actor && header_add(ret, "Regiongate-Actor", request->actor))
		return -ENOMEM;
	if (request->if_match && header_add(ret, "If-Match", request->if_match))
		return -ENOMEM;
	return 0;
}

static int curl_setup(CURL *curl, const struct rg_client_request *request, const char *url,
		      struct curl_slist *headers, struct receiver *receiver)
{
	CURLcode code = CURLE_OK;

#define SET(option, value) (code = code ? code : curl_easy_setopt(curl, option, value))
	SET(CURLOPT_URL, url);
	SET(CURLOPT_UNIX_SOCKET_PATH, request->socket);
	SET(CURLOPT_PROTOCOLS_STR, "http");
	SET(CURLOPT_PROXY, "");        /* whatever the environment says */
	SET(CURLOPT_PATH_AS_IS, 1L);   /* ".." is a meeting's id like any other */
	SET(CURLOPT_NOSIGNAL, 1L);
	if (request->impatient) {
		SET(CURLOPT_TIMEOUT, (long)patience(request));
	} else if (!request->take) {
		SET(CURLOPT_NOPROGRESS, 0L);
		SET(CURLOPT_XFERINFOFUNCTION, on_wait);
		SET(CURLOPT_XFERINFODATA, receiver);
	}
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_CUSTOMREQUEST, request->method);
	SET(CURLOPT_WRITEFUNCTION, body_take);
	SET(CURLOPT_WRITEDATA, receiver);
	if (request->body) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
		SET(CURLOPT_POSTFIELDS, request->body);
	}
#undef SET
	return code ? -EIO : 0;
}

static int failure(CURL *curl, CURLcode code, const struct rg_client_request *request, struct rg_err *err)
{
	const char *socket = request->socket;
	long os_errno = 0;

	switch (code) {
	case CURLE_COULDNT_CONNECT:
		curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_errno);
		return rg_err_set(err, -ENOTCONN, RG_ERR_INTERNAL, "", "no daemon at %s: %s",
				  socket, os_errno ? strerror((int)os_errno) : "can not connect");
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		return rg_err_set(err, -ENOTCONN, RG_ERR_INTERNAL, "",
				  "the daemon at %s went away before it had answered", socket);
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_ABORTED_BY_CALLBACK:
		return rg_err_set(err, -ETIMEDOUT, RG_ERR_INTERNAL, "",
				  "the daemon at %s has not answered in %u s", socket, patience(request));
	default:
		return rg_err_set(err, -EIO, RG_ERR_INTERNAL, "", "the request to %s failed: %s",
				  socket, curl_easy_strerror(code));
	}
}

int rg_client_run(const struct rg_client_request *request, struct rg_client_answer *ret,
		  struct rg_err *err)
{
	_cleanup_(rg_client_answer_clear) struct rg_client_answer answer = { 0 };
	_cleanup_(curl_slist_free_allp) struct curl_slist *headers = NULL;
	_cleanup_(curl_easy_cleanupp) CURL *curl = NULL;
	_cleanup_(rg_freep) char *url = NULL;
	struct receiver receiver = { .request = request, .answer = &answer, .heard = monotonic_s() };
	struct curl_header *etag;
	CURLcode code;

	if (strlen(request->socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return rg_err_set(err, -ENOTCONN, RG_ERR_INTERNAL, "",
				  "no daemon at %s: the path is too long for a socket", request->socket);
	url = rg_text_format("http://localhost%s", request->path);
	curl = curl_easy_init();
	if (!url || !curl || headers_build(request, &headers))
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	receiver.curl = curl;
	if (curl_setup(curl, request, url, headers, &receiver))
		return rg_err_set(err, -EIO, RG_ERR_INTERNAL, "", "libcurl refuses the request");
	code = curl_easy_perform(curl);
	if (code && !receiver.ended)
		return failure(curl, code, request, err);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
	if (curl_easy_header(curl, "ETag", 0, CURLH_HEADER, -1, &etag) == CURLHE_OK) {
		answer.etag = strdup(etag->value);
		if (!answer.etag)
			return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	}
	*ret = answer;
	answer = (struct rg_client_answer){ 0 };
	return 0;
}

char *rg_client_escape(const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0), *copy;

	copy = escaped ? strdup(escaped) : NULL;
	curl_free(escaped);
	return copy;
}
