#!/usr/bin/env bats
# Export and import: tar to standard output, a bundle with the container's flags. crun.bats runs such a bundle elsewhere.

load helpers

@test "export: to standard output, and never to a terminal or over a folder" {
	pull busybox
	matches "$(pod export busybox | tar -t)" '(^|/|[[:space:]])bin/busybox'
	pod create --name c busybox
	matches "$(pod export c | tar -t)" '(^|/|[[:space:]])bin/busybox'
	run_pod 1 export -o "$T" c
	one_line "$stderr"
	run_pod 1 export no-such-thing
	has "$stderr" no-such-thing
	run python3 "$FIXTURES/terminal.py" 24x80 "$POD" --root "$store" export busybox </dev/null
	[ "$status" = 1 ]
	matches "$output" 'terminal'
}

@test "export: a container's bundle has its flags and its changes" {
	run_pod run --name c -e COLOUR=green -w /tmp --network none busybox sh -c 'echo kept >/kept; chown 33 /kept'
	run_pod export --bundle "$T/bundle" c
	is "$(jq -r '.process.cwd' "$T/bundle/config.json")" /tmp
	jq -e '.process.env | index("COLOUR=green")' "$T/bundle/config.json"
	is "$(cat "$T/bundle/rootfs/kept")" kept
	is "$(in_userns stat -c %u "$T/bundle/rootfs/kept")" 33
	in_userns rm -rf "$T/bundle"
}

@test "import: what export wrote is an image again, from a file and from standard input" {
	run_pod run --name c --network none busybox sh -c 'echo kept >/kept; chown 33:33 /kept; chmod 4750 /kept'
	run_pod export -o "$T/c.tar" c
	run_pod import "$T/c.tar" mine:one
	pod import - mine:two <"$T/c.tar"
	local tag
	for tag in one two; do
		run_pod run --rm --network none "mine:$tag" sh -c 'cat /kept; stat -c "%a %u:%g" /kept'
		is "$output" "kept
4750 33:33"
	done
	run_pod 1 import "$T/no-such-file" mine:three
	one_line "$stderr"
	echo "no archive" >"$T/bad.tar"
	local before
	before=$(snapshot)
	run_pod 1 import "$T/bad.tar" mine:three
	one_line "$stderr"
	is "$(snapshot)" "$before"
	run_pod rm c
}
