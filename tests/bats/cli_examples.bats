#!/usr/bin/env bats
# Every example of README.md and of the manual is run as it stands, but for the port, images that are not in the fixtures,
# and the terminal.

load helpers

# docs: where README.md and docs/ are; the work folder has a copy of tests/ only.
setup() {
	base_setup
	docs=$POD_TEST_WORK/docs
	[ -d "$docs" ] || skip "no docs here"
	port=$(free_port)
	mkdir "$T/bin" "$T/here"
	cat >"$T/bin/pod" <<-END
		#!/bin/sh
		exec "$POD" --root "$store" ${POD_STORAGE_DRIVER:+--storage-driver "$POD_STORAGE_DRIVER"} "\$@" 3>&-
	END
	# as \`pod oci\`, whose state is no business of --root
	sed -i "2i[ \"\$1\" != oci ] || { shift; exec \"$POD\" oci --root \"$T/oci\" \"\$@\" 3>\&-; }" "$T/bin/pod"
	chmod +x "$T/bin/pod"
	cd "$T/here" || return 1
}

eval "base_$(declare -f teardown)"
teardown() {
	[ ! -d "$T/oci" ] || "$POD" oci --root "$T/oci" delete -f test 3>&-
	in_userns rm -rf "$T/here/web" "$T/here/web-bundle"
	base_teardown
}

# example LINE: runs it; what would go on for ever is stopped.
example() {
	local line=$1 end=60 want=0 status=0
	line=${line//8080/$port}
	line=${line// -it / -i }
	line=${line//alpine sh/busybox sh}
	line=${line//linux\/arm64 alpine:3.20/linux\/amd64 busybox}
	case $line in
	*"logs -f"* | *attach* | *"oci run"*) end=5 want=124 ;;
	*curl*) line="eventually 10 ${line/curl/curl -sf} >/dev/null" ;;
	*"oci delete"*) line="eventually 10 $T/bin/$line >/dev/null" ;; # the kill has no wait
	esac
	if [[ $line == eventually* ]]; then
		eval "$line" || status=$?
	else
		PATH=$T/bin:$PATH timeout $end bash -eo pipefail -c "$line" </dev/null 3>&- >"$T/said" 2>&1 || status=$?
	fi
	[ $status = $want ] || fail "$line: status $status" "$(<"$T/said")"
}

# manual PAGE: the examples of a page, one a line.
manual() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/{s/^\.Dl \$ //p; s/^\$ //p; s/^    -/-/p}' "$1" |
		sed -e 's/\\e/\\/g; s/\\(dq/"/g; s/\\&//g' | sed -e ':more' -e '/\\$/{N; s/\\\n */ /; b more' -e '}'
}

@test "README: the examples work, in their order" {
	local n=0 line
	while read -r line; do
		case $line in
		"pod inspect -f"*) example "pod run -d --name web -p 8080:80 nginx:alpine" ;;
		esac
		example "$line"
		n=$((n + 1))
	done < <(sed -n '/^## Use it/,/^## /{s/ *# .*//; /^pod \|^curl /p}' "$POD_TEST_WORK/README.md")
	[ $n -ge 14 ]
	run_pod rm -f web
}

@test "manual: the examples work" {
	local page line n=0
	for page in "$docs"/pod*.1; do
		pod rm -f web job >/dev/null 2>&1
		case ${page##*/} in
		pod.1 | pod-run.1 | pod-create.1) ;;
		pod-wait.1) example "pod run --name job busybox true" ;;
		pod-rmi.1) example "pod pull nginx:alpine" ;;
		*) example "pod run -d --name web -p 8080:80 nginx:alpine" ;;
		esac
		while read -r line; do
			example "$line" || fail "in ${page##*/}"
			n=$((n + 1))
		done < <(manual "$page")
		in_userns rm -rf web
	done
	[ $n -ge 40 ]
	run_pod rm -f web job
}
