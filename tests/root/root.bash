# What the tests for root share: see tests/root/run.
#
# shellcheck shell=bash

load ../bats/helpers
load ../bats/bundle

setup() {
	base_setup
	bundle
}

# Ends what a test has left, and says whether it did.
teardown() {
	local id ids
	ids=$(oci list -q)
	for id in $ids; do
		oci delete --force "$id"
	done
	cd /
	is "$ids" ""
	no_mounts
	no_cgroups pod-test
	rm -rf "$T"
}

# cgroup_dir NAME: the container's folder of that v1 hierarchy, or of v2
cgroup_dir() {
	if [ -d "/sys/fs/cgroup/$1" ]; then
		echo "/sys/fs/cgroup/$1/pod-test"
	else
		echo /sys/fs/cgroup/pod-test
	fi
}

# begin SCRIPT: creates and starts container one in the background
begin() {
	# shellcheck disable=SC2016 # jq's variable
	config '.process.args = ["/bin/sh", "-c", $script]' --arg script "$1"
	oci create -b "$T/b" one >"$T/out" 2>"$T/err" </dev/null
	oci start one
}

stopped() {
	is "$(oci state one | jq -r .status)" stopped
}
