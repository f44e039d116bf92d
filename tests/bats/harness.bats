#!/usr/bin/env bats
# The harness itself: registries answer, and the teardown's checks see what they are for.

load helpers

@test "harness: the tests run as an ordinary user with subordinate ids" {
	[ "$(id -u)" != 0 ]
	grep -q "^$(id -un):" /etc/subuid
	[ -z "${XDG_RUNTIME_DIR-}" ]
}

@test "harness: the registries answer, each with its own authentication" {
	curl -sf "http://$REG_PLAIN/v2/library/nginx/tags/list" | jq -e '.tags | index("alpine")'
	is "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$REG_CA" "https://$REG_TLS/v2/")" 401
	curl -sf --cacert "$REG_CA" -u "$REG_USER:$REG_PASSWORD" "https://$REG_TLS/v2/library/busybox/tags/list"
	has "$(curl -si --cacert "$REG_CA" "https://$REG_TOKEN/v2/")" 'Bearer realm='
	curl -sf "http://$HOSTILE/v2/ok/busybox/manifests/latest" | jq -e .manifests
}

@test "harness: a process that stays is seen" {
	setsid sleep 1000 3>&- &
	local left=$!
	run no_processes
	kill -9 "$left"
	wait "$left" || true
	[ "$status" = 1 ]
	has "$output" "sleep 1000"
	no_processes
}

@test "harness: a container's folder that stays is seen" {
	mkdir -p "$store/containers/abc"
	run no_folders
	rmdir "$store/containers/abc"
	[ "$status" = 1 ]
	has "$output" abc
	no_folders
}

@test "harness: images are the same bytes wherever they are made" {
	python3 "$FIXTURES/images.py" "$T/cache" busybox weird 2>&1 || skip "no packages to be had here (apt-get download)"
	local name
	for name in busybox weird; do
		cmp "$T/cache/layouts/$name/index.json" "$LAYOUTS/$name/index.json"
	done
}
