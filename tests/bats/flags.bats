#!/usr/bin/env bats
# Flags of run and fields of image configs: what the program inside finds.

load helpers

setup() {
	base_setup
	pull busybox
}

inside() {
	run_pod run --rm --network none "$@"
}

@test "flags: -e, --env-file, -w, -u, --hostname, --entrypoint" {
	printf '# comment\nFROM_FILE=yes\nPASSED\n' >"$T/env"
	PASSED=along inside --env-file "$T/env" -e SET=1 -e PASSED busybox env
	has "$output" "FROM_FILE=yes"
	has "$output" "SET=1"
	has "$output" "PASSED=along"
	has "$output" "PATH=/usr/local/sbin"
	has "$output" "HOME=/root"
	matches "$output" 'HOSTNAME=[0-9a-f]{12}'
	[[ $output != *POD_TEST* ]]
	inside -w /tmp/deep busybox pwd
	is "$output" /tmp/deep
	inside -u app busybox sh -c 'id -u; id -g; id -G; echo $HOME'
	is "$output" "1000
1000
1000 29
/srv/app"
	inside -u 4000:5000 busybox sh -c 'echo $(id -u):$(id -g)'
	is "$output" 4000:5000
	run_pod 125 run --rm --network none -u ghost busybox true
	has "$stderr" ghost
	inside --hostname boxy busybox sh -c 'hostname; grep boxy /etc/hosts | wc -l'
	is "$output" "boxy
1"
	inside --entrypoint echo busybox one two
	is "$output" "one two"
	inside --entrypoint '' "$REG_PLAIN/features:entrypoint" echo replaced
	is "$output" replaced
}

@test "image config: USER, WORKDIR, VOLUME, ENV, ENTRYPOINT and CMD" {
	inside "$REG_PLAIN/features" sh -c 'id -un; pwd; echo $COLOUR:$EMPTY; cat /data/seed; touch /data/mine && stat -c "%U %a" /data'
	is "$output" "app
/srv/app
blue:
from the image
app 750"
	inside "$REG_PLAIN/features:user-ids" sh -c 'echo $(id -u) $(id -g)'
	is "$output" "1000 29"
	inside "$REG_PLAIN/features:workdir" pwd
	is "$output" /made/on/demand
	inside "$REG_PLAIN/features:entrypoint"
	is "$output" "entry cmd"
	inside "$REG_PLAIN/features:entrypoint" other
	is "$output" "entry other"
	run_pod 125 run --rm --network none "$REG_PLAIN/features:user-unknown" true
	has "$stderr" ghost
	pull "$REG_PLAIN/features:no-command"
	run_pod 125 run --rm --network none "$REG_PLAIN/features:no-command"
	matches "$stderr" 'command'
	one_line "$stderr"
}

@test "rights: docker's default capabilities, --cap-add and --cap-drop" {
	caps() {
		inside "$@" busybox grep -E '^Cap(Eff|Bnd)' /proc/self/status
	}
	caps
	is "$output" "CapEff:	00000000a80425fb
CapBnd:	00000000a80425fb"
	caps --cap-add NET_ADMIN
	has "$output" "CapBnd:	00000000a80435fb"
	caps --cap-drop CAP_CHOWN
	has "$output" "CapBnd:	00000000a80425fa"
	caps --cap-drop ALL
	has "$output" "CapBnd:	0000000000000000"
	caps --cap-drop all --cap-add net_bind_service
	has "$output" "CapBnd:	0000000000000400"
	caps -u 1000
	has "$output" "CapEff:	0000000000000000"
	run_pod 125 run --rm --network none --cap-add NO_SUCH busybox true
	has "$stderr" NO_SUCH
}

@test "rights: seccomp by default, off and by file; no-new-privileges" {
	inside busybox grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status
	is "$output" "NoNewPrivs:	0
Seccomp:	2"
	inside --security-opt seccomp=unconfined --security-opt no-new-privileges busybox grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status
	is "$output" "NoNewPrivs:	1
Seccomp:	0"
	# the default profile keeps a user from making namespaces
	run_pod 1 run --rm --network none -u 1000 busybox unshare -U true
	inside --security-opt seccomp=unconfined -u 1000 busybox unshare -U true
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}' >"$T/profile.json"
	run_pod 1 run --rm --network none --security-opt "seccomp=$T/profile.json" busybox mkdir /x
	has "$stderr" "not supported"
}

@test "isolation: masked and read-only paths, own namespaces, no fds of the host" {
	inside busybox sh -c 'wc -c </proc/keys; wc -c </proc/timer_list; ls /proc/scsi /sys/firmware; true' </dev/null
	is "$(echo "${lines[@]:0:2}" | tr -d ' \n')" 00
	inside busybox sh -c 'echo 1 >/proc/sys/kernel/panic; echo 1 >/proc/irq/default_smp_affinity; touch /sys/x; true'
	is "$(grep -c 'Read-only file system' <<<"$stderr")" 3
	inside busybox sh -c 'ls /proc/self/fd | wc -l; echo $$; for n in pid net mnt ipc uts user cgroup; do readlink /proc/self/ns/$n; done'
	is "${lines[0]}" 4
	is "${lines[1]}" 1
	local ns
	for ns in pid net mnt ipc uts user; do
		[[ $output != *"$(readlink /proc/self/ns/$ns)"* ]] || fail "shares $ns"
	done
	inside busybox sh -c 'ls -l /dev/fd /dev/stdin /dev/ptmx; echo x >/dev/null; head -c 3 /dev/zero | wc -c; ls /dev | tr "\n" " "'
	for ns in full null ptmx pts random shm tty urandom zero; do
		has "${lines[-1]}" "$ns"
	done
	# nothing of the host shows through
	inside busybox sh -c 'cat /proc/1/environ | tr "\0" "\n"; cat /proc/self/mountinfo'
	[[ $output != *POD_TEST* ]]
}

@test "ids: root inside is the user outside, others are subordinate ids" {
	inside -v "$T:/t" busybox sh -c 'touch /t/root; touch /t/other && chown 33 /t/other'
	is "$(stat -c %u "$T/root")" "$(id -u)"
	local first
	first=$(grep "^$(id -un):" /etc/subuid | cut -d: -f2)
	is "$(stat -c %u "$T/other")" $((first + 32))
	in_userns rm "$T/other"
}

@test "ids: without newuidmap there is one id, it says so, and the image still runs" {
	mkdir "$T/bin"
	local tool
	for tool in slirp4netns fuse-overlayfs fusermount3 sh; do
		ln -s "$(command -v $tool)" "$T/bin/$tool" || true
	done
	status=0
	output=$(env PATH="$T/bin" "$POD" --root "$T/one" run --rm --network none busybox id 2>"$T/stderr" 3>&-) || status=$?
	stderr=$(<"$T/stderr")
	is "$status" 0 || fail "$stderr"
	has "$output" "uid=0(root)"
	matches "$stderr" 'newuidmap'
	env PATH="$T/bin" "$POD" --root "$T/one" info >"$T/info" 2>&1 3>&-
	rm -rf "$T/one"
	[ ! -e "$T/one" ]
}

@test "volumes: bind, read-only, missing source, and a file" {
	mkdir "$T/v"
	echo file >"$T/f"
	inside -v "$T/v:/v" -v "$T/f:/etc/f" busybox sh -c 'cat /etc/f; echo x >/v/x'
	is "$output" file
	is "$(cat "$T/v/x")" x
	run_pod 1 run --rm --network none -v "$T/v:/v:ro" busybox touch /v/y
	has "$stderr" "Read-only"
	run_pod 125 run --rm --network none -v relative/path:/v:bogus busybox true
	one_line "$stderr"
}

@test "--init: zombies are reaped, signals and the exit code pass" {
	run_pod run -d --name c --network none --init busybox sh -c 'sh -c "sleep 0.1 &"; sleep 1000; :'
	sleep 0.5
	run_pod exec c ps -o pid,stat,args
	[[ $output != *" Z "* ]]
	run_pod stop -t 5 c
	is "$(field c .State.ExitCode)" 143
	run_pod rm c
	run_pod 6 run --rm --network none --init busybox sh -c 'exit 6'
}
