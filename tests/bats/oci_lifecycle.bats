#!/usr/bin/env bats
# `pod oci`: states and who may do what in which (runtime-spec runtime.md), hooks, races, what callers match on.

load helpers
load oci_helpers

@test "oci lifecycle: created, running, stopped; what is refused leaves the state alone" {
	new_bundle 'trap "exit 0" TERM; echo up; while :; do sleep 0.05; done'
	create one --pid-file "$T/pid"
	status_is one created
	is "$(oci state one | jq -r .pid)" "$(cat "$T/pid")"
	is "$(cat "$T/out")" ""
	refused 'exists already' create -b "$B" one
	run_oci start one
	eventually 5 grep -q up "$T/out"
	status_is one running
	refused 'already running' start one
	refused 'not stopped: running' delete one
	status_is one running
	run_oci kill one 0
	run_oci kill one SIGTERM
	eventually 5 status_is one stopped
	is "$(oci state one | jq -r .pid)" 0
	refused 'has stopped' start one
	refused 'container not running' kill one 0
	refused 'container not running' kill --all one KILL
	run_oci 255 exec one true
	matches "$stderr" 'container not running'
	is "$(oci ps -f json one)" '[]'
	run_oci delete one
	refused "'one' does not exist" delete one
	refused "'one' does not exist" state one
	refused "'one' does not exist" start one
	refused "'one' does not exist" kill one
	run_oci delete --force one
	is "$output$stderr" ""
	gone
}

@test "oci lifecycle: a created container can be deleted, a running one with --force" {
	new_bundle
	create one
	pid=$(oci state one | jq .pid)
	run_oci delete one
	dead "$pid"
	create two
	run_oci start two
	run_oci delete -f two
	gone
}

@test "oci lifecycle: ids that could be paths or options are refused" {
	new_bundle
	for id in .. . .x a/b '' 'a b' "$(printf 'a\nb')" "$(printf 'x%.0s' {1..1100})"; do
		refused 'invalid container id' create -b "$B" -- "$id"
		refused 'invalid container id' state -- "$id"
	done
	refused 'invalid container id' create -b "$B" -- -x
	gone
}

@test "oci lifecycle: the configuration is that of the moment of create" {
	new_bundle 'echo first'
	create one
	edit '.process.args = ["echo", "second"] | .process.env = ["A=changed"]'
	run_oci start one
	eventually 5 status_is one stopped
	is "$(cat "$T/out")" first
	run_oci delete one
}

@test "oci lifecycle: of eight starts at once one succeeds, of eight creates too" {
	new_bundle 'echo started'
	local n pids=() # bats has children of its own: wait for ours only
	for n in 1 2 3 4 5 6 7 8; do
		{ oci create -b "$B" one >/dev/null 2>&1 </dev/null && echo "$n" >>"$T/created"; } &
		pids+=($!)
	done
	wait "${pids[@]}" || :
	is "$(wc -l <"$T/created")" 1
	run_oci delete one
	edit '.process.args = ["sleep", "1000"]'
	create one
	pids=()
	for n in 1 2 3 4 5 6 7 8; do
		{ oci start one 2>/dev/null && echo "$n" >>"$T/started"; } &
		pids+=($!)
	done
	wait "${pids[@]}" || :
	is "$(wc -l <"$T/started")" 1
	run_oci delete -f one
	gone
}

@test "oci lifecycle: commands that do not exist are found at create, in runc's words, and nothing stays" {
	new_bundle
	edit '.process.args = ["nosuchcommand"]'
	refused 'exec: "nosuchcommand": executable file not found in \$PATH' create -b "$B" one
	edit '.process.args = ["/no/such"]'
	refused 'exec: "/no/such": stat /no/such: no such file or directory' create -b "$B" one
	edit '.process.args = ["/etc"]'
	refused 'exec: "/etc": .*permission denied' create -b "$B" one
	echo text >"$B/rootfs/etc/text"
	edit '.process.args = ["/etc/text"]'
	refused 'exec: "/etc/text": permission denied' create -b "$B" one
	gone
}

@test "oci lifecycle: what execve refuses is told by start" {
	new_bundle
	printf '#!/no/interpreter\n' >"$B/rootfs/bin/script"
	printf 'junk' >"$B/rootfs/bin/junk"
	chmod +x "$B/rootfs/bin/script" "$B/rootfs/bin/junk"
	edit '.process.args = ["script"]'
	create one
	refused 'exec: "script": no such file or directory \(its interpreter' start one
	eventually 5 status_is one stopped
	run_oci delete one
	edit '.process.args = ["junk"]'
	create one
	refused 'exec: "junk": exec format error' start one
	eventually 5 status_is one stopped
	run_oci delete one
}

@test "oci lifecycle: a bundle that lacks something is refused by name" {
	new_bundle
	refused "config.json.*[Nn]o such file" create -b "$B/rootfs" one
	refused "bundle '$T/none'" create -b "$T/none" one
	edit '.root.path = "nothing"'
	refused "root.path 'nothing'" create -b "$B" one
	edit '.root.path = "rootfs" | del(.process)'
	create one
	refused 'without process' start one
	run_oci delete -f one
	gone
}

@test "oci lifecycle: the status of run is the program's, signals are passed on" {
	new_bundle 'exit 7'
	run_oci 7 run -b "$B" one
	edit '.process.args[2] = "trap \"exit 9\" TERM; echo up; while :; do sleep 0.05; done"'
	"$POD" oci --root "$T/oci" run -b "$B" one >"$T/out" 2>&1 </dev/null 3>&- &
	eventually 5 grep -q up "$T/out"
	kill -TERM $!
	status=0
	wait $! || status=$?
	is "$status" 9
	oci run -d --pid-file "$T/pid" -b "$B" two >"$T/out" 2>&1 </dev/null
	status_is two running
	is "$(oci state two | jq -r .pid)" "$(cat "$T/pid")"
	run_oci delete -f two
	edit '.process.args[2] = "exit 7"'
	run_oci 7 run --keep -b "$B" one
	status_is one stopped
	run_oci delete one
	gone
}

@test "oci lifecycle: list and ps, as table and JSON" {
	new_bundle
	is "$(oci list -f json)" '[]'
	create one
	run_oci start one
	create two
	is "$(oci list -q)" $'one\ntwo'
	matches "$(oci list | head -n 1)" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER'
	is "$(oci list --format json | jq -r '.[] | .id + " " + .status' | paste -sd,)" 'one running,two created'
	oci exec -d one sleep 999 >/dev/null 2>&1 </dev/null
	has "$(oci ps one)" 'sleep 1000'
	is "$(oci ps -f json two)" "[$(oci state two | jq .pid)]"
	refused "unknown format 'x'" list -f x
	run_oci delete -f one two
	gone
}

@test "oci lifecycle: state validates against the specification's schema, annotations included" {
	new_bundle
	edit '.annotations = {"com.example.a": "1=2", "b": ""}'
	create one
	oci state one >"$T/state"
	valid runtime/state-schema.json "$T/state"
	is "$(jq -c .annotations "$T/state")" '{"com.example.a":"1=2","b":""}'
	is "$(jq -r .bundle "$T/state")" "$(realpath "$B")"
	is "$(jq -r .owner "$T/state")" "$(id -un)"
	run_oci delete one
}

@test "oci lifecycle: hooks in their order, with the state on stdin" {
	new_bundle 'cat /started'
	for kind in prestart createRuntime createContainer poststart poststop; do
		edit '.hooks[$kind] = [{path: "/bin/sh", args: ["sh", "-c", ("echo " + $kind + " $(cat) >>" + $T + "/hooks")], env: ["PATH=/usr/bin:/bin"]}]' \
			--arg kind "$kind" --arg T "$T"
	done
	edit '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat >/started"]}] | .root.readonly = false | .annotations = {"k": "v"}'
	create one
	pid=$(oci state one | jq .pid)
	is "$(cut -d' ' -f1 "$T/hooks" | paste -sd' ')" 'prestart createRuntime createContainer'
	run_oci start one
	eventually 5 status_is one stopped
	run_oci delete one
	is "$(cut -d' ' -f1 "$T/hooks" | paste -sd' ')" 'prestart createRuntime createContainer poststart poststop'
	is "$(cut -d' ' -f2- "$T/hooks" | jq -r .status | paste -sd' ')" 'creating creating creating running stopped'
	is "$(cut -d' ' -f2- "$T/hooks" | jq -r '.pid // 0' | paste -sd' ')" "$pid $pid $pid $pid 0"
	is "$(cut -d' ' -f2- "$T/hooks" | jq -r '.id + .annotations.k' | sort -u)" onev
	is "$(jq -r .status "$T/out")" created
	cut -d' ' -f2- "$T/hooks" | head -n 1 >"$T/state"
	valid runtime/state-schema.json "$T/state"
}

@test "oci lifecycle: failing hooks: create fails whole, poststart deletes, poststop warns; timeouts end" {
	new_bundle
	for kind in prestart createRuntime createContainer; do
		edit '.hooks = {($kind): [{path: "/bin/sh", args: ["sh", "-c", "echo because >&2; exit 3"]}]}' --arg kind "$kind"
		refused "$kind hook '/bin/sh': exit status 3: because" create -b "$B" one
		gone
	done
	edit '.hooks = {startContainer: [{path: "/bin/false"}]}'
	create one
	refused "startContainer hook '/bin/false': exit status 1" start one
	run_oci delete -f one
	edit '.hooks = {poststart: [{path: "/bin/false"}]}'
	create one
	refused "poststart hook '/bin/false': exit status 1" start one
	gone
	edit '.hooks = {poststop: [{path: "/bin/false"}, {path: "/bin/sh", args: ["sh", "-c", "echo second >$0/second", $T]}]}' --arg T "$T"
	create one
	run_oci delete -f one
	matches "$stderr" "poststop hook '/bin/false': exit status 1"
	is "$(cat "$T/second")" second
	gone
	edit '.hooks = {createRuntime: [{path: "/bin/sleep", args: ["sleep", "60"], timeout: 1}]}'
	refused "hook '/bin/sleep': timed out after 1 s" create -b "$B" one
	edit '.hooks = {createRuntime: [{path: "/no/hook"}]}'
	refused "hook '/no/hook': .*No such file" create -b "$B" one
	gone
}

@test "oci lifecycle: namespaces by path are joined, the rest is new" {
	new_bundle
	map_ranges
	edit '.linux.namespaces += [{type: "network"}] | .mounts |= map(select(.destination != "/sys" and .destination != "/sys/fs/cgroup"))'
	create one
	run_oci start one
	pid=$(oci state one | jq .pid)
	edit '.linux.namespaces = ([("user", "network", "ipc", "uts", "pid") | {type: ., path: ("/proc/" + $pid + "/ns/" + ({network: "net"}[.] // .))}]
			+ [{type: "mount"}])
		| del(.linux.uidMappings, .linux.gidMappings, .hostname) | .process.args[2] = "hostname; cat /proc/1/cmdline | tr \"\\0\" \" \"; ls -l /proc/self/ns"' \
		--arg pid "$pid"
	run_oci run -b "$B" two
	has "$output" "sleep 1000"
	for ns in user net ipc uts pid; do
		has "$output" "$(readlink "/proc/$pid/ns/$ns")"
	done
	[[ $output != *"$(readlink "/proc/$pid/ns/mnt")"* ]] || fail "the mount namespace is shared"
	edit '.linux.namespaces |= map(select(.type == "mount") // (.path = "/dev/null"))'
	refused "namespace" run -b "$B" two
	run_oci delete -f one
	gone
}

@test "oci lifecycle: a new time namespace has its offsets" {
	new_bundle 'cat /proc/self/timens_offsets'
	edit '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 1000, nanosecs: 5}, boottime: {secs: 86400}}'
	run_oci run -b "$B" one
	matches "$output" 'monotonic +1000 +5'
	matches "$output" 'boottime +86400 +0'
}

@test "oci lifecycle: logs: JSON lines to the file, the plain text to stderr; debug names the steps" {
	new_bundle
	edit '.process.args = ["nosuchcommand"]'
	refused 'nosuchcommand' --log "$T/log" --log-format json create -b "$B" one
	is "$(tail -n 1 "$T/log" | jq -r '.level + " " + .msg')" 'error exec: "nosuchcommand": executable file not found in $PATH'
	tail -n 1 "$T/log" | jq -e '.time | fromdateiso8601? // test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T")'
	edit '.process.args = ["true"]'
	run_oci --debug --log "$T/debug" run -b "$B" one
	is "$stderr" ""
	has "$(cat "$T/debug")" "init: mounts:"
	refused "unknown log format 'x'" --log-format x list
	run_oci --version
	matches "$output" $'^pod-oci version [^\n]+\ncommit: [^\n]+\nspec: 1\\.'
}

@test "oci lifecycle: as root of a user namespace that somebody else made" {
	new_bundle 'id -u; cat /proc/self/uid_map'
	edit '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces += [{type: "network"}]'
	output=$(in_userns --mount "$POD" oci --root "$T/oci" run -b "$B" one)
	is "$(head -n 1 <<<"$output")" 0
	is "$(wc -l <<<"$output")" 3
	in_userns --mount sh -ec '
		edit=$(jq ".process.args = [\"sleep\", \"1000\"]" "$1/config.json"); echo "$edit" >"$1/config.json"
		oci="$2 oci --root $3/oci"
		$oci create -b "$1" two >/dev/null 2>&1 </dev/null
		$oci start two
		$oci exec two id -u >"$3/id"
		$oci delete -f two' sh "$B" "$POD" "$T"
	is "$(cat "$T/id")" 0
	gone
}
