#!/usr/bin/env bats
# `pod oci`: what a container's process is given: ids, capabilities, limits, folder, files, terminal; and exec.

load helpers
load oci_helpers

@test "oci process: user, groups, umask, HOME, folder, limits, score" {
	new_bundle 'id; umask; echo "$HOME"; pwd; ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj; grep NoNew /proc/self/status'
	map_ranges
	edit '.process.user = {uid: 4001, gid: 4002, umask: 63, additionalGids: [4003, 4000]} | .process.cwd = "/etc"
		| .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}] | .process.oomScoreAdj = 500'
	run_oci run -b "$B" one
	is "$output" "uid=4001 gid=4002 groups=4000,4003
0077
/
/etc
100
200
500
NoNewPrivs:	1"
	echo 'who:x:4001:4002::/home/who:/bin/sh' >>"$B/rootfs/etc/passwd"
	edit '.process.args = ["sh", "-c", "echo $HOME"] | .process.noNewPrivileges = false'
	run_oci run -b "$B" one
	is "$output" /home/who
	edit '.process.env += ["HOME=/given"] | .process.args[2] = "echo $HOME; grep NoNew /proc/self/status"'
	run_oci run -b "$B" one
	is "$output" "/given
NoNewPrivs:	0"
}

@test "oci process: ids that are not mapped are refused by number" {
	new_bundle true
	edit '.process.user.uid = 1000'
	refused 'set the user 1000 \(it is not mapped\)' run -b "$B" one
	edit '.process.user = {uid: 0, gid: 9}'
	refused 'set the group 9 \(it is not mapped\)' run -b "$B" one
	gone
}

@test "oci process: no file descriptor but 0-2 comes along, --preserve-fds passes on" {
	new_bundle 'ls /proc/self/fd | paste -sd" "; cat <&3'
	exec 7<"$B/config.json"
	edit '.process.args[2] = "ls -l /proc/self/fd | wc -l"'
	run_oci run -b "$B" one
	is "$output" 5 # total, 0-2, the folder itself
	echo passed >"$T/three"
	echo four >"$T/four"
	edit '.process.args[2] = "cat <&3; cat <&4; ls /proc/self/fd | wc -l"'
	output=$("$POD" oci --root "$T/oci" run --preserve-fds 2 -b "$B" one 3<"$T/three" 4<"$T/four" 7<&-)
	is "$output" $'passed\nfour\n6'
	status=0
	output=$("$POD" oci --root "$T/oci" run --preserve-fds 2 -b "$B" one 3<"$T/three" 4<&- 2>&1) || status=$?
	is "$status" 1
	has "$output" "fd 4 is not open"
	exec 7<&-
}

@test "oci process: a working folder that leads out is refused (CVE-2024-21626)" {
	new_bundle
	ln -s /proc/self/fd/7/../../.. "$B/rootfs/out"
	touch "$B/rootfs/inside"
	edit '.process.args[2] = "ls -a /proc/self/cwd/../../../../../.."'
	for path in /proc/self/fd/{3..20} /proc/self/fd/{3..20}/../../.. /out; do
		edit '.process.cwd = $path' --arg path "$path"
		# some are of the container's own folders
		if oci run -b "$B" one >"$T/listed" 2>"$T/err" </dev/null; then
			is "$(grep -c '^inside$' "$T/listed")" 1
		else
			has "$(cat "$T/err")" 'working folder'
		fi
	done
	gone
	edit '.process.cwd = "/made/by/create" | .root.readonly = false | .process.args[2] = "pwd"'
	run_oci run -b "$B" one
	is "$output" /made/by/create
	edit '.process.cwd = "/" | .process.args = ["sleep", "1000"]'
	create one
	run_oci start one
	for fd in {3..20}; do
		run_oci 255 exec --cwd "/proc/self/fd/$fd" one ls
		has "$stderr" 'working folder'
	done
	run_oci delete -f one
}

@test "oci process: capabilities are what is asked for, unknown ones are warned of" {
	new_bundle 'grep Cap /proc/self/status | tr "\t\n" " "'
	edit '.process.capabilities = {bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_NONSENSE"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"],
		inheritable: [], ambient: []}'
	run_oci run -b "$B" one
	is "$output" 'CapInh: 0000000000000000 CapPrm: 0000000000000020 CapEff: 0000000000000020 CapBnd: 0000000000000021 CapAmb: 0000000000000000 '
	has "$stderr" CAP_NONSENSE
	edit 'del(.process.capabilities)'
	run_oci run -b "$B" one
	has "$output" 'CapBnd: 0000000000000000'
}

@test "oci process: seccomp is in force for the process and for exec" {
	new_bundle
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
	create one
	run_oci start one
	run_oci 1 exec one mkdir /tmp/x
	has "$stderr" 'not supported'
	run_oci delete -f one
	edit '.process.noNewPrivileges = false | .process.args = ["mkdir", "/tmp/x"]'
	run_oci 1 run -b "$B" one
	has "$stderr" 'not supported'
	edit '.linux.seccomp.syscalls[0].action = "SCMP_ACT_NONSENSE"'
	refused 'SCMP_ACT_NONSENSE' run -b "$B" one
}

@test "oci process: run on a terminal: its size from the first moment, control, plain newlines, exit code" {
	new_bundle 'stty size; tty; [ -c /dev/console ] && echo console; read line; echo "got $line"; exit 6'
	edit '.process.terminal = true'
	status=0
	output=$(printf 'expect console\nsend typed\\r\nexpect got typed\nsettings\n' |
		python3 "$FIXTURES/terminal.py" 33x99 "$POD" oci --root "$T/oci" run -b "$B" one 3>&-) || status=$?
	is "$status" 6
	has "$output" "33 99"
	has "$output" /dev/pts/0
	has "$output" "settings: the same"
	edit '.process.args[2] = "echo a; echo b"'
	is "$(oci run -b "$B" one </dev/null | od -An -c | tr -d ' \n')" 'a\nb\n'
	refused 'no console socket' create -b "$B" one
	gone
}

@test "oci exec: status, environment, folder, user, capabilities, missing commands" {
	new_bundle
	map_ranges
	create one
	run_oci start one
	run_oci 5 exec one sh -c 'exit 5'
	run_oci exec -e A=1 -e PATH=/bin --cwd /tmp -u 5:6 -g 7 one sh -c 'echo "$A $PATH"; pwd; id'
	is "$output" $'1 /bin\n/tmp\nuid=5 gid=6 groups=7'
	run_oci exec -c CAP_CHOWN one grep CapEff /proc/self/status
	is "$output" 'CapEff:	0000000020000421'
	run_oci exec one sh -c 'echo out; echo err >&2; cat' <<<input
	is "$output" $'out\ninput'
	is "$stderr" err
	run_oci 255 exec one nosuch
	has "$stderr" 'exec: "nosuch": executable file not found in $PATH'
	run_oci 255 exec one /no/such
	has "$stderr" 'no such file or directory'
	run_oci 255 exec -u 1000000 one true
	run_oci 255 exec -u 0x0 one true
	has "$stderr" 'uid[:gid]'
	run_oci 255 exec one
	oci exec --pid-file "$T/pid" -d one sleep 998 >/dev/null 2>&1 </dev/null
	has "$(tr '\0' ' ' <"/proc/$(cat "$T/pid")/cmdline")" "sleep 998"
	is "$(readlink "/proc/$(cat "$T/pid")/ns/pid")" "$(readlink "/proc/$(oci state one | jq .pid)/ns/pid")"
	run_oci delete -f one
}

@test "oci exec: a process.json, and a terminal" {
	new_bundle
	create one
	run_oci start one
	cat >"$T/process" <<-'JSON'
		{"cwd": "/etc", "args": ["sh", "-c", "pwd; echo $X; grep CapEff /proc/self/status"], "env": ["X=y", "PATH=/bin"], "user": {"uid": 0, "gid": 0}}
	JSON
	run_oci exec --process "$T/process" one
	is "$output" $'/etc\ny\nCapEff:\t0000000000000000'
	echo '{"cwd": "x", "args": ["a"]}' >"$T/process"
	run_oci 255 exec -p "$T/process" one
	has "$stderr" "$T/process: cwd: 'x' is not an absolute path"
	status=0
	output=$(printf 'expect 22 77\nsend exit 3\\r\n' |
		python3 "$FIXTURES/terminal.py" 22x77 "$POD" oci --root "$T/oci" exec -t one sh -c 'stty size; exec sh' 3>&-) || status=$?
	is "$status" 3
	is "$(oci exec -t one echo plain </dev/null | od -An -c | tr -d ' \n')" 'plain\n'
	run_oci delete -f one
}

@test "oci exec: the runtime cannot be seen from inside (CVE-2019-5736, 2016-9962)" {
	new_bundle
	# looks at every new process of its PID namespace as fast as it can
	cat >"$B/rootfs/watch" <<-'SH'
		#!/bin/sh
		while :; do
			for p in /proc/[0-9]*; do
				exe=$(readlink "$p/exe") || continue
				case $exe in
				/bin/busybox | '') ;;
				*) echo "$exe" ;;
				esac
			done
		done
	SH
	chmod +x "$B/rootfs/watch"
	edit '.process.args = ["/watch"] | .process.capabilities = {bounding: ["CAP_SYS_PTRACE"], permitted: ["CAP_SYS_PTRACE"], effective: ["CAP_SYS_PTRACE"]}'
	create one
	run_oci start one
	for _ in $(seq 60); do
		run_oci exec one true
	done
	run_oci delete -f one
	is "$(grep -v "^/memfd:pod-exec" "$T/out")" "" # a file of its own in memory, the same for all
}

@test "oci process: an image cannot make the runtime execute itself (CVE-2019-5736)" {
	new_bundle
	[ "$(stat -c %u "$POD")" = "$(id -u)" ] || skip "the binary is not the user's: the container's root has no power over it"
	printf '#!/proc/self/exe --version\n' >"$B/rootfs/bin/script"
	chmod +x "$B/rootfs/bin/script"
	ln -s /proc/self/exe "$B/rootfs/bin/itself"
	for program in script itself /proc/self/exe; do
		edit '.process.args = [$program, "--version"]' --arg program "$program"
		run_oci 125 run -b "$B" one
		is "$output$stderr" ""
	done
	edit '.process.args = ["sleep", "1000"]'
	create one
	run_oci start one
	for program in script itself /proc/self/exe; do
		run_oci 125 exec one "$program" --version
		is "$output$stderr" ""
	done
	run_oci delete -f one
}
