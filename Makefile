# make help tells what there is to do. One rule finds every .c file: a new source, collector or test needs no edit here.
SHELL := /bin/bash
CC ?= cc
MODE ?= release
B := build/$(MODE)

PACKAGES := libmicrohttpd libpq hiredis yaml-0.1 jansson sqlite3 libcurl libpcre2-8 libdeflate libssl libcrypto
LIB_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))
LIB_LIBS = $(shell pkg-config --libs $(PACKAGES)) -lpthread -lm

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
FLAGS.release := -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
FLAGS.asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS.tsan := -O1 -g -fsanitize=thread
FLAGS.fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
VERSION := $(shell cat VERSION)
REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
CFLAGS ?=
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Iinclude -I. $(WARN) $(FLAGS.$(MODE)) $(LIB_CFLAGS) -MMD -MP $(CFLAGS)
ALL_LIBS = $(FLAGS.$(MODE)) $(LDFLAGS) -Wl,--as-needed $(LIB_LIBS)

SOURCES := $(shell find agent collectors -name '*.c' | sort)
OBJECTS := $(SOURCES:%.c=$(B)/%.o)
LIBRARY := $(B)/libsonde.a
UNIT_SOURCES := $(shell find tests/unit -name '*_test.c' | sort)
UNIT_TESTS := $(UNIT_SOURCES:%.c=$(B)/%)
PROMQLTEST := $(patsubst %.c,$(B)/%.o,$(wildcard tests/conformance/promqltest/*.c))

.PHONY: FORCE all help run demo test unit promqltest lint bench fuzz docs clean
all: $(B)/sonde ## build/release/sonde (the libraries must be there: make run installs them)

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# What is missing is installed first; then a second make sees the libraries.
run: ## sonde on this machine as it is, no configuration
	@tools/need build && $(MAKE) --no-print-directory -j$$(nproc) $(B)/sonde && exec $(B)/sonde run

demo: ## Postgres, Redis, a job queue and a web shop with some load, watched; Ctrl-C ends it all
	@tools/need build demo && $(MAKE) --no-print-directory -j$$(nproc) $(B)/sonde && exec tools/demo/demo

test: ## everything: unit tests (plain, ASan+UBSan, TSan), conformance, real servers
	@tools/need build test demo && exec tools/test

unit: $(UNIT_TESTS) ## the unit tests of MODE=release|asan|tsan
	@tools/run-unit $(UNIT_TESTS)

promqltest: build/tests/promqltest ## build/tests/promqltest FILE... runs PromQL test files of Prometheus' suite

lint: ## budgets and layers of the tree, formatting, clang-tidy, cppcheck
	@tools/need build lint && exec tools/lint

bench: ## what sonde costs, beside the exporters and the Prometheus it replaces, in one run
	@tools/need build bench && $(MAKE) --no-print-directory -j$$(nproc) $(B)/sonde $(B)/tests/bench/rules_series && \
	  tests/bench/bench && tests/bench/probes_bench && tests/bench/rules_bench

fuzz: ## each fuzzer for EACH=30 seconds, beginning with its corpus
	@tools/need build fuzz && exec tools/fuzz

docs: $(B)/sonde ## writes the generated pages: docs/configuration.md, docs/metrics.md, docs/alerts.md
	@tools/docs

clean: ## removes build/
	rm -rf build

# From the objects, not the library: a name that is defined twice is seen.
$(B)/sonde: $(OBJECTS) $(LIBRARY)
	@echo '  link  $@'
	@$(CC) -o $@ $(OBJECTS) $(ALL_LIBS)

$(LIBRARY): $(filter-out $(B)/agent/main.o,$(OBJECTS))
	@rm -f $@
	@ar rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo '  cc    $<'
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Compiled anew when the revision moves.
$(B)/revision: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION) $(REVISION)' | cmp -s - $@ || echo '$(VERSION) $(REVISION)' >$@
$(B)/agent/base/version.o: $(B)/revision
$(B)/agent/base/version.o: CFLAGS += -DSONDE_VERSION='"$(VERSION)"' -DSONDE_REVISION='"$(REVISION)"'

$(B)/agent/alert/pack.o: alerts/web-stack.yml alerts/web-app.yml

$(B)/tests/unit/%_test: tests/unit/%_test.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo '  test  $<'
	@$(CC) $(ALL_CFLAGS) -o $@ $< $(LIBRARY) -lcmocka $(ALL_LIBS)

$(B)/tests/promqltest: $(PROMQLTEST) $(LIBRARY)
	@echo '  link  $@'
	@mkdir -p $(@D)
	@$(CC) -o $@ $^ $(ALL_LIBS)

build/tests/promqltest: build/release/tests/promqltest
	@mkdir -p $(@D)
	@cp -f $< $@

$(B)/tests/fuzz/%_fuzz: tests/fuzz/%_fuzz.c $(LIBRARY)
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -Wno-missing-prototypes -fsanitize=fuzzer -o $@ $< $(LIBRARY) $(ALL_LIBS)

$(B)/tests/%: tests/%.c $(LIBRARY)
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -o $@ $< $(LIBRARY) $(ALL_LIBS)

-include $(OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(PROMQLTEST:.o=.d)
