/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "harness/packet_recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECIPE_MAX 1024

static void do_vlan(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)b;
	pkt_vlan(p, (uint16_t)a, 7);
}

static void do_ip4(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)a, (void)b;
	pkt_ip4(p, RECIPE_SRC4, RECIPE_DST4);
}

static void do_options(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)b;
	pkt_ip4_options(p, a);
}

static void do_route(struct pkt *p, unsigned int a, unsigned int b)
{
	pkt_ip4_route(p, (uint8_t)a, RECIPE_FINAL4, (uint8_t)b);
}

static void do_segment(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)b;
	pkt_segment(p, RECIPE_FINAL6, (uint8_t)a);
}

static void do_ip6(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)a, (void)b;
	pkt_ip6(p, RECIPE_SRC6, RECIPE_DST6);
}

static void do_ext(struct pkt *p, unsigned int a, unsigned int b)
{
	pkt_ext(p, (uint8_t)a, b);
}

static void do_jumbo(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)a, (void)b;
	pkt_jumbo(p);
}

static void do_ah(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)b;
	pkt_ah(p, a);
}

static void do_fragment(struct pkt *p, unsigned int a, unsigned int b)
{
	pkt_fragment(p, a, b, 0x5eed);
}

static void do_udp(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)a, (void)b;
	pkt_udp(p, RECIPE_SPORT, RECIPE_DPORT);
}

static void do_tcp(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)a, (void)b;
	pkt_tcp(p, RECIPE_SPORT, RECIPE_DPORT);
}

static void do_icmp(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)a, (void)b;
	pkt_icmp(p);
}

static void do_proto(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)b;
	pkt_proto(p, (uint16_t)a);
}

static void do_data(struct pkt *p, unsigned int a, unsigned int b)
{
	(void)b;
	pkt_payload(p, a);
}

static const struct {
	const char *name;
	int n_arguments;
	void (*add)(struct pkt *p, unsigned int a, unsigned int b);
} words[] = {
	{ "vlan", 1, do_vlan }, { "ip4", 0, do_ip4 },       { "options", 1, do_options },
	{ "ip6", 0, do_ip6 },   { "ext", 2, do_ext },       { "jumbo", 0, do_jumbo },
	{ "ah", 1, do_ah },     { "frag", 2, do_fragment }, { "udp", 0, do_udp },
	{ "tcp", 0, do_tcp },   { "icmp", 0, do_icmp },     { "proto", 1, do_proto },
	{ "data", 1, do_data }, { "route", 2, do_route },   { "segment", 1, do_segment },
};

static const struct { const char *name; enum pkt_kind kind; } kinds[] = {
	{ "eth", PKT_ETHERNET }, { "vlan", PKT_VLAN }, { "ip4", PKT_IP4 },
	{ "ip6", PKT_IP6 },      { "ext", PKT_EXT },   { "frag", PKT_FRAGMENT6 },
	{ "ah", PKT_AH },        { "udp", PKT_UDP },   { "tcp", PKT_TCP },
};

_Noreturn static void mistake(const char *word)
{
	fprintf(stderr, "recipe: can not read \"%s\"\n", word);
	abort();
}

static void add_word(struct pkt *p, const char *word)
{
	size_t n = strcspn(word, ":");
	unsigned int a = 0, b = 0;
	int n_arguments = word[n] ? sscanf(word + n, ":%i,%i", (int *)&a, (int *)&b) : 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strlen(words[i].name) != n || memcmp(words[i].name, word, n))
			continue;
		if (n_arguments != words[i].n_arguments)
			mistake(word);
		words[i].add(p, a, b);
		return;
	}
	mistake(word);
}

static int is_afterwards(const char *word)
{
	return strchr(word, '@') != NULL || !strncmp(word, "pad:", 4);
}

static void add_padding(struct pkt *p, size_t n)
{
	if (p->length + n > PKT_MAX)
		mistake("pad");
	memset(p->data + p->length, 0xa5, n);
	p->length += n;
}

static void do_afterwards(struct pkt *p, const char *word)
{
	size_t n = strcspn(word, "@");
	unsigned int offset, value;
	uint8_t *at;

	if (sscanf(word, "pad:%i", (int *)&value) == 1) {
		add_padding(p, value);
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strlen(kinds[i].name) != n || memcmp(kinds[i].name, word, n))
			continue;
		at = pkt_at(p, kinds[i].kind, 0);
		if (sscanf(word + n, "@%u:=%i", &offset, (int *)&value) == 2) {
			at[offset] = value >> 8 & 0xff;
			at[offset + 1] = value & 0xff;
		} else if (sscanf(word + n, "@%u=%i", &offset, (int *)&value) == 2) {
			at[offset] = value & 0xff;
		} else {
			mistake(word);
		}
		return;
	}
	mistake(word);
}

static void each_word(struct pkt *p, const char *recipe, int afterwards)
{
	char text[RECIPE_MAX], *save = NULL;

	if (strlen(recipe) >= sizeof(text))
		mistake(recipe);
	strcpy(text, recipe);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (is_afterwards(word) != afterwards)
			continue;
		if (afterwards)
			do_afterwards(p, word);
		else
			add_word(p, word);
	}
}

void pkt_recipe(struct pkt *p, const char *recipe)
{
	pkt_begin(p);
	each_word(p, recipe, 0);
	pkt_end(p);
	each_word(p, recipe, 1);
}
