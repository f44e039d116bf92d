# For the tests of `pod oci` on bundles made by hand: no registry, no image store, nothing of the engine.
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # T and store come from helpers.bash; status, output and stderr are read by the tests

oci() {
	"$POD" oci --root "$T/oci" "$@" 3>&-
}

# run_oci [STATUS] WORD...: as run_pod of helpers.bash.
run_oci() {
	local want=0
	if [[ $1 =~ ^[0-9]+$ ]]; then
		want=$1
		shift
	fi
	status=0
	output=$(oci "$@" 2>"$T/stderr") || status=$?
	stderr=$(<"$T/stderr")
	if [ "$status" != "$want" ]; then
		printf '%s\n' "oci $*" "status $status, expected $want" "stdout: $output" "stderr: $stderr" >&2
		return 1
	fi
}

# refused REGEX WORD...: fails with status 1 and one line that matches
refused() {
	local pattern=$1
	shift
	run_oci 1 "$@" || return 1
	one_line "$stderr" || return 1
	matches "$stderr" "$pattern"
}

# bundle_rootfs DIR: busybox, from the layers of the tests' image
bundle_rootfs() {
	local layout=$LAYOUTS/busybox manifest layer
	mkdir -p "$1"
	manifest=$(jq -r '.manifests[0].digest' "$layout/index.json")
	while :; do
		manifest=$layout/blobs/${manifest/://}
		[ "$(jq 'has("manifests")' "$manifest")" = true ] || break
		manifest=$(jq -r --arg arch "$(dpkg --print-architecture)" \
			'[.manifests[] | select(.platform.architecture == $arch)][0].digest' "$manifest")
	done
	for layer in $(jq -r '.layers[].digest' "$manifest"); do
		tar -x -C "$1" --no-same-owner --no-same-permissions --exclude='dev/*' -f "$layout/blobs/${layer/://}" || return 1
	done
}

# new_bundle [SCRIPT]: $B with busybox that runs the script, as `spec --rootless` says, without a terminal
new_bundle() {
	B=$store/b
	mkdir -p "$B"
	bundle_rootfs "$B/rootfs" || return 1
	(cd "$B" && "$POD" oci spec --rootless 3>&-) || return 1
	edit '.process.terminal = false | .process.args = ["sh", "-c", $script]' --arg script "${1-sleep 1000}"
}

# edit FILTER [JQ-OPTION...]: changes $B/config.json
edit() {
	jq "${@:2}" "$1" "$B/config.json" >"$B/new" && mv "$B/new" "$B/config.json"
}

# map_ranges: the user's whole id map instead of the one id, as `pod run` makes it
map_ranges() {
	local first
	first=$(awk -F: -v user="$(id -un)" '$1 == user { print $2; exit }' /etc/subuid)
	edit '.linux.uidMappings = [{containerID: 0, hostID: $id, size: 1}, {containerID: 1, hostID: $first, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings' --argjson id "$(id -u)" --argjson first "$first"
}

# create ID [OPTION...]: of $B; what the container says goes to $T/out
create() {
	oci create -b "$B" "${@:2}" "$1" >"$T/out" 2>&1 </dev/null || {
		cat "$T/out" >&2
		return 1
	}
}

# status_is ID STATUS
status_is() {
	is "$(oci state "$1" | jq -r .status)" "$2"
}

# gone: nothing of any container is left
gone() {
	is "$(oci list -q)" "" || return 1
	is "$(find "$T/oci" -mindepth 1 -maxdepth 1 ! -name '.*' 2>/dev/null)" ""
}

# dead PID: ended, whether its parent has buried it or not
dead() {
	! grep -qs '^State:	[^Z]' "/proc/$1/status" || fail "process $1 lives on"
}
