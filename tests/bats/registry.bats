#!/usr/bin/env bats
# The registry client against Debian's docker-registry (plain, TLS, password, tokens) and one that misbehaves.

load helpers

# refuses NAME REGEX [PULL-FLAG...]: one clear line that matches, exit 125, and nothing half-written.
refuses() {
	local name=$1 regex=$2 before images
	shift 2
	images=$(pod images)
	before=$(snapshot)
	run_pod 125 pull -q "$@" "$name"
	one_line "$stderr"
	matches "$stderr" "$regex"
	is "$output" ""
	is "$(pod images)" "$images"
	is "$(snapshot)" "$before"
}

# asked REPOSITORY JQ-FILTER: requests for the repository of which the filter is true, as lines
asked() {
	jq -c --arg at "/v2/$1/" 'select(.path | startswith($at)) | select('"$2"')' "$HOSTILE_LOG"
}

# --- names

@test "names: short, with domain, port, tag and digest mean the same image" {
	local digest
	digest=$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "latest").digest' \
		"$LAYOUTS/busybox/index.json")
	pull busybox
	local id name
	id=$(field busybox .Id)
	for name in busybox:latest docker.io/busybox library/busybox docker.io/library/busybox:latest \
		"busybox@$digest" "docker.io/library/busybox:latest@$digest" "$REG_PLAIN/library/busybox:single"; do
		pull "$name"
		is "$(field "$name" .Id)" "$id"
	done
}

@test "names: what cannot be a name is refused with the reason" {
	local name
	for name in Busybox 'bus ybox' busybox:-tag busybox@sha256:abc busybox@md5:d41d8cd98f00b204e9800998ecf8427e \
		'' : host:port/x host:99999/x -- a//b /a 'x:'"$(printf 'a%.0s' {1..129})" $'x\ny' 'b@sha256:../../../etc/passwd'; do
		run_pod 125 pull -q -- "$name"
		one_line "$stderr"
	done
	[ ! -e "$store/images/index.json" ] || is "$(jq '.manifests | length' "$store/images/index.json")" 0
}

# --- forms of images

@test "pull: this platform's image out of an index with others and an attestation" {
	pull busybox:latest
	run_pod run --rm busybox:latest sh -c '[ ! -e /wrong-platform ] && uname -m'
	is "$output" "$(uname -m)"
}

@test "pull: docker schema 2, zstd and uncompressed layers" {
	local tag
	for tag in docker zstd plain; do
		run_pod run --rm "busybox:$tag" echo "hello from $tag"
		is "$output" "hello from $tag"
	done
}

@test "pull: an index without this platform says which there are" {
	refuses busybox:foreign "$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')"
	has "$stderr" s390x
}

@test "pull: a layer that is there is neither fetched nor unpacked again" {
	local run=again-$RANDOM
	pull "$HOSTILE/ok/$run/busybox:single"
	is "$(asked "ok/$run/busybox" '.path | contains("/blobs/")' | wc -l)" 2
	pull "$HOSTILE/ok/$run/busybox:single"
	pull "$HOSTILE/ok/$run-2/busybox:single"
	is "$(asked "ok/$run/busybox" '.path | contains("/blobs/")' | wc -l)" 2
	is "$(asked "ok/$run-2/busybox" '.path | contains("/blobs/")' | wc -l)" 0
}

@test "pull: plain lines where there is no terminal, none with -q" {
	run_pod pull nginx:alpine
	has "$output$stderr" "nginx:alpine"
	[[ $output$stderr != *$'\e'* && $output$stderr != *$'\r'* ]]
	run_pod pull -q nginx:alpine
	is "$stderr" ""
	matches "$output" '^(sha256:)?[0-9a-f]{64}$|nginx:alpine$'
}

@test "pull: --pull never, missing and always" {
	run_pod 125 run --rm --pull never busybox true
	has "$stderr" busybox
	run_pod run --rm --pull missing busybox true
	registries_conf <<-TOML
		[[registry]]
		location = "docker.io"
		blocked = true
	TOML
	run_pod run --rm --pull missing busybox true
	run_pod run --rm --pull never busybox true
	run_pod 125 run --rm --pull always busybox true
	matches "$stderr" 'block'
}

# --- registries.conf

@test "registries.conf: a prefix is rewritten to another place" {
	registries_conf <<-TOML
		[[registry]]
		prefix = "example.com/team"
		location = "$REG_PLAIN/library"
		insecure = true
	TOML
	run_pod run --rm example.com/team/busybox echo rewritten
	is "$output" rewritten
	run_pod images
	has "$output" example.com/team/busybox
}

@test "registries.conf: a mirror that fails is passed over" {
	registries_conf <<-TOML
		[[registry]]
		location = "docker.io"
		[[registry.mirror]]
		location = "$HOSTILE/down/mirror"
		insecure = true
		[[registry.mirror]]
		location = "$REG_PLAIN"
		insecure = true
	TOML
	run_pod run --rm busybox echo second
	is "$output" second
}

@test "registries.conf: a syntax error names the file and the line" {
	registries_conf <<<$'[[registry]]\nlocation = '
	run_pod 125 pull -q busybox
	one_line "$stderr"
	has "$stderr" registries.conf
	matches "$stderr" '2'
}

# --- authentication and TLS

@test "auth: TLS with htpasswd, credentials from docker's config.json" {
	trust_ca "$REG_TLS"
	auth_json "$REG_TLS" "$REG_USER:$REG_PASSWORD"
	run_pod run --rm "$REG_TLS/library/busybox" echo private
	is "$output" private
}

@test "auth: credentials from REGISTRY_AUTH_FILE and containers' auth.json, the longest name first" {
	trust_ca "$REG_TLS"
	auth_json "$REG_TLS/library" "$REG_USER:$REG_PASSWORD"
	sed "s,{\"auths\": {,&\"$REG_TLS\": {\"auth\": \"$(printf wrong:wrong | base64)\"}\, ," \
		"$HOME/.docker/config.json" >"$T/auth.json"
	jq -e '.auths | length == 2' "$T/auth.json"
	rm "$HOME/.docker/config.json"
	REGISTRY_AUTH_FILE=$T/auth.json run_pod pull -q "$REG_TLS/library/busybox"
	mkdir -p "$HOME/.config/containers"
	cp "$T/auth.json" "$HOME/.config/containers/auth.json"
	pull "$REG_TLS/library/busybox"
}

@test "auth: no and wrong credentials" {
	trust_ca "$REG_TLS"
	refuses "$REG_TLS/library/busybox" '401|[Uu]nauthorized|[Aa]uthenticat|credential'
	has "$stderr" "$REG_TLS"
	auth_json "$REG_TLS" "$REG_USER:wrong"
	refuses "$REG_TLS/library/busybox" '401|[Uu]nauthorized|[Aa]uthenticat|password|credential'
	[[ $stderr != *wrong* ]]
}

@test "auth: an unknown certificate authority" {
	auth_json "$REG_TLS" "$REG_USER:$REG_PASSWORD"
	refuses "$REG_TLS/library/busybox" '[Cc]ertificate|TLS|SSL'
	has "$stderr" "$REG_TLS"
}

@test "auth: insecure in registries.conf takes any certificate" {
	auth_json "$REG_TLS" "$REG_USER:$REG_PASSWORD"
	registries_conf <<-TOML
		[[registry]]
		location = "$REG_TLS"
		insecure = true
	TOML
	pull "$REG_TLS/library/busybox"
}

@test "auth: tokens, with a password and anonymously where that is allowed" {
	export SSL_CERT_FILE=$REG_CA
	pull "$REG_TOKEN/public/busybox"
	refuses "$REG_TOKEN/library/busybox" '401|403|[Uu]nauthorized|[Aa]uthenticat|denied|credential'
	auth_json "$REG_TOKEN" "$REG_USER:$REG_PASSWORD"
	pull "$REG_TOKEN/library/busybox"
	auth_json "$REG_TOKEN" "$REG_USER:wrong"
	refuses "$REG_TOKEN/library/nginx:alpine" '401|[Uu]nauthorized|[Aa]uthenticat|password|credential'
}

@test "auth: credentials do not go along with a redirect to another host" {
	local run=redirect-$RANDOM
	auth_json "$HOSTILE" "$REG_USER:$REG_PASSWORD"
	pull "$HOSTILE/redirect-auth/$run/busybox:single"
	[ "$(asked "redirect-auth/$run/busybox" '.Authorization and .server == "hostile"' | wc -l)" -gt 0 ]
	[ "$(jq -c 'select(.server == "elsewhere")' "$HOSTILE_LOG" | wc -l)" -gt 0 ]
	is "$(jq -c 'select(.server == "elsewhere" and .Authorization and (.path | startswith("/v2/")))' "$HOSTILE_LOG")" ""
}

@test "auth: a realm on another host gets no credentials" {
	auth_json "$HOSTILE" "$REG_USER:$REG_PASSWORD"
	run_pod 125 pull -q "$HOSTILE/realm-elsewhere/busybox"
	one_line "$stderr"
	is "$(jq -c 'select(.server == "elsewhere" and .Authorization and (.path | contains("realm-elsewhere%2Fbusybox")))' "$HOSTILE_LOG")" ""
}

# --- what goes wrong

@test "wrong: a missing tag and a missing repository" {
	pull busybox
	refuses nginx:no-such-tag 'not found|no such|unknown|does not exist'
	has "$stderr" no-such-tag
	refuses "$REG_PLAIN/no/such/repository" 'not found|no such|unknown|does not exist'
	refuses "$REG_PLAIN/library/busybox@sha256:$(printf '0%.0s' {1..64})" 'not found|no such|unknown|does not exist'
}

@test "wrong: a name server that does not know the host, a port where nobody listens" {
	refuses no-such-host.invalid/x 'no-such-host.invalid'
	refuses "127.0.0.1:1/x" '127.0.0.1:1.*([Rr]efused|connect)'
}

@test "wrong: digest mismatch of layer, config and manifest" {
	pull busybox
	refuses "$HOSTILE/digest-mismatch/nginx:alpine" 'digest|sha256'
	refuses "$HOSTILE/config-mismatch/nginx:alpine" 'digest|sha256'
	refuses "$HOSTILE/manifest-mismatch/busybox:latest" 'digest|sha256'
}

@test "wrong: a layer that is truncated, too short, too long, or without end" {
	refuses "$HOSTILE/truncated/busybox:single" '[Cc]losed|[Rr]eset|transfer|truncated|size|bytes|short'
	refuses "$HOSTILE/short/busybox:single" 'size|bytes|short|digest'
	refuses "$HOSTILE/long/busybox:single" 'size|bytes|long|larger|more'
	refuses "$HOSTILE/endless/busybox:single" 'size|bytes|long|larger|more'
}

@test "wrong: a registry that dies half-way" {
	refuses "$HOSTILE/dies/$RANDOM/busybox:single" "$HOSTILE"
}

@test "wrong: server errors for good, refusals, and pages that are no manifest" {
	refuses "$HOSTILE/down/busybox" '503'
	refuses "$HOSTILE/denied/busybox" 'denied|403'
	refuses "$HOSTILE/html/busybox" 'manifest|media type|JSON|html'
	refuses "$HOSTILE/not-json/busybox" 'manifest|JSON'
	refuses "$HOSTILE/schema1/busybox" 'schema|media type|manifest'
	refuses "$HOSTILE/oversized/busybox:single" '4 MiB|4194304|large|larger|limit|big'
	refuses "$HOSTILE/redirect-loop/busybox:single" 'redirect'
	refuses "$HOSTILE/redirect-file/busybox:single" 'file|redirect|protocol|scheme'
	refuses "$HOSTILE/escape/busybox" 'not found|unknown|no such|red'
}

@test "retry: 503 twice, 429 with Retry-After, a connection cut once with and without Range" {
	local run=$RANDOM
	pull "$HOSTILE/flaky/$run/busybox:single"
	pod rmi -f "$HOSTILE/flaky/$run/busybox:single"
	pull "$HOSTILE/rate-limit/$run/busybox:single"
	pod rmi -f "$HOSTILE/rate-limit/$run/busybox:single"
	pull "$HOSTILE/cut-once/$run/busybox:single"
	pod rmi -f "$HOSTILE/cut-once/$run/busybox:single"
	pull "$HOSTILE/no-range/$run/busybox:single"
	run_pod run --rm "$HOSTILE/no-range/$run/busybox:single" echo whole
	is "$output" whole
}

# --- hostile images

evil() {
	echo "$HOSTILE/ok/evil:$1"
}

@test "evil: layers that leave the root file system do not, and say so or run harmlessly" {
	local name
	rm -f /tmp/pod-evil
	for name in dotdot dotdot-inside absolute symlink-then-file symlink-dotdot hardlink-outside hardlink-absolute \
		hardlink-symlink hardlink-payload root-symlink parent-swap whiteout-link opaque-link device-zero device-disk \
		long-name huge-uid gzip-bomb; do
		status=0
		pod pull -q "$(evil "$name")" 2>"$T/stderr" >"$T/id" && pod run --rm --network none "$(evil "$name")" true 2>"$T/stderr" || status=$?
		stderr=$(<"$T/stderr")
		case $status in
		0) ;;
		125) one_line "$stderr" ;;
		*) fail "$name: status $status: $stderr" ;;
		esac
		[ ! -e /tmp/pod-evil ] || fail "$name wrote /tmp/pod-evil"
		is "$(in_userns find "$store/layers" "$store/images" -links +1 -type f -samefile /etc/passwd)" ""
	done
}

@test "evil: archives and descriptions that lie are refused, nothing stays" {
	pull "$HOSTILE/ok/busybox:single"
	local name
	for name in dotdot dotdot-inside whiteout-dot whiteout-dotdot whiteout-empty hardlink-missing wrong-diff-id negative-size \
		size-too-small size-too-big digest-path digest-unknown foreign-media truncated-gzip truncated-tar not-a-tar zip \
		missing-blob huge-size negative-uid; do
		echo "# $name"
		refuses "$(evil "$name")" .
	done
}
