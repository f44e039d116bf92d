#!/usr/bin/env bats
# More flags of run and create: each seen from inside, or by what the engine does about it; and what is said of wrong values.

load helpers

setup() {
	base_setup
	pull busybox
}

inside() {
	run_pod run --rm --network none "$@"
}

volumes_are() {
	is "$(find "$store/volumes" -mindepth 1 -maxdepth 1 | wc -l)" "$1"
}

# refused FLAG-TITLE WORD...: run with these words ends with 125 and one line that names the flag.
refused() {
	local title=$1
	shift
	run_pod 125 run --rm --network none "$@" busybox true
	one_line "$stderr"
	has "$stderr" "$title"
}

@test "flags: wrong values are one line that names the flag" {
	refused '"-v, --volume"' -v relative:/x/../y
	refused '"-v, --volume"' -v /a:/b:bogus
	refused '"--mount"' --mount type=nosuch,dst=/x
	refused '"--tmpfs"' --tmpfs /x:bogus
	refused '"-p, --publish"' -p 99999:80
	refused '"-m, --memory"' -m lots
	refused 'minimum memory' -m 1m
	refused '"--cpus"' --cpus none
	refused '"--pids-limit"' --pids-limit many
	refused '"--ulimit"' --ulimit nofile=2:1
	refused '"--sysctl"' --sysctl nothing
	refused '"--device"' --device null
	refused '"--cap-drop"' --cap-drop NO_SUCH
	refused '"--security-opt"' --security-opt bogus=1
	refused '"--stop-signal"' --stop-signal NOSUCH
	refused '"--restart"' --restart sometimes
	refused '--restart and --rm' --restart always
	refused '"--log-driver"' --log-driver syslog
	refused '"--pid"' --pid nowhere
	refused '"--network"' --network nowhere
	refused '"-w, --workdir"' -w relative
	refused '"-e, --env"' -e =x
	refused '"--env-file"' --env-file "$T/no-such-file"
	refused '"-l, --label"' -l =x
	refused '"--add-host"' --add-host nothing
	refused '"--oom-score-adj"' --oom-score-adj 5000
	refused '"--pull"' --pull sometimes
	refused '--attach and --detach' -a stdout -d
	refused '"-a, --attach"' -a stdfoo
	refused 'detach keys' --detach-keys ctrl-pp
	refused 'container name' --name 'a b'
	run_pod ps -aq
	is "$output" ""
	[ -z "$(ls "$store/names")" ]
}

@test "flags: --tmpfs, --mount, --shm-size, --read-only" {
	inside --tmpfs /t:size=2m,mode=1770 busybox sh -c 'grep " /t " /proc/mounts; stat -c %a /t'
	has "$output" "size=2048k"
	has "$output" "noexec"
	is "${lines[1]}" 1770
	inside --mount type=tmpfs,dst=/t,tmpfs-size=1m busybox grep ' /t ' /proc/mounts
	has "$output" "size=1024k"
	mkdir "$T/v"
	echo here >"$T/v/f"
	inside --mount "type=bind,src=$T/v,dst=/v,readonly" busybox cat /v/f
	is "$output" here
	run_pod 1 run --rm --network none --mount "type=bind,src=$T/v,dst=/v,readonly" busybox touch /v/g
	run_pod 125 run --rm --network none --mount "type=bind,src=$T/none,dst=/v" busybox true
	has "$stderr" "$T/none"
	inside -v "$T/made:/v" busybox true # docker makes it
	[ -d "$T/made" ]
	inside --shm-size 3m busybox grep ' /dev/shm ' /proc/mounts
	has "$output" "size=3072k"
	run_pod 1 run --rm --network none --read-only busybox touch /x
	has "$stderr" "Read-only file system"
	inside --read-only --tmpfs /tmp busybox touch /tmp/x /dev/shm/x
}

@test "flags: named and anonymous volumes, filled from the image, kept or removed" {
	inside -v data:/etc busybox sh -c 'echo mine >/etc/mine; ls /etc'
	has "$output" passwd
	inside -v data:/d:ro busybox cat /d/mine
	is "$output" mine
	inside --mount type=volume,src=fresh,dst=/etc,volume-nocopy busybox ls /etc/passwd || true
	has "$stderr" "No such file"
	run_pod run --network none --name c -v /anonymous busybox touch /anonymous/x
	volumes_are 3
	run_pod rm c
	volumes_are 3
	run_pod run --network none --name c -v /anonymous busybox true
	run_pod rm -v c
	volumes_are 3
	inside -v /anonymous busybox true # --rm takes it along
	volumes_are 3
}

@test "flags: --ulimit, --sysctl, --group-add, --tz, --domainname, --device" {
	inside --ulimit nofile=100:200 --ulimit core=0 busybox sh -c 'ulimit -n; ulimit -Hn; ulimit -c'
	is "${lines[*]}" "100 200 0"
	inside --sysctl net.ipv4.ip_default_ttl=42 busybox cat /proc/sys/net/ipv4/ip_default_ttl
	is "$output" 42
	inside --group-add audio --group-add 4000 -u 1000:1000 busybox id -G
	is "$output" "1000 29 4000"
	inside --tz Europe/Paris busybox sh -c 'echo $TZ'
	is "$output" Europe/Paris
	inside --hostname h --domainname example.org busybox cat /proc/sys/kernel/domainname
	is "$output" example.org
	inside --device /dev/null:/dev/hole busybox sh -c 'echo x >/dev/hole; [ -c /dev/hole ]'
	run_pod 125 run --rm --network none --device /dev/no-such-device busybox true
	has "$stderr" "/dev/no-such-device"
}

@test "flags: --pid, --ipc, --uts host; --cgroupns; --privileged" {
	inside --pid host busybox readlink /proc/self/ns/pid
	is "$output" "$(readlink /proc/self/ns/pid)"
	inside --ipc host --uts host busybox sh -c 'readlink /proc/self/ns/ipc; readlink /proc/self/ns/uts; hostname'
	is "${lines[0]}" "$(readlink /proc/self/ns/ipc)"
	is "${lines[1]}" "$(readlink /proc/self/ns/uts)"
	is "${lines[2]}" "$(hostname)"
	inside --network host busybox readlink /proc/self/ns/net
	is "$output" "$(readlink /proc/self/ns/net)"
	inside --cgroupns private busybox readlink /proc/self/ns/cgroup
	[ "$output" != "$(readlink /proc/self/ns/cgroup)" ]
	inside --privileged busybox sh -c 'grep -E "^(CapEff|Seccomp):" /proc/self/status; mount -t tmpfs none /mnt 2>/dev/null || mount -t tmpfs none /tmp && echo mounted'
	has "$output" "Seccomp:	0"
	has "$output" mounted
}

@test "flags: --mask and --unmask by --security-opt" {
	inside --security-opt mask=/etc busybox ls /etc
	is "$output" ""
	run_pod 1 run --rm --network none --cap-add NET_ADMIN busybox sh -c 'echo 64 >/proc/sys/net/ipv4/ip_default_ttl'
	inside --cap-add NET_ADMIN --security-opt unmask=/proc/sys busybox sh -c 'echo 63 >/proc/sys/net/ipv4/ip_default_ttl; cat /proc/sys/net/ipv4/ip_default_ttl'
	is "$output" 63
	inside --cap-add NET_ADMIN --security-opt systempaths=unconfined busybox sh -c 'echo 63 >/proc/sys/net/ipv4/ip_default_ttl'
}

@test "flags: labels, annotations, --label-file, --cidfile, --pidfile, --name" {
	printf '# comment\nfrom=file\nboth=file\n' >"$T/labels"
	run_pod run -d --network none --name c -l both=flag -l alone --label-file "$T/labels" --annotation a.b=c \
		--cidfile "$T/cid" --pidfile "$T/pid" busybox sleep 1000
	is "$(cat "$T/cid")" "$output"
	is "$(cat "$T/pid")" "$(pod inspect --format '{{.State.Pid}}' c)"
	is "$(pod inspect --format '{{index .Config.Labels "both"}} {{index .Config.Labels "from"}}' c)" "flag file"
	grep -q '"annotations":{"a.b":"c"}' "$store"/containers/*/config.json
	run_pod 125 run --rm --network none --cidfile "$T/cid" busybox true
	has "$stderr" "container ID file found"
	run_pod ps -q --filter label=both=flag --filter label=alone
	is "$output" "$(cut -c1-12 "$T/cid")"
	run_pod ps -q --filter label=both=file
	is "$output" ""
	run_pod rm -f c
}

@test "flags: --stop-signal and --stop-timeout" {
	run_pod run -d --network none --name c --stop-signal USR1 busybox sh -c 'trap "exit 44" USR1; echo ready; while :; do sleep 0.05; done'
	eventually 5 eval '[ -n "$(pod logs c)" ]'
	run_pod stop c
	is "$(pod inspect --format '{{.State.ExitCode}}' c)" 44
	run_pod rm c
	run_pod run -d --network none --name c --stop-timeout 1 busybox sleep 1000 # process 1 ignores SIGTERM
	local before=$SECONDS
	run_pod stop c
	[ $((SECONDS - before)) -lt 8 ]
	is "$(pod inspect --format '{{.State.ExitCode}}' c)" 137
	run_pod rm c
}

@test "flags: --restart" {
	run_pod run -d --network none --name c --restart on-failure:2 busybox sh -c 'echo turn; exit 3'
	run_pod wait c
	is "$output" 3
	is "$(pod logs c | grep -c turn)" 3
	is "$(pod inspect --format '{{.RestartCount}} {{.State.Status}}' c)" "2 exited"
	run_pod rm c
	run_pod run -d --network none --name c --restart always busybox sh -c 'echo turn; sleep 0.1'
	eventually 10 eval '[ "$(pod logs c | grep -c turn)" -ge 3 ]'
	run_pod stop -t 0 c
	state_is c exited
	run_pod rm c
	# a program that cannot be started is not tried for ever
	run_pod 127 run -d --network none --name c --restart always busybox no-such-program
	state_is c created
	run_pod rm c
}

@test "flags: -P and --expose" {
	run_pod run -d --name c -P --expose 8080 --expose 9000-9001/udp busybox sleep 1000
	matches "$(pod ps --format '{{.Ports}}')" '0.0.0.0:[0-9]+->8080/tcp.*0.0.0.0:[0-9]+->9000/udp'
	run_pod rm -f c
	run_pod run -d --network none --name c --expose 8080 busybox sleep 1000
	is "$(pod ps --format '{{.Ports}}')" 8080/tcp
	run_pod rm -f c
}

@test "flags: limits are an error only where nothing can keep them" {
	status=0
	output=$(pod run --rm --network none --memory 100m busybox true 2>&1) || status=$?
	[ "$status" = 0 ] || has "$output" "memory.limit"
	inside --cpu-shares 100 busybox true
	inside --oom-score-adj 500 busybox cat /proc/self/oom_score_adj
	is "$output" 500
}

@test "flags: -a chooses streams; -i without a reader; --entrypoint ''" {
	inside -a stderr busybox sh -c 'echo out; echo err >&2'
	is "$output" ""
	is "$stderr" err
	run_pod run -d -i --network none --name c busybox sh -c 'cat; echo end'
	state_is c running
	echo typed | pod attach c >"$T/out" &
	local client=$!
	eventually 5 grep -q typed "$T/out"
	state_is c running # its stdin stays open for the next one
	run_pod rm -f c
	wait "$client" || true
	run_pod 125 run --rm --network none --entrypoint '' busybox
	has "$stderr" "no command specified"
	inside --entrypoint '' busybox echo plain
	is "$output" plain
}

@test "ps: filters, -l, -n, --no-trunc, --format" {
	run_pod run -d --network none --name one busybox sleep 1000
	run_pod run --network none --name two busybox true
	run_pod 7 run --network none --name three busybox sh -c 'exit 7'
	is "$(pod ps --format '{{.Names}}')" one
	is "$(pod ps -a --format '{{.Names}}' | paste -sd' ')" "three two one"
	is "$(pod ps -l --format '{{.Names}}')" three
	is "$(pod ps -n 2 --format '{{.Names}}' | paste -sd' ')" "three two"
	is "$(pod ps --filter status=exited --format '{{.Names}}' | paste -sd' ')" "three two"
	is "$(pod ps -a --filter exited=7 --format '{{.Names}}')" three
	is "$(pod ps -a --filter name=tw --format '{{.Names}}')" two
	is "$(pod ps -a --filter ancestor=busybox --filter before=three --format '{{.Names}}' | paste -sd' ')" "two one"
	is "$(pod ps -a --filter "id=$(pod ps -q)" --format '{{.Names}}')" one
	is "$(pod ps -q --no-trunc | tr -d '\n' | wc -c)" 64
	is "$(pod ps --format json | python3 -c 'import json,sys; print(json.load(sys.stdin)["State"])')" running
	run_pod 1 ps --filter status=bogus
	has "$stderr" bogus
	run_pod rm -f one two three
}

@test "logs: --since, --until, -t, and of a container without a log" {
	run_pod run --network none --name c busybox sh -c 'echo first; sleep 1.1; echo second'
	local middle
	run_pod logs -t c
	matches "${lines[0]}" '^20[0-9-]+T[0-9:.]+Z first$'
	middle=${lines[1]%% *}
	run_pod logs --since "$middle" c
	is "$output" second
	run_pod logs --until "${lines[0]:0:0}$(pod logs -t c | head -n 1 | cut -d' ' -f1)" c
	is "$output" first
	run_pod logs --since 1h --tail 1 c
	is "$output" second
	run_pod 1 logs --since yesterday c
	has "$stderr" yesterday
	run_pod 1 logs --tail some c
	run_pod rm c
	run_pod run --network none --log-driver none --name c busybox echo unseen
	run_pod 1 logs c
	has "$stderr" "does not support reading"
	run_pod rm c
}

@test "exec: -d lives on, the streams end with the process, a signal gives the terminal back" {
	run_pod run -d --network none --name c busybox sleep 1000
	# what is left behind holds no descriptor of the caller's
	is "$(pod exec c sh -c 'sleep 1000 & echo done')" "done"
	run_pod exec --privileged c grep CapEff /proc/self/status
	[ "$output" != "CapEff:	00000000a80425fb" ]
	run_pod 125 exec -u nosuchuser c true
	has "$stderr" nosuchuser
	head -c 2000000 /dev/urandom >"$T/data"
	is "$(pod exec -i c sha256sum <"$T/data")" "$(sha256sum <"$T/data")"
	is "$(pod exec -i c cat <"$T/data" | sha256sum)" "$(sha256sum <"$T/data")"
	run_pod rm -f c
}

@test "start: -a and -i, and what runs already" {
	run_pod create -i --network none --name c busybox sh -c 'read x; echo "got $x"; exit 5'
	status=0
	output=$(echo word | pod start -ai c) || status=$?
	is "$status" 5
	is "$output" "got word"
	run_pod rm c
	run_pod run -d --network none --name c busybox sleep 1000
	run_pod start c
	is "$output" c
	run_pod rm -f c
}
