#!/usr/bin/env bats
# What survives: kill -9 anywhere, two hundred runs, eight at once, the end of the terminal.

load helpers

# The process that stays with a container: the parent of its init.
monitor_of() {
	ps -o ppid= -p "$(field "$1" .State.Pid)" | tr -d ' '
}

@test "robust: two hundred runs in a row leave the store as it was" {
	pull busybox
	pod run --rm --network none busybox true
	local before i
	before=$(store_bytes)
	for i in $(seq 200); do
		pod run --rm --network none busybox true || fail "run $i: status $?"
	done
	is "$(store_bytes)" "$before"
	run_pod ps -aq
	is "$output" ""
}

@test "robust: eight at once, with and without a network" {
	pull busybox
	pod run --rm busybox true
	local before
	before=$(store_bytes)
	export -f pod
	export store
	seq 64 | xargs -P 8 -I{} bash -c 'pod run --rm --network none busybox sh -c "exit 0" || echo "{}: $?"' >"$T/bad" 2>&1
	is "$(cat "$T/bad")" ""
	seq 16 | xargs -P 8 -I{} bash -c 'pod run --rm busybox true || echo "{}: $?"' >"$T/bad" 2>&1
	is "$(cat "$T/bad")" ""
	is "$(store_bytes)" "$before"
}

@test "robust: eight pulls of one image at once" {
	export -f pod
	export store
	seq 8 | xargs -P 8 -I{} bash -c 'pod pull -q nginx:alpine >/dev/null || echo "{}: $?"' >"$T/bad" 2>&1
	is "$(cat "$T/bad")" ""
	run_pod run --rm --network none nginx:alpine nginx -v
	is "$(find "$store/layers" -mindepth 1 -maxdepth 1 -type d | wc -l)" 4
	is "$(pod images -q | wc -l)" 1
}

@test "robust: kill -9 of the monitor: the container is over, and the next command says so" {
	run_pod run -d --name c -p "$(free_port):80" busybox sleep 1000
	local init monitor
	init=$(field c .State.Pid)
	monitor=$(monitor_of c)
	kill -9 "$monitor"
	eventually 5 eval "! kill -0 $init"
	state_is c exited
	run_pod ps -a
	has "$output" "Exited"
	matches "$(pod inspect c)" 'monitor'
	run_pod 1 exec c true
	matches "$stderr" 'not running'
	eventually 5 no_processes
	run_pod start c
	state_is c running
	run_pod rm -f c
}

@test "robust: kill -9 of the client: the container goes on" {
	pod_exec run --name c --network none busybox sh -c 'echo up; sleep 1000' >"$T/out" &
	local client=$!
	eventually 10 grep -q up "$T/out"
	kill -9 "$client"
	wait "$client" || true
	state_is c running
	run_pod exec c true
	run_pod rm -f c
}

@test "robust: kill -9 of init: the exit code is 137" {
	run_pod run -d --name c --network none busybox sleep 1000
	kill -9 "$(field c .State.Pid)"
	run_pod wait c
	is "$output" 137
	run_pod rm c
}

@test "robust: kill -9 in the middle of a pull leaves litter that the next command sweeps" {
	pull "$REG_PLAIN/features:latest"
	run_pod rmi "$REG_PLAIN/features:latest"
	local before run=killed-$RANDOM
	before=$(snapshot)
	pod_exec pull -q "$HOSTILE/slow/$run/busybox:single" >/dev/null 2>&1 &
	local puller=$!
	eventually 10 grep -q "slow/$run/busybox/blobs/.*" "$HOSTILE_LOG"
	sleep 0.3
	kill -9 "$puller"
	wait "$puller" || true
	eventually 5 no_processes
	run_pod images -q
	is "$output" ""
	run_pod run --rm --network none "$HOSTILE/ok/$run/busybox:single" echo whole
	is "$output" whole
	run_pod rmi "$HOSTILE/ok/$run/busybox:single"
	is "$(snapshot)" "$before"
}

@test "robust: kill -9 of pod during create, at many moments" {
	pull busybox
	local i before
	before=$(snapshot)
	for i in $(seq 0 29); do
		pod_exec run -d --network none --name "c$i" busybox sleep 1000 >/dev/null 2>&1 &
		sleep "$(printf '0.%03d' $((i * 2)))"
		kill -9 $! 2>/dev/null || true
		wait $! || true
		pod ps -a >/dev/null
	done
	mapfile -t lines < <(pod ps -aq)
	[ "${#lines[@]}" = 0 ] || pod rm -f "${lines[@]}" >/dev/null
	eventually 5 no_processes
	is "$(snapshot)" "$before"
	run_pod run --rm --network none --name c0 busybox echo fine
	is "$output" fine
}

@test "robust: a detached container survives the terminal" {
	pull busybox
	printf 'expect [0-9a-f]{64}\nsend \\r\nhangup\n' | python3 "$FIXTURES/terminal.py" 24x80 \
		sh -c "'$POD' --root '$store' run -d --name c --network none busybox sleep 1000; read x" 3>&- || true
	state_is c running
	run_pod rm -f c
}

@test "robust: a store under a very long path, and names of the longest kind" {
	local long=$T name
	while [ ${#long} -lt 200 ]; do
		long+=/a-long-folder-name
	done
	mkdir -p "$long"
	store=$long/store
	name=$(printf 'n%.0s' {1..128})
	run_pod run -d --name "$name" busybox sleep 1000
	run_pod exec "$name" true
	run_pod stop -t 0 "$name"
	run_pod rm "$name"
}

@test "robust: a full file system is one clear line" {
	# a file system of its own, seen by this command only
	run unshare -rm true
	[ "$status" = 0 ] || skip "no user namespaces for the test itself"
	status=0
	output=$(unshare -rm sh -c "mkdir -p '$store' && mount -t tmpfs -o size=600k tmpfs '$store' &&
		'$POD' --root '$store' pull -q nginx:alpine" 2>&1 3>&-) || status=$?
	is "$status" 125
	one_line "$output"
	matches "$output" '[Nn]o space'
}
