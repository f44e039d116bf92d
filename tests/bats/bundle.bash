# A bundle of busybox made by hand, and running it: what tests of the runtime share. Loaded after helpers.
#
# shellcheck shell=bash

oci() {
	"$POD" oci --root "$T/oci" "$@" 3>&-
}

# bundle [SPEC-OPTION...]: $T/b, busybox with what `spec` writes, without a terminal
bundle() {
	mkdir -p "$T/b/rootfs" "$T/host"
	local layout=$LAYOUTS/busybox manifest layer
	manifest=$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "single").digest' \
		"$layout/index.json")
	manifest=$layout/blobs/${manifest/://}
	for layer in $(jq -r '.layers[].digest' "$manifest"); do
		tar -xf "$layout/blobs/${layer/://}" -C "$T/b/rootfs" --no-same-owner --exclude='dev/*'
	done
	mkdir -p "$T/b/rootfs"/{dev,proc,sys,tmp,etc,root}
	chmod 1777 "$T/b/rootfs/tmp"
	(cd "$T/b" && oci spec "$@")
	config '.process.terminal = false | .root.readonly = false | .hostname = "b"'
}

# config JQ-PROGRAM [JQ-OPTION...]: changes the bundle
config() {
	local program=$1
	shift
	jq "$@" "$program" "$T/b/config.json" >"$T/c.json"
	mv "$T/c.json" "$T/b/config.json"
}

# mounts JSON...: further mounts
mounts() {
	local m
	for m; do
		config '.mounts += [$m]' --argjson m "$m"
	done
}

# go [STATUS] SCRIPT [OPTION...]: runs the script in the container, expects the status; sets output (stdout) and stderr
go() {
	local want=0 script
	if [[ $1 =~ ^[0-9]+$ ]]; then
		want=$1
		shift
	fi
	script=$1
	shift
	config '.process.args = ["/bin/sh", "-c", $script]' --arg script "$script"
	status=0
	output=$(oci run "$@" -b "$T/b" "c$RANDOM" 2>"$T/stderr" </dev/null) || status=$?
	stderr=$(<"$T/stderr")
	[ "$status" = "$want" ] || fail "status $status, expected $want" "stdout: $output" "stderr: $stderr"
}

# refused PART: the bundle is, with one line that has PART
refused() {
	status=0
	config '.process.args = ["/bin/true"]'
	oci run -b "$T/b" "c$RANDOM" >"$T/out" 2>"$T/stderr" </dev/null || status=$?
	stderr=$(<"$T/stderr")
	[ "$status" != 0 ] || fail "it ran"
	one_line "$stderr"
	has "$stderr" "$1"
	is "$(oci list -q)" ""
}
