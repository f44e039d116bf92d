#!/usr/bin/env bats
# The same bundle under Debian's crun, which refuses the hybrid layout of cgroups: run in a mount namespace with cgroup2.
#
# cgroup2: only

load helpers
load exported
load oci_helpers

crun() {
	mkdir -p "$T/xdg"
	XDG_RUNTIME_DIR=$T/xdg command crun --root "$T/crun" --cgroup-manager=disabled "$@" 3>&-
}

setup() {
	[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || skip "crun wants cgroup2 alone on /sys/fs/cgroup"
	base_setup
}

@test "crun: a bundle that pod oci run and crun start with the same output" {
	pull busybox
	run_pod export --bundle "$T/bundle" busybox
	valid runtime/config-schema.json "$T/bundle/config.json"
	[ -d "$T/bundle/rootfs/bin" ]
	local script='id; echo $((6*7)); cat /etc/group | head -n 2; hostname; ls /; grep -c . /proc/self/mounts >/dev/null; exit 7'
	jq --arg script "$script" '.process.args = ["sh", "-c", $script] | .process.terminal = false' \
		"$T/bundle/config.json" >"$T/new.json"
	mv "$T/new.json" "$T/bundle/config.json"
	local pods cruns
	status=0
	pods=$("$POD" oci --root "$T/oci" run -b "$T/bundle" one 3>&-) || status=$?
	is "$status" 7
	status=0
	cruns=$(crun run -b "$T/bundle" two) || status=$?
	is "$status" 7
	is "$pods" "$cruns"
	has "$pods" "uid=0(root)"
	is "$("$POD" oci --root "$T/oci" list -q 3>&-)" ""
	in_userns rm -rf "$T/bundle"
}

@test "crun: fields of config.json take effect, the same under crun" {
	make_bundle 'umask; ulimit -n; id; cat /proc/sys/net/ipv4/ip_forward; hostname; pwd; echo $COLOUR; stat -c "%a %F" /t
		grep " /t " /proc/self/mounts | cut -d" " -f3,4 | cut -d, -f1-4; cat /proc/self/oom_score_adj; touch /etc/x; cat /proc/version'
	jq '.process.user += {umask: 63, additionalGids: [29, 4000]} | .process.cwd = "/etc" | .process.env += ["COLOUR=red"]
		| .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}] | .process.oomScoreAdj = 500
		| .linux.sysctl = {"net.ipv4.ip_forward": "1"} | .hostname = "from-config"
		| .linux.namespaces = (.linux.namespaces | map(select(.type != "network"))) + [{type: "network"}]
		| .mounts += [{destination: "/t", type: "tmpfs", source: "tmpfs", options: ["nosuid", "noexec", "mode=1711", "size=64k"]}]
		| .linux.maskedPaths = ["/proc/version"] | .root.readonly = true' "$T/bundle/config.json" >"$T/c"
	mv "$T/c" "$T/bundle/config.json"
	valid runtime/config-schema.json "$T/bundle/config.json"
	oci run -b "$T/bundle" mine >"$T/pods" 2>&1
	crun run -b "$T/bundle" theirs >"$T/cruns" 2>&1
	is "$(cat "$T/pods")" "$(cat "$T/cruns")"
	has "$(cat "$T/pods")" "0077"
	has "$(cat "$T/pods")" "from-config"
	teardown_bundle
}

@test "crun: ids, capabilities, seccomp, environment of a process, the same under crun" {
	new_bundle 'id; umask; pwd; ulimit -n; grep -E "Cap|NoNew|Seccomp:" /proc/self/status; env | sort; hostname; ls /proc/self/fd | wc -l'
	map_ranges
	edit '.process.user = {uid: 7, gid: 8, additionalGids: [5]} | .process.cwd = "/tmp" | .process.capabilities.ambient = ["CAP_KILL"]
		| .process.capabilities.inheritable = ["CAP_KILL"] | .process.env += ["HOME=/x"] | .hostname = "same"
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["swapon"], action: "SCMP_ACT_ERRNO"}]}'
	oci run -b "$B" mine >"$T/pods" </dev/null
	crun run -b "$B" theirs >"$T/cruns" 2>"$T/theirs" </dev/null # it gives away the files behind stdio
	is "$(cat "$T/pods")" "$(cat "$T/cruns")"
	has "$(cat "$T/pods")" 'Seccomp:	2'
}
