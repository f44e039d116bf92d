#!/usr/bin/env bats
# What pull's options, files and environment do: credentials, certificates, names, platforms, proxies, progress.

load helpers

# asked REPOSITORY JQ-FILTER: requests for the repository of which the filter is true, as lines
asked() {
	jq -c --arg at "/v2/$1/" "select(.path | startswith(\$at)) | select($2)" "$HOSTILE_LOG"
}

# --- credentials

@test "pull: --creds, and what they are not is not told" {
	trust_ca "$REG_TLS"
	run_pod pull -q --creds "$REG_USER:$REG_PASSWORD" "$REG_TLS/library/busybox"
	run_pod 125 pull -q --creds "$REG_USER:hunter2" "$REG_TLS/library/nginx:alpine"
	one_line "$stderr"
	has "$stderr" "does not accept the user name and password (from --creds)"
	[[ $stderr != *hunter2* ]]
	run_pod 125 pull -q --creds hunter2 "$REG_TLS/library/nginx:alpine"
	has "$stderr" "user:password"
	[[ $stderr != *hunter2* ]]
}

@test "pull: no secret in debug output" {
	trust_ca "$REG_TLS"
	export SSL_CERT_FILE=$REG_CA
	run_pod --debug pull -q --creds "$REG_USER:$REG_PASSWORD" "$REG_TOKEN/library/busybox"
	has "$stderr" "$REG_TOKEN"
	[[ $stderr != *"$REG_PASSWORD"* && $stderr != *"$(printf %s "$REG_USER:$REG_PASSWORD" | base64)"* ]]
	[[ $stderr != *Bearer* && $stderr != *eyJ* ]]
}

@test "pull: --authfile must exist and parse" {
	run_pod 125 pull -q --authfile "$T/nothing" "$HOSTILE/redirect-auth/busybox:single"
	one_line "$stderr"
	has "$stderr" "$T/nothing"
	echo '{"auths": [' >"$T/broken.json"
	run_pod 125 pull -q --authfile "$T/broken.json" "$HOSTILE/redirect-auth/busybox:single"
	one_line "$stderr"
	has "$stderr" "$T/broken.json"
}

@test "pull: a credential helper of docker's config.json" {
	mkdir -p "$T/bin" "$HOME/.docker"
	cat >"$T/bin/docker-credential-tests" <<-END
		#!/bin/sh
		read -r server || :
		echo "\$1 \$server" >>"$T/helper.log"
		echo '{"ServerURL": "'"\$server"'", "Username": "$REG_USER", "Secret": "$REG_PASSWORD"}'
	END
	chmod +x "$T/bin/docker-credential-tests"
	printf '{"credHelpers": {"%s": "tests"}}\n' "$REG_TLS" >"$HOME/.docker/config.json"
	trust_ca "$REG_TLS"
	PATH=$T/bin:$PATH run_pod pull -q "$REG_TLS/library/busybox"
	is "$(<"$T/helper.log")" "get $REG_TLS"
	run_pod 125 pull -q "$REG_TLS/library/nginx:alpine"
	one_line "$stderr"
	has "$stderr" docker-credential-tests
}

@test "pull: --trust-realm sends credentials to another host's token server, which the error says" {
	auth_json "$HOSTILE" "$REG_USER:$REG_PASSWORD"
	local name=$HOSTILE/realm-elsewhere/trusted/busybox
	local sent='select(.server == "elsewhere" and (.path | contains("trusted")) and .Authorization)'
	run_pod 125 pull -q "$name"
	has "$stderr" "--trust-realm localhost"
	is "$(jq -c "$sent" "$HOSTILE_LOG")" ""
	run_pod 125 pull -q --trust-realm localhost "$name"
	[ -n "$(jq -c "$sent" "$HOSTILE_LOG")" ]
}

@test "pull: --creds are not for mirrors" {
	local run=mirror-$RANDOM
	trust_ca "$REG_TLS"
	registries_conf <<-TOML
		[[registry]]
		location = "$REG_TLS/library"
		[[registry.mirror]]
		location = "$HOSTILE/redirect-auth/$run"
	TOML
	run_pod pull -q --creds "$REG_USER:$REG_PASSWORD" "$REG_TLS/library/busybox"
	has "$stderr" "mirror '$HOSTILE': registry '$HOSTILE' wants credentials"
	[ -n "$(asked "redirect-auth/$run/busybox" true)" ]
	is "$(asked "redirect-auth/$run/busybox" .Authorization)" ""
}

# --- TLS

@test "pull: --cert-dir, --tls-verify=false, --tls-verify" {
	run_pod 125 pull -q --creds "$REG_USER:$REG_PASSWORD" "$REG_TLS/library/busybox"
	has "$stderr" "certs.d/$REG_TLS/ca.crt"
	mkdir "$T/certs"
	cp "$REG_CA" "$T/certs/our.crt"
	run_pod pull -q --cert-dir "$T/certs" --creds "$REG_USER:$REG_PASSWORD" "$REG_TLS/library/busybox"
	run_pod pull -q --tls-verify=false --creds "$REG_USER:$REG_PASSWORD" "$REG_TLS/library/nginx:alpine"
	run_pod 125 pull -q --tls-verify "$REG_PLAIN/library/busybox"
	one_line "$stderr"
	has "$stderr" "no TLS connection with '$REG_PLAIN'"
}

@test "pull: a key that is missing beside its certificate" {
	mkdir "$T/certs"
	cp "$REG_CA" "$T/certs/client.cert"
	run_pod 125 pull -q --cert-dir "$T/certs" "$REG_PLAIN/library/busybox"
	one_line "$stderr"
	has "$stderr" "$T/certs/client.key"
}

# --- names and places

@test "pull: aliases and search registries of registries.conf" {
	registries_conf <<-TOML
		unqualified-search-registries = ["$HOSTILE/down", "$REG_PLAIN/library"]
		[aliases]
		"box" = "$REG_PLAIN/library/busybox"
	TOML
	run_pod pull -q box:single
	run_pod images --format '{{.Repository}}:{{.Tag}}'
	is "$output" "$REG_PLAIN/library/busybox:single"
	run_pod run --rm --network none --pull never box:single echo by alias
	is "$output" "by alias"
	run_pod pull -q nginx:alpine
	run_pod 125 pull -q no-such-image
	one_line "$stderr"
	has "$stderr" "$HOSTILE/down/no-such-image"
	has "$stderr" "$REG_PLAIN/library/no-such-image"
}

@test "pull: drop-ins of registries.conf.d come on top" {
	mkdir "$HOME/.config/containers/registries.conf.d"
	cat >"$HOME/.config/containers/registries.conf.d/50-block.conf" <<-TOML
		[[registry]]
		prefix = "docker.io"
		blocked = true
	TOML
	run_pod 125 pull -q busybox
	one_line "$stderr"
	has "$stderr" "'docker.io' is blocked"
}

@test "pull: CONTAINERS_REGISTRIES_CONF names the file, which must exist" {
	registries_conf <<<'this is no TOML'
	printf '[[registry]]\nprefix = "a.test"\nlocation = "%s/library"\n' "$REG_PLAIN" >"$T/other.conf"
	CONTAINERS_REGISTRIES_CONF=$T/other.conf run_pod pull -q a.test/busybox
	CONTAINERS_REGISTRIES_CONF=$T/nothing.conf run_pod 125 pull -q a.test/busybox
	has "$stderr" "$T/nothing.conf"
}

@test "pull: the mirrors' and the registry's answers in one line" {
	registries_conf <<-TOML
		[[registry]]
		location = "no-such-host.invalid"
		[[registry.mirror]]
		location = "$HOSTILE/down"
		[[registry.mirror]]
		location = "$REG_PLAIN/library"
	TOML
	run_pod 125 pull -q no-such-host.invalid/busybox:no-such-tag
	one_line "$stderr"
	matches "$stderr" "mirror '$HOSTILE':.*503.*mirror '$REG_PLAIN':.*not found.*'no-such-host.invalid' itself: cannot find the host"
}

@test "pull: several names, an id a line; the second one's failure" {
	run_pod pull -q busybox nginx:alpine
	is "${#lines[@]}" 2
	matches "${lines[1]}" '^[0-9a-f]{64}$'
	run_pod 125 pull -q busybox:single nginx:no-such-tag
	matches "$output" '^[0-9a-f]{64}$'
	one_line "$stderr"
}

# --- platforms

@test "pull: --platform takes another machine's image, and says which there are" {
	run_pod pull -q --platform linux/s390x busybox
	is "$(field busybox .Architecture)" s390x
	run_pod 125 pull -q --platform linux/mips64le busybox
	one_line "$stderr"
	matches "$stderr" 'no image for linux/mips64le; there is .*linux/s390x'
	run_pod 125 pull -q --platform linux/arm64/v8 busybox:single
	matches "$stderr" 'no image for linux/arm64'
	run_pod 125 pull -q --platform a/b/c/d busybox
	has "$stderr" "invalid platform 'a/b/c/d'"
}

# --- the network

@test "pull: a blob that broke off goes on by Range; one without Range is passed over from its start" {
	local run=range-$RANDOM
	run_pod pull -q "$HOSTILE/cut-once/$run/busybox:single"
	matches "$(asked "cut-once/$run/busybox" '.Range' | jq -r .Range)" '^bytes=[1-9][0-9]*-$'
	pod rmi "$HOSTILE/cut-once/$run/busybox:single"
	run_pod pull -q "$HOSTILE/no-range/$run/busybox:single"
	run_pod run --rm --network none "$HOSTILE/no-range/$run/busybox:single" echo whole
	is "$output" whole
}

@test "pull: a registry that falls silent is given up" {
	POD_STALL_TIMEOUT=1 run_pod 125 pull -q "$HOSTILE/stall/busybox:single"
	one_line "$stderr"
	matches "$stderr" 'after [1-9][0-9]* of [0-9]* bytes:.*has not sent anything for too long'
	is "$(ls "$store/tmp")" ""
}

@test "pull: proxies are used, but not for loopback" {
	registries_conf <<-TOML
		[[registry]]
		location = "reg.test"
		insecure = true
	TOML
	http_proxy=http://$HOSTILE run_pod 125 pull -q reg.test/busybox
	[ -n "$(jq -c 'select(.path | startswith("http://reg.test/v2/busybox/"))' "$HOSTILE_LOG")" ]
	http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 run_pod pull -q "$REG_PLAIN/library/busybox"
	http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 run_pod 125 pull -q reg.test/busybox
	one_line "$stderr"
}

# --- progress

@test "pull: a bar a layer on a terminal, none in a dumb one" {
	local name=$HOSTILE/slow/$RANDOM/busybox:single
	TERM=xterm script -qec "$POD --root $store pull $name" /dev/null >"$T/screen" </dev/null
	has "$(<"$T/screen")" $'\e['
	matches "$(<"$T/screen")" ': Downloading \[=*> *\]'
	has "$(<"$T/screen")" "Pull complete"
	TERM=dumb script -qec "$POD --root $store pull nginx:alpine" /dev/null >"$T/screen" </dev/null
	[[ $(<"$T/screen") != *$'\e'* ]]
	has "$(<"$T/screen")" "Pull complete"
}
