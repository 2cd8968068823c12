# make test runs everything that .ci/run runs. It installs what the tests need
# and this machine lacks, by Debian's package manager and npm.
GO ?= go
export CGO_ENABLED = 1

.PHONY: build test compile unraced deps axe noble fast race idle silence reader interop screenshots hostile drill drill-short fuzz sim sim-story sim-picture sim-fork sim-shrink simdisk faults bench clean

build:
	$(GO) build -o bin/parley ./cmd/parley

deps:
	sh tools/deps.sh

# test compiles while it installs: on a new machine both take minutes.
test:
	sh tools/deps.sh gcc
	$(MAKE) axe noble
	$(MAKE) -j 2 deps compile
	$(MAKE) unraced
	sh tools/test.sh

# compile looks at all with vet once, as the race detector's build has it, which is
# that of the tests: another build would be made for vet alone.
compile: build
	sh tools/race.sh build ./...
	sh tools/race.sh vet ./...

# unraced looks at what that build leaves out, and tries what the race detector makes
# another thing of.
unraced:
	$(GO) vet $$(grep -rl --include='*.go' '^//go:build !race' cmd internal | xargs -n 1 dirname | sort -u | sed 's|^|./|')
	$(GO) test -count=1 -vet=off -run '^TestAllocations$$' ./internal/call/trunk

# fast is for the hand: no race detector, no browser, no foreign parts.
fast:
	$(GO) test -short ./...

# axe installs axe-core, with which the browser tests look at every page.
axe:
	cd tools/axe && npm ci --no-audit --no-fund --silent

# reader checks the second implementation, in JavaScript, against the vectors.
reader: noble
	cd spec/reader && npm test --silent

noble:
	cd spec/reader && npm ci --no-audit --no-fund --silent

# interop checks our C2SP formats against third-party code and a real witness.
interop:
	cd interop && $(GO) vet ./... && $(GO) test -vet=off -timeout 15m ./...

# screenshots makes the pictures of the desk in docs/desk, from a desk that
# serves, in a browser.
screenshots:
	cd internal/desk && $(GO) test -count=1 -run '^TestScreens$$' . -args -screens $(CURDIR)/docs/desk

# idle leaves signed-in, hidden tabs of Chromium and Firefox alone for as long as
# IDLE says, and then sends their station a FLASH and measures when they sound. It
# needs the Debian package xvfb besides.
IDLE ?= 2h
idle: deps
	cd internal/desk && $(GO) test -count=1 -v -timeout 0 -run '^TestIdle$$' . -args -idle $(IDLE)

# silence puts a call through between Chromium and Firefox, lets nobody speak on it
# for as long as SILENCE says, and then measures whether both are heard.
SILENCE ?= 3h
silence: deps
	cd internal/desk && $(GO) test -count=1 -v -timeout 0 -run '^TestCallSilence$$' . -args -silence $(SILENCE)

# hostile lets a peer with valid keys do everything wrong to a real station, and
# prints what each attack costs (docs/threats.md).
hostile:
	cd internal/hostile && PARLEY_HOSTILE_FULL=1 $(GO) test -count 1 -timeout 60m

# drill-short kills, starves and restores real stations a few times.
drill-short:
	cd drill && $(GO) vet ./... && $(GO) test -vet=off -timeout 15m ./...

# drill does so for long, and prints what it did (docs/drill.md). A SEED plays
# the same choices again.
KILLS ?= 1000
POWERS ?= 25
RESTORES ?= 100
LOSSES ?= 100
HISTORIES ?= 5
SEED ?= 0
drill: deps
	cd drill && $(GO) test -count=1 -v -timeout 0 . -args -kills $(KILLS) -faults -powers $(POWERS) \
		-restores $(RESTORES) -losses $(LOSSES) -histories $(HISTORIES) -seed $(SEED) -keep $(CURDIR)/bin/drill

# fuzz gives every fuzz target, those of interop too, FUZZTIME each; see tools/fuzz.sh.
FUZZTIME ?= 1m
fuzz:
	sh tools/fuzz.sh $(FUZZTIME)

# sim runs whole stations on virtual time, seed after seed from SEED on, until
# HOURS line-hours are simulated, and checks every promise all through
# (docs/simulation.md). sim-story tells what happens in one seed.
# WITH=-contacts, -said, -calls, -joins or -all lets more go on than dispatches.
# WITH=-sqlite keeps records in the real store, on disks that are simulated.
HOURS ?= 10000
SEED ?= 1
WITH ?= $(CONTACTS)
sim:
	$(GO) run ./internal/sim/simulate -hours $(HOURS) -seed $(SEED) $(WITH)

sim-story:
	$(GO) run ./internal/sim/simulate -do story -seed $(SEED) $(WITH)

# sim-picture writes one page that plays a seed. sim-fork is the same of a plan
# in which a station forks its log.
sim-picture:
	$(GO) run ./internal/sim/simulate -do picture -seed $(SEED) $(WITH) -out sim-$(SEED).html

sim-fork:
	$(GO) run ./internal/sim/simulate -do picture -forks -seed $(SEED) -out sim-fork-$(SEED).html

# sim-shrink finds the shortest plan that breaks the promise that a seed breaks,
# and tells it in a few lines. FAULT=name does it with a deliberate fault.
FAULT ?=
sim-shrink:
	$(GO) run ./internal/sim/simulate -do shrink -seed $(SEED) $(WITH) -fault "$(FAULT)" -out sim-$(SEED).json

# simdisk runs the store on a simulated disk: power lost, and errors, at every
# persist point of a script, SIMDISK_SEEDS times.
SIMDISK_SEEDS ?= 20
simdisk:
	SIMDISK_SEEDS=$(SIMDISK_SEEDS) $(GO) test -count=1 -timeout 4h -v ./internal/sim/simdisk

# faults shows that the simulator finds bugs: each deliberate fault, and the seed
# that catches it. One whose edit no longer fits the source is an error.
faults:
	$(GO) run ./internal/sim/simulate -do faults -seconds 60

bench:
	$(GO) run ./bench

clean:
	rm -rf bin spec/reader/node_modules tools/axe/node_modules
