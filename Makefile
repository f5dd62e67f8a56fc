# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# make            the three build outputs
# make run        the demonstration; make run IFACE=eth0 GEOIP=f.mmdb: the daemon on a NIC
# make check      all tests; make check T=tests/unit/test_ip.c: one of them
# make check-sanitized  tests/e2e with ASan and UBSan in the daemon
# make check-kernels  the filter on Debian's 6.1 and 6.12, in virtual machines
# make check-webrtc   libnice, Janus and Chromium across the filter, over UDP and TCP
# make check-browser  the report's page in Chromium
# make check-clang  the program of clang 16 and 19: does it load, does it judge alike
# make evade      disguised packets against the filter: N=10000000 SEED=7
# make bench      figures and plots; make bench S=push: one section; QUICK=1: coarse
# make bench-check  has the packet path become slower? UPDATE=1 sets a new baseline
# make fuzz       each fuzz target for FUZZ_SECONDS (20); make lint: the written rules
# make fuzz-api   random calls against model, store and kernel: SEED=7 STEPS=20000
# make install    honours DESTDIR and PREFIX (/usr/local); make uninstall
# make run, check, evade, fuzz and bench install what they need first (tools/install-deps lists it).

Q := $(if $(V),,@)
export PATH := $(PATH):/usr/sbin:/sbin
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:

B       ?= build
# always by the same name: the .d files have it in them
override B := $(patsubst $(CURDIR)/%,%,$(abspath $(B)))
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG   ?= clang
LLVM_STRIP ?= $(subst clang,llvm-strip,$(CLANG))
PREFIX  ?= /usr/local
VERSION := $(shell cat VERSION 2>/dev/null || echo 0.1.0)

PKGS    := libbpf libxdp libmicrohttpd jansson sqlite3 libcurl inih libsystemd libpcap libmaxminddb nettle libcap-ng libseccomp
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS)) -lelf -lz

WARN    := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
CFLAGS  ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) -D_GNU_SOURCE -DRG_VERSION='"$(VERSION)"' \
             -Iinclude -Iuser -I$(B) $(PKG_CFLAGS) -MMD -MP
SAN     := -O1 -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
BPF_CFLAGS = -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-function \
             -D__TARGET_ARCH_x86 -I$(B) -Iinclude -MMD -MP

MAINS   := user/daemon/main.c user/cli/main.c
LIB_SRC := $(filter-out $(MAINS),$(wildcard user/*/*.c))
SKELETONS = $(B)/regiongate.skel.h $(B)/names.skel.h
LIB_OBJ := $(LIB_SRC:%.c=$(B)/obj/%.o)
SAN_OBJ := $(LIB_SRC:%.c=$(B)/san/%.o)
HARNESS := $(wildcard tests/harness/*.c)
TOOLS_C := $(filter tests/harness/udpcat.c,$(HARNESS))
HARNESS_LIB := $(filter-out $(TOOLS_C),$(HARNESS))
# what needs no cmocka
HARNESS_PURE := $(addprefix tests/harness/,oracle_parse.c oracle_stun.c packet.c packet_recipe.c) tests/fuzz/rows.c

UNIT    := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
BPF     := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/bpf/test_*.c))
FUZZ    := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
E2E     := $(wildcard tests/e2e/*.sh)

.PHONY: all deps run check check-built check-sanitized check-kernels check-clang check-webrtc check-browser evade bench fuzz fuzz-api fuzz-corpus lint install uninstall clean
all: $(B)/regiongated $(B)/regiongate $(B)/regiongate.bpf.o

# --- what can not be built without, said in one line
NEED := $(CLANG) bpftool pkg-config $(CC)
$(B)/.needs: | $(B)
	@missing=""; for tool in $(NEED); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	if command -v pkg-config >/dev/null; then for lib in $(PKGS); do pkg-config --exists $$lib || missing="$$missing $$lib"; done; fi; \
	[ -z "$$missing" ] || { echo "regiongate: missing to build:$$missing (tools/install-deps installs it on Debian)" >&2; exit 1; }
	@touch $@

# --- the BPF program and its skeleton
$(B)/vmlinux.h: | $(B)/.needs
	@test -r /sys/kernel/btf/vmlinux || { echo "regiongate: the kernel has no BTF (/sys/kernel/btf/vmlinux): CONFIG_DEBUG_INFO_BTF is needed to build" >&2; exit 1; }
	$(Q)bpftool btf dump file /sys/kernel/btf/vmlinux format c > $@
$(B)/regiongate.bpf.o: bpf/regiongate.bpf.c $(B)/vmlinux.h
	@echo "  BPF   $@"
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@
$(B)/regiongate.skel.h: $(B)/regiongate.bpf.o
	$(Q)bpftool gen skeleton $< name regiongate_bpf > $@
# names of other programs
$(B)/names.bpf.o: bpf/names.bpf.c $(B)/vmlinux.h
	@echo "  BPF   $@"
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@
$(B)/names.skel.h: $(B)/names.bpf.o
	$(Q)bpftool gen skeleton $< name names_bpf > $@
$(B):
	mkdir -p $@

# --- user space: one library, two programs
$(B)/obj/%.o: %.c | $(SKELETONS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@
$(B)/san/%.o: %.c | $(SKELETONS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) -c $< -o $@
$(B)/obj/user/dataplane/load.o $(B)/san/user/dataplane/load.o: $(B)/regiongate.skel.h
$(B)/obj/user/dataplane/dispatcher.o $(B)/san/user/dataplane/dispatcher.o: $(B)/regiongate.skel.h
$(B)/obj/user/dataplane/names.o $(B)/san/user/dataplane/names.o: $(B)/names.skel.h
$(B)/libregiongate.a: $(LIB_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/libregiongate-san.a: $(SAN_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/regiongated: $(B)/obj/user/daemon/main.o $(B)/libregiongate.a
	@echo "  CC    $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(PKG_LIBS)
$(B)/san/regiongated: $(B)/san/user/daemon/main.o $(B)/libregiongate-san.a
	@echo "  CC    $@"
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDFLAGS) $^ -o $@ $(PKG_LIBS)
$(B)/regiongate: $(B)/obj/user/cli/main.o $(B)/libregiongate.a
	@echo "  CC    $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(PKG_LIBS)

# --- a real GeoIP database without a vendor account
$(B)/geoip.mmdb: tools/geoip-import | $(B)
	tools/geoip-import $@

# --- tests; what they share is a library, too
$(B)/obj/tests/% $(B)/san/tests/%: ALL_CFLAGS += -Ibpf -Itests
$(B)/libharness.a: $(HARNESS_LIB:%.c=$(B)/obj/%.o)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/libharness-san.a: $(HARNESS_LIB:%.c=$(B)/san/%.o)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/tests/unit/%: tests/unit/%.c $(B)/libharness-san.a $(B)/libregiongate-san.a
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) -Ibpf -Itests -MF $@.d $< $(B)/libharness-san.a $(B)/libregiongate-san.a -o $@ -lcmocka $(PKG_LIBS)
$(B)/tests/bpf/%: tests/bpf/%.c $(B)/libharness.a $(B)/libregiongate.a
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -MF $@.d $< $(B)/libharness.a $(B)/libregiongate.a -o $@ -lcmocka $(PKG_LIBS)
# the replay of a corpus counts the lines that it reaches, of the sources that the target is about (tests/fuzz/sources)
FUZZ_ABOUT := $(filter %.c,$(wildcard $(shell sed -n 's/^[a-z_]*: //p' tests/fuzz/sources)))
$(B)/cov/%.o: %.c | $(SKELETONS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) --coverage -c $< -o $@
$(B)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/replay_main.c tests/fuzz/sources $(HARNESS_PURE) $(FUZZ_ABOUT:%.c=$(B)/cov/%.o) $(B)/libregiongate-san.a
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) -Ibpf -Itests --coverage -MF $@.d $< tests/fuzz/replay_main.c $(HARNESS_PURE) \
		$(patsubst %.c,$(B)/cov/%.o,$(filter %.c,$(wildcard $(shell sed -n 's/^$(patsubst fuzz_%,%,$*): //p' tests/fuzz/sources)))) \
		$(B)/libregiongate-san.a -o $@ $(PKG_LIBS)
$(B)/tests/foreign.bpf.o: tests/e2e/foreign.bpf.c $(B)/vmlinux.h
	@mkdir -p $(@D)
	@echo "  BPF   $@"
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@
$(B)/tests/bpf_fails.so: tests/e2e/bpf_fails.c | $(B)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(WARN) $(CFLAGS) -D_GNU_SOURCE -shared -fPIC $< -o $@
$(B)/tests/link_update: tests/e2e/link_update.c | $(B)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(WARN) $(CFLAGS) $< -o $@ $(shell pkg-config --cflags --libs libbpf)
$(B)/tests/dropper.bpf.o: tests/kernels/dropper.bpf.c $(B)/vmlinux.h
	@mkdir -p $(@D)
	@echo "  BPF   $@"
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@
$(B)/tests/udpcat: tests/harness/udpcat.c
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(ALL_CFLAGS) -MF $@.d $< -o $@

# --- the evasion test: N frames (a million) of SEED; C: one datagram of it
EVADE_SRC := $(wildcard tests/evade/*.c) $(addprefix tests/harness/,packet.c oracle_parse.c oracle_stun.c)
$(B)/tests/evade: $(EVADE_SRC) $(B)/libregiongate.a
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -MF $@.d $(EVADE_SRC) $(B)/libregiongate.a -o $@ $(PKG_LIBS)
evade: deps
	@$(MAKE) --no-print-directory -j$$(nproc) $(B)/tests/evade
	@RG_BUILD=$(abspath $(B)) tests/evade/run $(or $(N),1000000) $(or $(SEED),1) $(C)

# --- fuzzing: FUZZ_SECONDS (20) a target; the corpora are replayed by make check
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzzers/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS := -O1 -Wno-missing-field-initializers -fsanitize=address -fprofile-instr-generate -fcoverage-mapping
FUZZ_OBJ := $(LIB_SRC:%.c=$(B)/fuzzobj/%.o) $(HARNESS_PURE:%.c=$(B)/fuzzobj/%.o)
$(B)/fuzzobj/%.o: %.c | $(SKELETONS)
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	$(Q)$(CLANG) $(ALL_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -Itests -c $< -o $@
$(B)/libregiongate-fuzz.a: $(FUZZ_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/fuzzers/%: tests/fuzz/%.c $(B)/libregiongate-fuzz.a
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	$(Q)$(CLANG) $(ALL_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer -Ibpf -Itests -MF $@.d $< $(B)/libregiongate-fuzz.a -o $@ $(PKG_LIBS)
fuzz:
	@tools/install-deps fuzz
	@$(MAKE) --no-print-directory -j$$(nproc) $(FUZZERS)
	@tools/fuzz $(FUZZERS)
fuzz-api: deps
	@$(MAKE) --no-print-directory -j$$(nproc) $(B)/tests/bpf/test_engine_random
	RG_RANDOM_SEED=$(SEED) RG_RANDOM_STEPS=$(or $(STEPS),20000) $(B)/tests/bpf/test_engine_random
fuzz-corpus: $(B)/libregiongate.a
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -MF $(B)/make_parse_corpus.d tests/fuzz/make_parse_corpus.c $(filter tests/harness/%,$(HARNESS_PURE)) $(B)/libregiongate.a -o $(B)/make_parse_corpus
	$(B)/make_parse_corpus tests/fuzz/corpus/parse
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -MF $(B)/make_stun_corpus.d tests/fuzz/make_stun_corpus.c -o $(B)/make_stun_corpus
	$(B)/make_stun_corpus tests/fuzz/corpus/stun
	$(Q)$(CC) $(ALL_CFLAGS) -MF $(B)/make_store_corpus.d tests/fuzz/make_store_corpus.c $(B)/libregiongate.a -o $(B)/make_store_corpus $(PKG_LIBS)
	$(B)/make_store_corpus tests/fuzz/corpus/store
	$(Q)$(CC) $(ALL_CFLAGS) -MF $(B)/make_rows_corpus.d tests/fuzz/make_rows_corpus.c -o $(B)/make_rows_corpus
	$(B)/make_rows_corpus tests/fuzz/corpus/rows

# --- benchmarks: figures, never part of a test
BENCH_SRC := $(wildcard tools/bench/*.c)
BENCH_SRC := $(filter-out %.bpf.c,$(BENCH_SRC))
$(B)/bench/%.bpf.o: tools/bench/%.bpf.c $(wildcard bpf/*) $(wildcard include/*) $(B)/vmlinux.h tools/bench/filter.bpf.c $(wildcard tools/bench/*.h)
	@mkdir -p $(@D)
	@echo "  BPF   $@"
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@
$(B)/bench/bench: $(BENCH_SRC) $(B)/libregiongate.a
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(ALL_CFLAGS) -Itools/bench -MF $@.d $(BENCH_SRC) $(B)/libregiongate.a -o $@ $(PKG_LIBS)
BENCH_PARTS := $(B)/geoip.mmdb $(patsubst tools/%,$(B)/%,$(patsubst %.c,%.o,$(wildcard tools/bench/*.bpf.c))) $(B)/bench/bench
BASELINE ?= tests/bench-baseline.json
bench:
	@tools/install-deps bench
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BENCH_PARTS)
	$(B)/bench/bench $(if $(QUICK),-q) $(B)/geoip.mmdb $(B) $(B)/bench.json $(S)
	@tools/bench/plot $(B)/bench.json $(B)
# the figures and plots of docs/performance.md, from the last run
bench-docs:
	@mkdir -p docs/bench
	cp $(B)/bench.json docs/bench/bench.json
	@tools/bench/plot docs/bench/bench.json docs/bench
	@tools/bench/figures docs/bench/bench.json >docs/bench/figures.md
bench-check: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BENCH_PARTS)
	$(B)/bench/bench $(if $(UPDATE),-u,-c) $(BASELINE) $(B)/geoip.mmdb $(B)

TEST_PROGRAMS := $(UNIT) $(BPF) $(FUZZ)
E2E_PARTS := $(addprefix $(B)/tests/,udpcat foreign.bpf.o bpf_fails.so link_update)
check-built: all $(B)/geoip.mmdb $(TEST_PROGRAMS) $(E2E_PARTS)
	RG_BUILD=$(abspath $(B)) tools/run-tests $(T)
deps:
	@tools/install-deps
check: deps
	@$(MAKE) --no-print-directory -j$$(nproc) check-built
# the same tests with a daemon that has ASan and UBSan in it (leaks apart: its filter of system calls forbids the search)
check-sanitized: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all $(B)/geoip.mmdb $(B)/san/regiongated $(E2E_PARTS)
	RG_BUILD=$(abspath $(B)) RG_DAEMON=$(abspath $(B))/san/regiongated ASAN_OPTIONS=detect_leaks=0 tools/run-tests $(or $(T),$(E2E))
check-kernels: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BPF) $(B)/tests/evade $(B)/tests/udpcat $(B)/tests/foreign.bpf.o $(B)/tests/dropper.bpf.o $(B)/geoip.mmdb
	RG_BUILD=$(abspath $(B)) tests/kernels/run $(T)
# the program of other compilers must load and judge alike: those of CLANGS, the default one apart
CLANGS ?= 16 19
CLANG_TESTS := tests/bpf/test_path.c tests/bpf/test_shared.c $(wildcard tests/bpf/test_connection*.c)
check-clang: deps
	@tools/install-deps clang
	@for version in $(CLANGS); do \
		echo "clang-$$version" && \
		$(MAKE) --no-print-directory -j$$(nproc) B=$(B)/clang-$$version CLANG=clang-$$version \
			$(CLANG_TESTS:%.c=$(B)/clang-$$version/%) >/dev/null && \
		RG_BUILD=$(abspath $(B))/clang-$$version tools/run-tests $(CLANG_TESTS) || exit 1; done
# real WebRTC; playwright-core drives the browsers and comes from npm
$(B)/tests/niceagent: tests/webrtc/niceagent.c
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(shell pkg-config --cflags nice) -MF $@.d $< -o $@ $(shell pkg-config --libs nice)
$(B)/webrtc/.installed: tests/webrtc/package.json
	@command -v npm >/dev/null || { echo "regiongate: npm is missing (tools/install-deps webrtc installs it)" >&2; exit 1; }
	@mkdir -p $(@D) && cp $< $(@D)/
	@echo "  NPM   $(@D)"
	@cd $(@D) && npm install --ignore-scripts --no-audit --no-fund --no-package-lock >npm.log 2>&1 || \
		{ echo "regiongate: npm could not install what tests/webrtc/package.json names: $$(grep -m 1 -i err npm.log)" >&2; exit 1; }
	@touch $@
check-webrtc:
	@tools/install-deps webrtc
	@$(MAKE) --no-print-directory -j$$(nproc) all $(B)/geoip.mmdb $(B)/tests/udpcat $(B)/tests/niceagent $(B)/webrtc/.installed
	RG_BUILD=$(abspath $(B)) tools/run-tests $(or $(T),$(wildcard tests/webrtc/*.sh))
check-browser:
	@tools/install-deps browser
	@$(MAKE) --no-print-directory -j$$(nproc) all
	RG_BUILD=$(abspath $(B)) tools/run-tests $(or $(T),$(wildcard tests/browser/*.sh))
run: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all $(B)/geoip.mmdb $(B)/tests/udpcat
	@RG_BUILD=$(abspath $(B)) IFACE=$(IFACE) GEOIP=$(GEOIP) tools/demo

lint:
	@tools/lint

# --- installation: the units and the man pages, if there are any, go along
SYSCONFDIR ?= /etc
UNITDIR ?= /lib/systemd/system
DOCDIR  ?= $(PREFIX)/share/doc/regiongate
SYSUSERSDIR ?= /usr/lib/sysusers.d
UNITS   := $(wildcard tools/packaging/*.service tools/packaging/*.socket tools/packaging/*.timer)
MANS    := $(wildcard docs/*.8 docs/*.5 docs/*.1 docs/man/*.8 docs/man/*.5 docs/man/*.1)
DOCS    := $(filter-out $(MANS),$(wildcard LICENSE README.md docs/*.md))
install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SYSCONFDIR)/regiongate
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(DOCDIR)/bench
	install -m 755 $(B)/regiongated $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(B)/regiongate $(DESTDIR)$(PREFIX)/bin/
	install -m 755 tools/geoip-import $(DESTDIR)$(PREFIX)/sbin/regiongate-geoip-import
	test -e $(DESTDIR)$(SYSCONFDIR)/regiongate/regiongate.conf || \
		install -m 644 tools/packaging/regiongate.conf $(DESTDIR)$(SYSCONFDIR)/regiongate/
	install -m 644 tools/packaging/regiongate.conf tools/packaging/dispatcher.conf $(DESTDIR)$(DOCDIR)/
	for unit in $(UNITS); do \
		sed 's,/usr/sbin/,$(PREFIX)/sbin/,g; s,/usr/bin/,$(PREFIX)/bin/,g; s,/usr/share/doc/regiongate,$(DOCDIR),g' $$unit \
			>$(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; done
	install -D -m 644 tools/packaging/regiongate.sysusers $(DESTDIR)$(SYSUSERSDIR)/regiongate.conf
	for page in $(MANS); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit 1; done
	install -m 644 $(DOCS) $(DESTDIR)$(DOCDIR)/
	install -m 644 docs/bench/*.svg docs/bench/figures.md $(DESTDIR)$(DOCDIR)/bench/
# leaves the configuration, the state and a filter that is attached
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/regiongated $(DESTDIR)$(PREFIX)/bin/regiongate
	rm -f $(DESTDIR)$(PREFIX)/sbin/regiongate-geoip-import
	rm -f $(DESTDIR)$(SYSUSERSDIR)/regiongate.conf
	rm -f $(foreach unit,$(UNITS),$(DESTDIR)$(UNITDIR)/$(notdir $(unit)))
	rm -f $(foreach page,$(MANS),$(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
	rm -rf $(DESTDIR)$(DOCDIR)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

clean:
	rm -rf $(B)
