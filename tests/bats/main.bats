#!/usr/bin/env bats
# The main job, end to end: an unprivileged user runs nginx:alpine with a published port and gets the page.

load helpers

# serves IMAGE [PULL-FLAG...]: the whole job with that image.
serves() {
	local image=$1 port page id
	shift
	port=$(free_port)
	run_pod run -d --name web -p "$port:80" "$@" "$image"
	matches "$output" '^[0-9a-f]{64}$'
	id=$output
	page=$(eventually 10 curl -sf "http://127.0.0.1:$port/")
	is "$page" "$(pod exec web cat /usr/share/nginx/html/index.html)"
	has "$page" "Welcome to nginx"
	eventually 5 logs_have web '"GET / HTTP/1.1" 200' >/dev/null
	logs_have web "10-hello.sh: ready for start up"
	run_pod exec web id
	has "$output" "uid=0(root) gid=0(root)"
	run_pod ps --no-trunc
	has "$output" "$id"
	has "$output" "0.0.0.0:$port->80/tcp"
	run_pod stop web
	is "$output" web
	# nginx ended itself on the image's SIGQUIT: SIGKILL would have left 137
	is "$(field web .State.ExitCode)" 0
	state_is web exited
	run curl -s -m 2 "http://127.0.0.1:$port/"
	[ "$status" != 0 ]
	run_pod rm web
	is "$output" web
	run_pod ps -a -q
	is "$output" ""
}

@test "main: nginx:alpine through a registries.conf mirror of docker.io" {
	serves nginx:alpine
	run_pod images
	has "$output" nginx
	has "$output" alpine
}

@test "main: nginx:alpine over TLS with a password" {
	trust_ca "$REG_TLS"
	auth_json "$REG_TLS" "$REG_USER:$REG_PASSWORD"
	serves "$REG_TLS/library/nginx:alpine"
}

@test "main: nginx:alpine over TLS with tokens" {
	trust_ca "$REG_TOKEN"
	auth_json "$REG_TOKEN" "$REG_USER:$REG_PASSWORD"
	mkdir -p "$HOME/.config/containers/certs.d"
	# the token server is another port of the same host: its certificate needs the same CA
	SSL_CERT_FILE=$REG_CA serves "$REG_TOKEN/library/nginx:alpine"
}

@test "main: nginx:alpine from a docker schema 2 manifest" {
	serves nginx:alpine-docker
}

@test "main: two servers at once, the image pulled once" {
	local one two
	one=$(free_port) two=$(free_port)
	pull nginx:alpine
	: >"$T/mark"
	run_pod run -d --name one -p "$one:80" nginx:alpine
	run_pod run -d --name two -p "$two:80" nginx:alpine
	eventually 10 curl -sf "http://127.0.0.1:$one/" >/dev/null
	eventually 10 curl -sf "http://127.0.0.1:$two/" >/dev/null
	is "$(in_userns find "$store/images/blobs" "$store/layers" -maxdepth 1 -newer "$T/mark")" ""
	run_pod stop one two
	run_pod rm one two
}

@test "main: the genuine busybox of Docker Hub, digests unchanged" {
	need_genuine busybox
	local layout=$LAYOUTS/genuine-busybox index arch manifest config
	index=$(jq -r '.manifests[0].digest' "$layout/index.json")
	arch=$(dpkg --print-architecture)
	manifest=$(jq -r --arg arch "$arch" '[.manifests[] | select(.platform.architecture == $arch)][0].digest' \
		"$layout/blobs/${index/://}")
	config=$(jq -r .config.digest "$layout/blobs/${manifest/://}")
	pull "$REG_PLAIN/genuine-busybox:musl"
	has "$(field "$REG_PLAIN/genuine-busybox:musl" .Id)" "${config#sha256:}"
	run_pod run --rm "$REG_PLAIN/genuine-busybox:musl" sh -c 'busybox | head -n 1; echo $((6 * 7))'
	has "$output" "BusyBox v"
	has "$output" 42
	# by the digest of the index, too
	run_pod run --rm "$REG_PLAIN/genuine-busybox@$index" true
}

@test "main: the genuine Alpine" {
	need_genuine alpine
	run_pod run --rm "$REG_PLAIN/genuine-alpine:3.20.3" cat /etc/alpine-release
	is "$output" 3.20.3
	run_pod run --rm "$REG_PLAIN/genuine-alpine:3.20.3" apk info
	has "$output" musl
}

@test "main: rmi frees what only that image needed" {
	pull busybox
	run_pod images -q
	local before
	before=$(store_bytes)
	pull nginx:alpine
	[ "$(store_bytes)" -gt "$before" ]
	run_pod rmi nginx:alpine
	has "$output" "Untagged"
	has "$output" "Deleted"
	is "$(store_bytes)" "$before"
	run_pod run --rm busybox true
	run_pod rmi busybox
	run_pod images -q
	is "$output" ""
	is "$(find "$store/images/blobs" "$store/layers" -type f | wc -l)" 0
}

@test "main: the store is an OCI image layout, and what pod writes is valid" {
	pull nginx:alpine
	has "$(cat "$store/images/oci-layout")" '"imageLayoutVersion"'
	valid image/image-index-schema.json "$store/images/index.json"
	run_pod run -d --name c nginx:alpine
	valid runtime/config-schema.json "$store/containers/$output/config.json"
	run_pod rm -f c
}

@test "main: version and info without a store, and help for a wrong word" {
	run_pod version
	matches "${lines[0]}" '^pod version [0-9]+\.[0-9]'
	run_pod --version
	matches "$output" '^pod version [0-9]+\.[0-9]'
	[ ! -e "$store" ]
	run_pod info
	run_pod 1 frobnicate
	has "$stderr" frobnicate
	one_line "$stderr"
}
