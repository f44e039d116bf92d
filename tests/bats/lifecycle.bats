#!/usr/bin/env bats
# Containers as docker's users know them: run, create, start, stop, kill, wait, logs, exec, attach, exit codes, signals.

load helpers

setup() {
	base_setup
	pull busybox
}

# most of these need no network, and start faster without
run_busybox() {
	local want=0
	if [[ $1 =~ ^[0-9]+$ ]]; then
		want=$1
		shift
	fi
	run_pod "$want" run --network none "$@"
}

@test "run: output, errors and exit codes are the program's" {
	run_busybox --rm busybox sh -c 'echo out; echo err >&2'
	is "$output" out
	is "$stderr" err
	run_busybox 7 --rm busybox sh -c 'exit 7'
	run_busybox 125 --rm --no-such-flag busybox true
	has "$stderr" no-such-flag
	run_busybox 126 --rm busybox /etc/passwd
	matches "$stderr" '/etc/passwd.*[Pp]ermission denied'
	run_busybox 127 --rm busybox no-such-program
	matches "$stderr" 'no-such-program.*(not found|[Nn]o such file)'
	# process 1 is not killed from inside: its child is
	run_busybox 137 --rm --init busybox sh -c 'kill -9 $$'
	run_busybox 143 --rm --init busybox sh -c 'kill -15 $$; sleep 5'
	run_pod ps -aq
	is "$output" ""
}

@test "run: standard input goes in with -i and only then" {
	is "$(echo hello | pod run --rm -i --network none busybox cat)" hello
	is "$(echo hello | pod run --rm --network none busybox cat)" ""
	head -c 3000000 /dev/urandom >"$T/data"
	is "$(pod run --rm -i --network none busybox sha256sum <"$T/data")" "$(sha256sum <"$T/data")"
	is "$(pod run --rm -i --network none busybox cat <"$T/data" | sha256sum)" "$(sha256sum <"$T/data")"
}

@test "run: a signal to pod goes to the program" {
	pod_exec run --rm --name c --network none busybox sh -c 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.1; done' >"$T/out" &
	local client=$!
	eventually 10 grep -q ready "$T/out"
	kill -TERM "$client"
	status=0
	wait "$client" || status=$?
	is "$status" 9
	has "$(cat "$T/out")" "got it"
	pod_exec run --rm --network none --init busybox sleep 1000 &
	client=$!
	eventually 10 eval '[ -n "$(pod ps -q)" ]'
	eventually 10 eval 'state_is "$(pod ps -q)" running'
	kill -TERM "$client"
	status=0
	wait "$client" || status=$?
	is "$status" 143
}

@test "run: -d prints the id and comes back; the container has no terminal to lose" {
	run_busybox -d --name c busybox sh -c 'echo started; exec sleep 1000'
	matches "$output" '^[0-9a-f]{64}$'
	state_is c running
	eventually 5 logs_have c started
	run_pod rm -f c
	# a program that cannot be started is told by run -d too
	run_busybox 127 -d --name c busybox no-such-program
	has "$stderr" no-such-program
	run_pod rm -f c
}

@test "run: --rm removes, also with -d, and after a failure to start" {
	run_busybox -d --rm --name c busybox sleep 0.2
	eventually 10 eval '[ -z "$(pod ps -aq)" ]'
	run_busybox 127 --rm busybox no-such-program
	run_pod ps -aq
	is "$output" ""
}

@test "run: a name is taken once and free again after rm" {
	run_busybox --name c busybox true
	run_busybox 125 --name c busybox true
	one_line "$stderr"
	matches "$stderr" "'?\"?c'?\"? .*in use|name.*c"
	run_pod rm c
	run_busybox --name c busybox true
	run_busybox 125 --name 'b@d/name' busybox true
	one_line "$stderr"
	run_busybox 125 --name '../x' busybox true
}

@test "create, start, stop, start, rm: the states are docker's" {
	run_pod create --name c --network none busybox sh -c 'echo up; sleep 1000'
	matches "$output" '^[0-9a-f]{64}$'
	state_is c created
	run_pod start c
	is "$output" c
	state_is c running
	run_pod 1 rm c
	one_line "$stderr"
	matches "$stderr" 'running'
	run_pod stop -t 1 c
	state_is c exited
	is "$(field c .State.ExitCode)" 137
	run_pod start c
	state_is c running
	run_pod kill c
	eventually 5 state_is c exited
	run_pod rm c
	run_pod 1 start c
	one_line "$stderr"
	matches "$stderr" "no such container.*c"
}

@test "stop: the image's signal, -t before SIGKILL, and an exited container" {
	run_pod run -d --name c --network none "$REG_PLAIN/features:stopsignal"
	eventually 5 eval 'grep -q SigCgt:.*[1-9a-f] "/proc/$(field c .State.Pid)/status"'
	run_pod stop c
	is "$(field c .State.ExitCode)" 42
	run_pod stop c
	run_pod rm c
	run_busybox -d --name d busybox sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	run_pod stop -t 1 d
	is "$(field d .State.ExitCode)" 137
	run_pod rm d
}

@test "kill: any signal by name and number" {
	run_busybox -d --name c busybox sh -c 'trap "echo usr1" USR1; trap "echo hup" HUP; echo ready; while :; do sleep 0.05; done'
	eventually 5 logs_have c ready
	run_pod kill -s USR1 c
	eventually 5 logs_have c usr1
	run_pod kill --signal SIGHUP c
	eventually 5 logs_have c hup
	state_is c running
	run_pod kill -s 9 c
	eventually 5 state_is c exited
	is "$(field c .State.ExitCode)" 137
	run_pod 1 kill c
	matches "$stderr" 'not running'
	run_pod 1 kill -s NOSUCH c
	has "$stderr" NOSUCH
	run_pod rm c
}

@test "wait: prints the exit code, of a running and of an exited container" {
	run_busybox -d --name c busybox sh -c 'sleep 0.5; exit 5'
	run_pod wait c
	is "$output" 5
	run_pod wait c
	is "$output" 5
	run_pod rm c
	run_pod 1 wait c
}

@test "logs: both streams apart, -f until the end, --tail" {
	run_busybox -d --name c busybox sh -c 'for i in 1 2 3; do echo out$i; echo err$i >&2; sleep 0.2; done; printf partial'
	run_pod logs -f c
	is "$output" "out1
out2
out3
partial"
	is "$stderr" "err1
err2
err3"
	run_pod logs --tail 1 c
	is "$output" partial
	run_pod wait c
	run_pod logs c
	has "$output" out1
	run_pod rm c
}

@test "logs: long lines and control bytes come back as they were" {
	pod run --name c --network none busybox sh -c 'head -c 100000 /dev/zero | tr "\0" x; echo; printf "\0\033[31mz\177\377\n"' >"$T/out"
	pod logs c >"$T/logs"
	is "$(head -n 1 "$T/logs" | wc -c)" 100001
	is "$(tail -n 1 "$T/logs" | od -An -tx1 | tr -d ' \n')" 001b5b33316d7a7fff0a
	cmp "$T/out" "$T/logs"
	run_pod rm c
}

@test "exec: output, exit codes, -i, -e, -w, -u, and what it needs" {
	run_busybox -d --name c -e BASE=1 busybox sleep 1000
	run_pod exec c sh -c 'echo out; echo err >&2; exit 3' || is "$status" 3
	run_pod 3 exec c sh -c 'echo out; echo err >&2; exit 3'
	is "$output" out
	is "$stderr" err
	run_pod exec -e MORE=2 -w /tmp -u 1000:29 c sh -c 'echo $BASE $MORE $PWD $(id -u) $(id -g)'
	is "$output" "1 2 /tmp 1000 29"
	is "$(echo hello | pod exec -i c cat)" hello
	run_pod 127 exec c no-such-program
	has "$stderr" no-such-program
	run_pod 126 exec c /etc/passwd
	run_pod 137 exec c sh -c 'kill -9 $$'
	run_pod exec c ps -o pid,args
	has "$output" "1 sleep 1000"
	run_pod exec -d c sh -c 'echo done >/tmp/detached'
	eventually 5 pod exec c cat /tmp/detached
	is "$(pod exec c readlink /proc/self/ns/pid)" "$(pod exec c readlink /proc/1/ns/pid)"
	run_pod rm -f c
	run_busybox --name d busybox true
	run_pod 1 exec d true
	matches "$stderr" 'not running'
	run_pod rm d
}

@test "exec: has no more rights than the container" {
	run_busybox -d --name c --cap-drop all --security-opt no-new-privileges busybox sleep 1000
	run_pod exec c grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status
	is "$output" "$(pod exec c grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/1/status)"
	has "$output" "CapBnd:	0000000000000000"
	has "$output" "Seccomp:	2"
	run_pod rm -f c
}

@test "attach: sees what comes, gives the exit code, passes input" {
	run_busybox -d -i --name c busybox sh -c 'read line; echo "got $line"; exit 4'
	status=0
	output=$(echo hello | pod attach c) || status=$?
	is "$status" 4
	is "$output" "got hello"
	run_pod 1 attach c
	matches "$stderr" 'not running|stopped'
	run_pod rm c
}

@test "attach: leaving does not stop the container" {
	run_busybox -d --name c busybox sh -c 'while :; do echo tick; sleep 0.1; done'
	pod_exec attach --sig-proxy=false c >"$T/out" &
	local client=$!
	eventually 5 grep -q tick "$T/out"
	kill -9 "$client"
	wait "$client" || true
	state_is c running
	run_pod logs --tail 1 c
	is "$output" tick
	run_pod rm -f c
}

@test "ps and inspect: what was asked, what is" {
	run_busybox -d --name c -e A=b --hostname boxy -w /tmp --label role=test busybox sleep 1000
	local id=$output
	run_pod ps
	has "$output" "CONTAINER ID"
	has "$output" "${id:0:12}"
	has "$output" "Up"
	run_busybox --name old busybox true
	run_pod ps
	[[ $output != *old* ]]
	run_pod ps -a
	has "$output" "Exited (0)"
	is "$(pod ps -aq | wc -l)" 2
	is "$(field c .Id)" "$id"
	is "$(field "${id:0:12}" .Name | tr -d /)" c
	is "$(field c .Config.Hostname)" boxy
	is "$(field c .Config.WorkingDir)" /tmp
	is "$(field c .Config.Labels.role)" test
	is "$(field c .State.Running)" true
	[ -d "/proc/$(field c .State.Pid)" ]
	run_pod 1 inspect no-such-thing
	has "$stderr" no-such-thing
	run_pod rm -f c old
}

@test "rm: -f ends what runs; several at once; one wrong name does not keep the others" {
	run_busybox --name a busybox true
	run_busybox --name b busybox true
	run_busybox -d --name c busybox sleep 1000
	run_pod 1 rm a no-such-one b
	one_line "$stderr"
	has "$stderr" no-such-one
	run_pod rm -f c no-such-one # docker: told, and no failure
	has "$stderr" "no such container: no-such-one"
	run_pod ps -aq
	is "$output" ""
}

@test "rmi: refuses an image that a container uses, unless forced" {
	run_busybox --name c busybox true
	run_pod 1 rmi busybox
	one_line "$stderr"
	has "$stderr" "in use"
	run_pod start -a c
	run_pod rm c
	run_pod rmi busybox
}
