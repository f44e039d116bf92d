#!/usr/bin/env bats
# `pod oci`: the life of a bundle, as runc's callers drive it. crun.bats compares with crun.

load helpers
load exported

@test "oci: create, state, start, list, ps, exec, kill, state, delete" {
	make_bundle 'trap "exit 3" TERM; echo running; while :; do sleep 0.05; done'
	oci create -b "$T/bundle" --pid-file "$T/pid" one >"$T/out" 2>&1
	oci state one >"$T/state"
	valid runtime/state-schema.json "$T/state"
	is "$(jq -r .status "$T/state")" created
	is "$(jq -r .pid "$T/state")" "$(cat "$T/pid")"
	is "$(cat "$T/out")" ""
	status=0
	oci create -b "$T/bundle" one 2>"$T/err" || status=$?
	[ "$status" != 0 ]
	has "$(cat "$T/err")" one
	oci start one
	eventually 5 grep -q running "$T/out"
	is "$(oci state one | jq -r .status)" running
	has "$(oci list)" one
	is "$(oci list -f json | jq -r '.[0].status')" running
	has "$(oci ps one)" sleep
	is "$(oci ps -f json one | jq -r '.[0]')" "$(cat "$T/pid")"
	is "$(oci exec one sh -c 'echo $$ >/dev/null; echo in')" in
	status=0
	oci exec one sh -c 'exit 5' || status=$?
	is "$status" 5
	status=0
	oci delete one 2>"$T/err" || status=$?
	[ "$status" != 0 ]
	oci kill one TERM
	eventually 5 eval 'is "$(oci state one | jq -r .status)" stopped'
	status=0
	oci kill one TERM 2>"$T/err" || status=$?
	[ "$status" != 0 ]
	matches "$(cat "$T/err")" 'container not running'
	oci delete one
	status=0
	oci state one 2>"$T/err" || status=$?
	[ "$status" != 0 ]
	has "$(cat "$T/err")" "does not exist"
	oci delete --force one
	teardown_bundle
}

@test "oci: run gives the exit code, and spec writes a bundle that validates" {
	make_bundle 'echo hi; exit 4'
	status=0
	output=$(oci run -b "$T/bundle" two) || status=$?
	is "$status" 4
	is "$output" hi
	mkdir "$T/empty"
	(cd "$T/empty" && oci spec --rootless)
	valid runtime/config-schema.json "$T/empty/config.json"
	jq -e '.linux.namespaces | map(.type) | index("user")' "$T/empty/config.json"
	mv "$T/bundle/rootfs" "$T/empty/rootfs"
	jq '.process.args = ["cat", "/etc/group"] | .process.terminal = false | .root.readonly = true' "$T/empty/config.json" >"$T/c"
	mv "$T/c" "$T/empty/config.json"
	has "$(oci run -b "$T/empty" three)" "root:x:0:"
	teardown_bundle
	in_userns rm -rf "$T/empty"
}

@test "oci: what the schema refuses is refused with the field's name" {
	mkdir "$T/bundle"
	local file
	for file in "$FIXTURES"/schema/runtime/test/config/bad/*.json; do
		case $file in *freebsd*) continue ;; esac
		cp "$file" "$T/bundle/config.json"
		status=0
		oci create -b "$T/bundle" bad 2>"$T/err" || status=$?
		[ "$status" != 0 ] || fail "accepted: $file"
		one_line "$(cat "$T/err")"
		has "$(cat "$T/err")" config.json
	done
	is "$(oci list -q)" ""
}

@test "oci: kill -9 of the create leaves something that delete --force clears" {
	make_bundle 'sleep 1000'
	local i
	for i in 1 2 3 4 5 6 7 8; do
		oci create -b "$T/bundle" "c$i" >/dev/null 2>&1 &
		sleep "0.00$i"
		kill -9 $! 2>/dev/null || true
		wait $! || true
		oci list >/dev/null
		oci delete --force "c$i"
	done
	teardown_bundle
}

@test "oci: a console socket gets the pty master" {
	make_bundle 'stty size; read x; echo "got $x"; exit 3'
	jq '.process.terminal = true | .process.consoleSize = {height: 21, width: 77}' "$T/bundle/config.json" >"$T/c"
	mv "$T/c" "$T/bundle/config.json"
	cat >"$T/console.py" <<-'PYTHON'
		import array, os, socket, subprocess, sys
		path, *create = sys.argv[1:]
		listener = socket.socket(socket.AF_UNIX)
		listener.bind(path)
		listener.listen(1)
		subprocess.run(create, check=True)
		peer = listener.accept()[0]
		fds = socket.recv_fds(peer, 100, 1)[1]
		subprocess.run([create[0], 'oci', '--root', create[3], 'start', 'c'], check=True)
		os.write(fds[0], b'typed\n')
		out = b''
		while b'got typed' not in out:
		    out += os.read(fds[0], 1000)
		print(out.decode())
	PYTHON
	output=$(python3 "$T/console.py" "$T/console" "$POD" oci --root "$T/oci" create -b "$T/bundle" --console-socket "$T/console" c 3>&-)
	has "$output" "21 77"
	eventually 5 eval 'is "$(oci state c | jq -r .status)" stopped'
	oci delete c
	teardown_bundle
}

@test "oci: the same binary called pod-oci or runc is the runtime" {
	ln -s "$POD" "$T/pod-oci"
	ln -s "$POD" "$T/runc"
	has "$("$T/pod-oci" --version 3>&-)" "spec"
	is "$("$T/runc" --root "$T/oci" list -q 3>&-)" ""
}
