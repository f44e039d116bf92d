#!/usr/bin/env bats
# A pull that is ended, killed, or not alone.

load helpers

# start_slow: a pull in the background that has begun with its layer; sets pid. Its stderr goes to $T/slow.
start_slow() {
	name=$HOSTILE/slow/$RANDOM/busybox:single
	pod_exec pull "$name" >"$T/slow.out" 2>"$T/slow" &
	pid=$!
	eventually 20 grep -q Downloading "$T/slow" >/dev/null
}

# ended STATUS: the background pull ends with it.
ended() {
	local got=0
	wait "$pid" || got=$?
	is "$got" "$1"
}

@test "pull: SIGINT, SIGTERM and SIGHUP end it with docker's status, and nothing is left" {
	local before signal
	pod images
	before=$(snapshot)
	for signal in INT:130 TERM:143 HUP:129; do
		start_slow
		kill -"${signal%:*}" "$pid"
		ended "${signal#*:}"
		matches "$(tail -n 1 "$T/slow")" "^pod: '$name': interrupted"
		is "$(snapshot)" "$before"
	done
}

@test "pull: an ignored SIGHUP does not end it" {
	local name=$HOSTILE/slow/$RANDOM/busybox:single
	(
		trap '' HUP
		pod_exec pull "$name" >"$T/slow.out" 2>"$T/slow"
	) &
	pid=$!
	eventually 20 grep -q Downloading "$T/slow" >/dev/null
	pkill -HUP -P "$pid" || kill -HUP "$pid"
	ended 0
	matches "$(<"$T/slow.out")" '^[0-9a-f]{64}$'
}

@test "pull: after kill -9 the next pull works and sweeps" {
	local before
	pod images
	before=$(snapshot)
	start_slow
	kill -KILL "$pid"
	ended 137
	pull busybox:single
	run_pod run --rm --network none busybox:single echo whole
	is "$output" whole
	pod rmi busybox:single
	eventually 10 eval 'is "$(snapshot)" "$before"' >/dev/null
}

@test "pull: two at once of one image both get it, four of two images too" {
	local pids=() p run=$RANDOM
	for name in "$HOSTILE/slow/$run/busybox:single" "$HOSTILE/slow/$run/busybox:single" nginx:alpine nginx:alpine; do
		pod_exec pull -q "$name" >"$T/out.${#pids[@]}" 2>"$T/err.${#pids[@]}" &
		pids+=($!)
	done
	for p in "${pids[@]}"; do
		wait "$p" || fail "$(cat "$T"/err.*)"
	done
	cmp "$T/out.0" "$T/out.1"
	cmp "$T/out.2" "$T/out.3"
	run_pod run --rm --network none nginx:alpine cat /etc/nginx/conf.d/default.conf
	run_pod run --rm --network none "$HOSTILE/slow/$run/busybox:single" true
	is "$(ls "$store/tmp")" ""
}
