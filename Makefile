# Holdfast. `make` lists the targets.
#
# Nothing here needs Docker, or a network beyond Go modules and, once, a browser
# for the cashier's test. Everything a target starts has ended when it ends.

GO         ?= go
TAGS       ?= invariants
# make vet vets everything once; go test need not do it again for each variant.
TEST        = $(GO) test -vet=off -tags $(TAGS)
STATICCHECK = $(GO) tool -modfile=tools/go.mod staticcheck
TOOLS       = $(GO) tool -modfile=tools/go.mod

# Tests that start real processes, run a whole merchant's SDK or damage whole data
# folders: targets of their own, so that `make unit` stays quick.
CONTRACT = ./internal/edge/wechatv3/contract ./internal/trial/sdktest
KILL     = ./internal/trial/killtest
CLUSTER  = ./internal/trial/clustertest
DAMAGE   = ./internal/run/verify
SIM      = ./internal/trial/sim

# How much of it: `make test` takes these, `make soak` the long versions.
FUZZ_SECONDS ?= 60
# Below these are the parsers that face the network; the others read our own files.
# engine/peer and engine/snapshot parse what peers send, behind mutual TLS: make soak does.
FUZZ         ?= internal/base internal/edge internal/run
KILLS        ?= 20
CLUSTER_KILLS ?= 10
RACES        ?= 100
FLIPS        ?= 200
SIMS         ?= 2000
SEEDS        ?= 0
SIMDISKS     ?= 100

.DEFAULT_GOAL := help
.PHONY: help quick test soak deps web pictures build checked fmt vet lint unit race processes contract kill cluster damage sim seeds simdisk fuzz bench pagespeed generate verify golden

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

quick: ## the inner loop, in two minutes: format, vet, unit tests without the race detector and without many cases
	@scripts/steps.sh fmt vet unit

test: ## everything a change must pass, in about 13 minutes on two idle cores
	@scripts/steps.sh deps fmt vet lint web race processes sim simdisk fuzz

soak: ## the long versions: 100 kills, 2,000 flipped bytes, 3,000 disks, 20 minutes of fuzzing, then simulated seeds that nobody has played, until it is stopped
	@KILLS=100 CLUSTER_KILLS=200 RACES=1000 HOLDFAST_CLUSTER_SOAK=1 FLIPS=2000 SIMDISKS=3000 FUZZ_SECONDS=1200 FUZZ=internal scripts/steps.sh deps fmt vet lint web race processes sim simdisk fuzz seeds

deps: ## install what tests need and Go does not bring: a C compiler, libcrypto, a browser
	@scripts/deps.sh

web: ## the pages: types, unit tests, that their committed bundle is current (scripts/web.sh -write bundles); phones in a browser against a node
	@scripts/web.sh
	$(TEST) -count=1 -timeout 10m ./internal/trial/webtest

pictures: ## every screen of the pages as PNG into bin/pictures: phone and wide, both languages, both themes; and the pictures of the guides
	@mkdir -p bin/pictures
	HOLDFAST_SHOTS=$(CURDIR)/bin/pictures $(TEST) -count=1 -timeout 20m ./internal/trial/webtest
	HOLDFAST_SHOTS=$(CURDIR)/bin/pictures $(TEST) -count=1 -timeout 20m -run TestBrowserLayoutOfEveryPage ./internal/edge/cashier
	HOLDFAST_GUIDES=$(CURDIR)/bin/pictures $(TEST) -count=1 -run TestGuidePictures ./internal/trial/webtest

pagespeed: ## what people wait for: the first screen and a payment on a slow phone, how soon a till hears of money
	HOLDFAST_SPEED=1 $(TEST) -count=1 -timeout 10m -run TestSpeed ./internal/trial/webtest

build: ## compile bin/holdfast; make vet compiles the rest
	$(GO) build -o bin/holdfast ./cmd/holdfast

# What the tests of real processes start, built once for all of them.
CHECKED = $(CURDIR)/bin/holdfast-checked
checked:
	$(GO) build -tags $(TAGS) -o $(CHECKED) ./cmd/holdfast

fmt: ## fail when a file is not formatted; says which
	@unformatted=$$(gofmt -l cmd examples internal walletclient); if [ -n "$$unformatted" ]; then \
		echo "not formatted: $$unformatted"; echo "run: gofmt -w $$unformatted"; exit 1; fi

vet: ## go vet: with the assertions' tag; what is compiled only without it, or without cgo
	$(GO) vet -tags $(TAGS) ./...
	$(GO) vet ./internal/base/must
	CGO_ENABLED=0 $(GO) vet ./internal/engine/rsakey

lint: ## staticcheck; the house rules are tests in internal/arch
	$(STATICCHECK) -tags $(TAGS) ./...

unit: ## unit tests without the race detector; all but those that try many cases
	$(TEST) -timeout 5m -skip "$$(scripts/packages.sh cases)" $$(scripts/packages.sh unit)

# Each test runs once: where there is no goroutine, where many cases are tried and
# where much is simulated, without the race detector; everywhere else with it.
race: ## all unit tests, with the race detector where there are goroutines
	$(TEST) -timeout 5m $$(scripts/packages.sh single)
	$(TEST) -timeout 5m -run "$$(scripts/packages.sh cases)" $$(scripts/packages.sh tried)
	CGO_ENABLED=0 $(TEST) -timeout 5m ./internal/engine/rsakey
	$(TEST) -race -timeout 10m -skip "$$(scripts/packages.sh cases)" $$(scripts/packages.sh parallel)

# They mostly wait, for elections, links and deadlines: side by side they take as
# long as the longest.
processes: checked ## contract, kill, cluster and damage side by side
	HOLDFAST_BIN=$(CHECKED) HOLDFAST_KILLS=$(KILLS) HOLDFAST_CLUSTER_KILLS=$(CLUSTER_KILLS) HOLDFAST_RACES=$(RACES) HOLDFAST_FLIPS=$(FLIPS) \
		$(TEST) -count=1 -timeout 120m $(CLUSTER) $(KILL) $(DAMAGE) $(CONTRACT)

contract: ## the official Go SDK and two of Node's clients, unmodified, against the merchant API
	$(TEST) -count=1 -timeout 5m $(CONTRACT)

kill: ## kill -9 node and courier under load (KILLS=20)
	HOLDFAST_KILLS=$(KILLS) $(TEST) -count=1 -timeout 60m $(KILL)

cluster: ## a real cluster killed, stopped, cut off, damaged, grown, under load (CLUSTER_KILLS=10), and raced for one thing (RACES=100)
	HOLDFAST_CLUSTER_KILLS=$(CLUSTER_KILLS) HOLDFAST_RACES=$(RACES) $(TEST) -count=1 -timeout 60m $(CLUSTER)

damage: ## flip bytes of a data folder's files (FLIPS=200): each must be named
	HOLDFAST_FLIPS=$(FLIPS) $(TEST) -count=1 -timeout 60m $(DAMAGE)

sim: ## whole clusters from a seed: seeds 1 to SIMS=2000, the same each time, or the one of SEED=N
ifdef SEED
	$(TEST) -count=1 -timeout 10m -v -run '^TestSeed$$' $(SIM) -seed $(SEED) $(if $(VARIANT),-variant $(VARIANT))
else
	$(TEST) -count=1 -timeout 10m -skip '^TestSeeds$$' $(SIM) ./internal/trial/script
	HOLDFAST_SIMS=$(SIMS) $(TEST) -count=1 -timeout $(if $(filter 0,$(SIMS)),0,30m) -v -run '^TestSeeds$$' $(SIM)
endif

simdisk: ## nodes on disks that fail in every way (SIMDISKS=100 seeds; 0 goes on without end)
	TAGS=$(TAGS) scripts/simdisk.sh $(SIMDISKS)

seeds: ## whole clusters, on from the highest seed in docs/reference/simulated-seeds.md: SEEDS=N thousand (0: without end)
	HOLDFAST_SOAK=$(SEEDS) $(TEST) -count=1 -timeout 0 -v -run '^TestSoak$$' $(SIM)

fuzz: ## fuzz targets that face the network, a moment each (FUZZ_SECONDS=60 of a core in all)
	@scripts/fuzz.sh $(FUZZ_SECONDS) $(FUZZ)

bench: ## rough figures of every suite; see docs/reference/performance.md
	$(GO) run ./cmd/holdfast bench --quick

generate: ## write internal/pb and the wallet API's OpenAPI from proto/ (compiles buf: minutes, the first time)
	$(GO) generate ./internal/pb ./internal/edge/openapi

verify: ## generate again and fail when internal/pb differs
	@scripts/verify.sh

golden: ## write expected outputs anew; look at the diff before you commit it
	$(TEST) -count=1 $$(scripts/packages.sh rewrite) -rewrite
	@git --no-pager diff --stat
