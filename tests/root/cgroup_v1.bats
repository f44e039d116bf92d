#!/usr/bin/env bats
# Control groups of version 1, all controllers that this machine has.
# lab: v1

# shellcheck disable=SC2016,SC2154 # programs of jq; run sets stderr
load root

limits='{"memory": {"limit": 33554432, "swap": 67108864, "reservation": 16777216, "swappiness": 10},
	"pids": {"limit": 15}, "cpu": {"shares": 512, "quota": 50000, "period": 100000, "cpus": "0", "mems": "0"}}'

@test "v1: limits are in the files, processes in every hierarchy, and delete takes all away" {
	config '.linux.cgroupsPath = "/pod-test" | .linux.resources = $l' --argjson l "$limits"
	begin 'sleep 100'
	local dir file want
	while read -r dir file want; do
		is "$dir/$file $(cat "$(cgroup_dir "$dir")/$file")" "$dir/$file $want"
	done <<-TABLE
		memory memory.limit_in_bytes 33554432
		memory memory.memsw.limit_in_bytes 67108864
		memory memory.soft_limit_in_bytes 16777216
		memory memory.swappiness 10
		pids pids.max 15
		cpu cpu.shares 512
		cpu cpu.cfs_quota_us 50000
		cpu cpu.cfs_period_us 100000
		cpuset cpuset.cpus 0
	TABLE
	for dir in memory pids cpu cpuset freezer devices systemd; do
		is "$(cat "$(cgroup_dir $dir)/cgroup.procs")" "$(oci state one | jq -r .pid)"
	done
	oci kill one KILL
	eventually 5 stopped
	oci delete one
	no_cgroups pod-test
}

@test "v1: the memory limit ends the process, the pids limit its children" {
	config '.linux.cgroupsPath = "/pod-test" | .linux.resources = $l' --argjson l "$limits"
	go 137 'dd if=/dev/zero of=/dev/null bs=100M count=1'
	go 2 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 1 & done 2>&1'
	has "$output" "can't fork"
}

@test "v1: devices are denied but those that are allowed and the default ones" {
	config '.linux.cgroupsPath = "/pod-test"
		| .linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 10, minor: 200, access: "r"}]
		| .process.capabilities |= with_entries(.value += ["CAP_MKNOD", "CAP_DAC_OVERRIDE"])'
	go 'cd /tmp; mknod mem c 1 1; mknod tun c 10 200; head -c 1 mem 2>&1; (: <tun) && echo tun
		(: >tun) 2>&1; echo x >/dev/null && echo null'
	has "$output" 'mem: Operation not permitted'
	has "$output" $'\ntun\n'
	has "$output" "can't create tun: Operation not permitted"
	has "$output" $'\nnull'
}

@test "v1: pause, kill of all, and a cgroup that is frozen or not empty" {
	local dir
	config '.linux.cgroupsPath = "/pod-test"'
	begin 'sleep 100 & sleep 100 & wait'
	is "$(oci ps -f json one | jq length)" 3
	oci pause one
	is "$(cat "$(cgroup_dir freezer)/freezer.state")" FROZEN
	is "$(oci state one | jq -r .status)" paused
	oci resume one
	is "$(cat "$(cgroup_dir freezer)/freezer.state")" THAWED
	oci kill --all one KILL
	eventually 5 stopped
	oci delete one
	mkdir "$(cgroup_dir freezer)"
	echo FROZEN >"$(cgroup_dir freezer)/freezer.state"
	refused "cgroup '/pod-test' is frozen"
	echo THAWED >"$(cgroup_dir freezer)/freezer.state"
	sleep 100 3>&- &
	echo $! >"$(cgroup_dir freezer)/cgroup.procs"
	go true
	has "$stderr" "cgroup '/pod-test' is not empty"
	kill -0 %1
	kill %1
	wait || true
	for dir in /sys/fs/cgroup/*/pod-test; do
		rmdir "$dir"
	done
}

@test "v1: a controller that is not there is an error for a limit, and none for a default" {
	[ ! -d /sys/fs/cgroup/hugetlb ] || skip "hugetlb is v1 here"
	config '.linux.cgroupsPath = "/pod-test" | .linux.resources = {hugepageLimits: [{pageSize: "2MB", limit: 2097152}]}'
	refused "linux.resources.hugepageLimits: cgroup '/pod-test' has no controller 'hugetlb' (v1)"
	config '.linux.resources = {blockIO: {weight: 10}, cpu: {idle: 0}, network: {classID: 7}}'
	go true
}

@test "v1: the container sees its own part, read-only; with a namespace and without (CVE-2023-25809)" {
	config '.linux.cgroupsPath = "/pod-test"'
	go 'cat /sys/fs/cgroup/pids/cgroup.procs; mkdir /sys/fs/cgroup/pids/x 2>&1; grep -c " cgroup ro," /proc/mounts'
	has "$output" 1
	has "$output" 'Read-only file system'
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	go 'cat /sys/fs/cgroup/pids/cgroup.procs; mkdir /sys/fs/cgroup/pids/x 2>&1; ls -d /sys/fs/cgroup/pids/pod-test 2>/dev/null || echo own'
	has "$output" 'Read-only file system'
	has "$output" own
}
