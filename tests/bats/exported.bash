# For the files that drive `pod oci`: an exported bundle of busybox, and its end. Loaded after helpers.
#
# shellcheck shell=bash

oci() {
	"$POD" oci --root "$T/oci" "$@" 3>&-
}

# make_bundle SCRIPT: in $T/bundle, busybox running the script
make_bundle() {
	pull busybox
	pod export --bundle "$T/bundle" busybox
	jq --arg script "$1" '.process.args = ["sh", "-c", $script] | .process.terminal = false' "$T/bundle/config.json" >"$T/c"
	mv "$T/c" "$T/bundle/config.json"
}

teardown_bundle() {
	is "$(oci list -q)" ""
	in_userns rm -rf "$T/bundle" "$T/oci"
}
