# What every bats file loads: a store and home of its own for each test, run_pod, waiting, and a teardown that removes
# the containers and proves that nothing stays behind.
#
# shellcheck shell=bash
# shellcheck disable=SC2034 # output, status and stderr are read by the tests

bats_require_minimum_version 1.5.0

# shellcheck source=/dev/null disable=SC2153
source "$POD_TEST_WORK/registry/env"
FIXTURES=$POD_TEST_WORK/tests/fixtures
LAYOUTS=$POD_TEST_WORK/layouts

# --- setting up

# a file with more to set up has a setup() of its own that calls this first
setup() {
	base_setup
}

base_setup() {
	T=$BATS_TEST_TMPDIR
	store=$T/store
	export HOME=$T/home
	export POD_TEST_MARK="pod-test=$T;" # finds this test's processes
	mkdir -p "$HOME/.config/containers"
	cd "$T" || return 1
	registries_conf <<-TOML
		[[registry]]
		prefix = "docker.io"
		location = "docker.io"
		[[registry.mirror]]
		location = "$REG_PLAIN"
		insecure = true
	TOML
}

# registries_conf <TEXT: what pod knows of registries; by default docker.io is the loopback registry.
registries_conf() {
	cat >"$HOME/.config/containers/registries.conf"
}

# trust_ca HOST:PORT: the tests' CA counts for this registry.
trust_ca() {
	mkdir -p "$HOME/.config/containers/certs.d/$1"
	cp "$REG_CA" "$HOME/.config/containers/certs.d/$1/ca.crt"
}

# auth_json HOST USER:PASSWORD: as `docker login` leaves it.
auth_json() {
	mkdir -p "$HOME/.docker"
	printf '{"auths": {"%s": {"auth": "%s"}}}\n' "$1" "$(printf %s "$2" | base64 -w 0)" >"$HOME/.docker/config.json"
}

# --- running

pod() {
	# fd 3 is bats' own: a process that keeps it keeps bats waiting
	"$POD" --root "$store" ${POD_STORAGE_DRIVER:+--storage-driver "$POD_STORAGE_DRIVER"} "$@" 3>&-
}

# pod_exec WORD...: for the background, where $! is to be pod itself: `pod_exec run ... &`
pod_exec() {
	exec "$POD" --root "$store" ${POD_STORAGE_DRIVER:+--storage-driver "$POD_STORAGE_DRIVER"} "$@" 3>&-
}

# run_pod [STATUS] WORD...: runs pod, expects the status (0). Sets status, output (stdout), lines and stderr.
run_pod() {
	local want=0
	if [[ $1 =~ ^[0-9]+$ ]]; then
		want=$1
		shift
	fi
	status=0
	output=$(pod "$@" 2>"$T/stderr") || status=$?
	stderr=$(<"$T/stderr")
	mapfile -t lines <<<"$output"
	if [ "$status" != "$want" ]; then
		printf '%s\n' "pod $*" "status $status, expected $want" "stdout: $output" "stderr: $stderr" >&2
		return 1
	fi
}

# pull NAME...: quietly, the images that a test starts from.
pull() {
	local name
	for name; do
		run_pod pull -q "$name" || return 1
	done
}

# --- looking

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

# is ACTUAL EXPECTED: equal, or it shows both, longer texts as a diff.
is() {
	[ "$1" != "$2" ] || return 0
	if [ $((${#1} + ${#2})) -gt 300 ]; then
		fail "expected (-) and got (+):" "$(diff -U 1 <(echo "$2") <(echo "$1") | sed 1,2d | head -n 60)"
	else
		fail "got:      $1" "expected: $2"
	fi
}

# has TEXT PART: a fixed string.
has() {
	[[ $1 == *"$2"* ]] || fail "not in the text: $2" "text: $1"
}

# matches TEXT REGEX
matches() {
	[[ $1 =~ $2 ]] || fail "does not match: $2" "text: $1"
}

# one_line TEXT: an error is one line, without control bytes.
one_line() {
	[ "$(printf '%s\n' "$1" | wc -l)" = 1 ] || fail "more than one line: $1"
	[[ $1 != *[[:cntrl:]]* ]] || fail "control bytes in: $(printf %q "$1")"
}

# eventually SECONDS COMMAND...: until it succeeds; shows its last words when it never does.
eventually() {
	local end=$((SECONDS + $1)) said
	shift
	until said=$("$@" 2>&1); do
		if [ "$SECONDS" -ge "$end" ]; then
			fail "never came true: $*" "$said"
			return 1
		fi
		sleep 0.05
	done
	printf '%s\n' "$said"
}

# field NAME JQ-PATH: out of what inspect says of a container or image.
field() {
	pod inspect "$1" | jq -r ".[0]$2"
}

# state_is CONTAINER STATUS
state_is() {
	is "$(field "$1" .State.Status)" "$2"
}

# logs_have CONTAINER TEXT: on either stream
logs_have() {
	has "$(pod logs "$1" 2>&1)" "$2"
}

# valid SCHEMA FILE: FILE is what the specification says (tests/fixtures/schema/SCHEMA).
valid() {
	python3 "$FIXTURES/validate.py" "$FIXTURES/schema/$1" "$2"
}

# need_genuine NAME: a layout of the folder POD_TEST_IMAGES, or the test is skipped.
need_genuine() {
	[ -d "$LAYOUTS/genuine-$1" ] || skip "no genuine $1 here (POD_TEST_IMAGES)"
}

# free_port: a TCP and UDP port of the host that nobody listens on, below the range that the kernel hands out.
free_port() {
	python3 - <<-'PYTHON'
		import random, socket
		while True:
		    port = random.randrange(10000, 32000)
		    try:
		        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
		            with socket.socket(socket.AF_INET, kind) as s:
		                s.bind(('0.0.0.0', port))
		    except OSError:
		        continue
		    print(port)
		    break
	PYTHON
}

# in_userns COMMAND...: as root of a user namespace in which the user's subordinate ids are 1 and up, like the store's.
in_userns() {
	unshare --map-auto --map-root-user "$@" 3>&-
}

# snapshot: what the store holds, by name, size and link, for before and after. Lock files, caches and empty folders come
# and stay.
snapshot() {
	in_userns find "$store" -path "$store/run*" -prune -o -path "$store/cache" -prune -o ! -name '.*' ! -name '*.lock' \
		! \( -type d -empty \) -printf '%P %y %s %l\n' | sort
}

# store_bytes: what du says of the store, in bytes on disk.
store_bytes() {
	in_userns du -s --block-size=1 "$store" | cut -f1
}

# --- tearing down

# This shell and what it descends from: bats itself.
ancestors() {
	local pid=$BASHPID line
	while [ "$pid" -gt 1 ] && read -r line <"/proc/$pid/stat"; do
		echo "$pid"
		read -r _ pid _ <<<"${line##*) }"
	done 2>/dev/null
}

# Pids that belong to this test: its mark in the environment, or its store in the command line or among the mounts.
test_processes() {
	local mine found pid
	mine=$(ancestors)
	found=$({
		grep -lsaF "$POD_TEST_MARK" /proc/[0-9]*/environ
		grep -lsaF "$store" /proc/[0-9]*/cmdline /proc/[0-9]*/mountinfo
	} | cut -d/ -f3 | sort -u)
	for pid in $found; do
		# those that looked are gone by now
		[ ! -d "/proc/$pid" ] || grep -qxF "$pid" <<<"$mine" || echo "$pid"
	done
}

no_processes() {
	local left
	left=$(test_processes)
	[ -z "$left" ] || fail "processes left behind:" "$(ps -o pid,ppid,stat,args -p "$(echo "$left" | paste -sd,)")"
}

# Nothing of a container is left but the store's images; tmp/ keeps its lock files.
no_folders() {
	local left
	[ -d "$store" ] || return 0
	left=$(in_userns find "$store/containers" "$store/tmp" "$store/run" -mindepth 1 ! -path "$store/tmp/.*" 2>/dev/null | head -20)
	[ -z "$left" ] || fail "folders left behind:" "$left"
}

no_mounts() {
	local left
	left=$(grep -F "$T" /proc/self/mountinfo || :)
	[ -z "$left" ] || fail "mounts left behind:" "$left"
}

# no_cgroups ID...
no_cgroups() {
	local id left
	for id; do
		left=$(find /sys/fs/cgroup -type d -name "*$id*" 2>/dev/null)
		[ -z "$left" ] || fail "cgroups left behind:" "$left" || return 1
	done
}

teardown() {
	local ids=() failed=0
	[ -n "${store-}" ] || return 0 # skipped before it had one
	cd / || return 1
	if [ -d "$store" ]; then
		mapfile -t ids < <(pod ps -aq --no-trunc 2>/dev/null)
		[ ${#ids[@]} = 0 ] || pod rm -f "${ids[@]}" >/dev/null || failed=1
	fi
	eventually 5 no_processes >/dev/null || failed=1
	no_mounts || failed=1
	no_folders || failed=1
	no_cgroups "${ids[@]}" || failed=1
	if [ "$failed" = 1 ]; then
		for pid in $(test_processes); do
			kill -9 "$pid" 2>/dev/null
		done
	fi
	in_userns rm -rf "$store"
	return "$failed"
}
