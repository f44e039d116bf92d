#!/usr/bin/env bats
# Control groups of version 2, with the controllers that this machine leaves to it.
# lab: v2

# shellcheck disable=SC2016,SC2154 # programs of jq; run sets stderr
load root

has_controller() {
	grep -qw "$1" /sys/fs/cgroup/cgroup.controllers
}

@test "v2: limits are in the files, and delete takes the cgroup away" {
	has_controller hugetlb || skip "no controller hugetlb"
	config '.linux.cgroupsPath = "/pod-test" | .linux.resources =
		{hugepageLimits: [{pageSize: "2MB", limit: 4194304}], unified: {"hugetlb.1GB.max": "0", "cgroup.max.depth": "5"}}'
	begin 'sleep 100'
	is "$(cat /sys/fs/cgroup/pod-test/hugetlb.2MB.max)" 4194304
	is "$(cat /sys/fs/cgroup/pod-test/hugetlb.1GB.max)" 0
	is "$(cat /sys/fs/cgroup/pod-test/cgroup.max.depth)" 5
	is "$(cat /sys/fs/cgroup/pod-test/cgroup.procs)" "$(oci state one | jq -r .pid)"
	oci delete --force one
	no_cgroups pod-test
}

@test "v2: limits of all controllers, where they are there" {
	local word
	for word in memory pids cpu cpuset; do
		has_controller $word || skip "no controller $word"
	done
	config '.linux.cgroupsPath = "/pod-test" | .linux.resources = {memory: {limit: 33554432, swap: 67108864, reservation: 16777216},
		pids: {limit: 15}, cpu: {shares: 1024, quota: 50000, period: 100000, cpus: "0", mems: "0"}}'
	begin 'sleep 100'
	cd /sys/fs/cgroup/pod-test
	is "$(cat memory.max memory.low pids.max cpu.weight cpu.max cpuset.cpus)" $'33554432\n16777216\n15\n100\n50000 100000\n0'
	cd "$T"
	oci delete --force one
}

@test "v2: a controller that is not there is an error for a limit, and none for a default" {
	has_controller memory && skip "memory is v2 here"
	config '.linux.cgroupsPath = "/pod-test" | .linux.resources = {memory: {limit: 33554432}}'
	refused "linux.resources.memory.limit: cgroup '/pod-test' has no controller 'memory' (v2)"
	config '.linux.resources = {memory: {reservation: 33554432}, cpu: {shares: 512}}'
	go true
	config '.linux.resources = {unified: {"../../x": "1"}}'
	refused "is not the name of a cgroup file"
}

@test "v2: devices are denied but those that are allowed and the default ones" {
	config '.linux.cgroupsPath = "/pod-test"
		| .linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 7, access: "rw"},
			{allow: true, type: "c", major: 10, minor: 200, access: "r"}, {allow: false, type: "c", major: 1, minor: 5, access: "w"}]
		| .process.capabilities |= with_entries(.value += ["CAP_MKNOD", "CAP_DAC_OVERRIDE"])'
	go 'cd /tmp; mknod mem c 1 1; mknod tun c 10 200; head -c 1 mem 2>&1; (: <tun) && echo tun
		(: >tun) 2>&1; echo x >/dev/null && echo null; head -c 1 /dev/zero | wc -c'
	has "$output" 'mem: Operation not permitted'
	has "$output" $'\ntun\n'
	has "$output" "can't create tun: Operation not permitted"
	has "$output" $'\nnull\n1'
}

@test "v2: pause, kill of all, and a cgroup that is frozen or not empty" {
	config '.linux.cgroupsPath = "/pod-test"'
	begin 'sleep 100 & sleep 100 & wait'
	is "$(oci ps -f json one | jq length)" 3
	oci pause one
	is "$(cat /sys/fs/cgroup/pod-test/cgroup.freeze)" 1
	is "$(oci state one | jq -r .status)" paused
	oci resume one
	oci kill --all one KILL
	eventually 5 stopped
	oci delete one
	mkdir /sys/fs/cgroup/pod-test
	echo 1 >/sys/fs/cgroup/pod-test/cgroup.freeze
	refused "cgroup '/pod-test' is frozen"
	echo 0 >/sys/fs/cgroup/pod-test/cgroup.freeze
	sleep 100 3>&- &
	echo $! >/sys/fs/cgroup/pod-test/cgroup.procs
	go true
	has "$stderr" "cgroup '/pod-test' is not empty"
	kill -0 %1
	kill %1
	wait || true
	rmdir /sys/fs/cgroup/pod-test
}

@test "v2: a path that is taken, sub-cgroups of the container, and a relative path" {
	config '.linux.cgroupsPath = "pod-test/deep" | .mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	begin 'mkdir -p /sys/fs/cgroup/a/b && sleep 100'
	eventually 5 test -d /sys/fs/cgroup/tests/pod-test/deep/a/b
	oci delete --force one
	[ ! -e /sys/fs/cgroup/tests/pod-test/deep ]
	rmdir /sys/fs/cgroup/tests/pod-test
}

@test "CVE-2023-25809: without a cgroup namespace nothing of the host's cgroups can be written" {
	config '.linux.cgroupsPath = "/pod-test" | .linux.namespaces |= map(select(.type != "cgroup"))
		| .mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	go 'ls -d /sys/fs/cgroup/tests 2>/dev/null || echo own; mkdir /sys/fs/cgroup/x && echo made && rmdir /sys/fs/cgroup/x'
	is "$output" $'own\nmade'
}
