#!/usr/bin/env bats
# Commands on images beside pull: images, tag, rmi, history, inspect, import.

load helpers

# rootfs: a tar with little in it.
rootfs() {
	mkdir -p "$T/root/etc"
	echo "root:x:0:0:root:/:/bin/sh" >"$T/root/etc/passwd"
	tar -C "$T/root" --owner=0 --group=0 -cf "$T/root.tar" .
}

@test "images: columns, -q, --no-trunc, --digests, templates" {
	pull busybox
	run_pod images
	matches "${lines[0]}" '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$'
	matches "${lines[1]}" '^busybox +latest +[0-9a-f]{12} +.* ago +[0-9.]+[kMG]?B$'
	is "${#lines[@]}" 2
	run_pod images -q
	matches "$output" '^[0-9a-f]{12}$'
	local id=$output
	run_pod images -q --no-trunc
	matches "$output" "^sha256:${id}[0-9a-f]{52}\$"
	run_pod images --digests
	matches "${lines[0]}" 'TAG +DIGEST +IMAGE ID'
	matches "${lines[1]}" 'latest +sha256:[0-9a-f]{64} '
	run_pod images --format '{{.Repository}}:{{.Tag}} {{.ID}}'
	is "$output" "busybox:latest $id"
	run_pod images --format 'table {{.Tag}}\t{{.ID}}'
	is "$output" "TAG      IMAGE ID
latest   $id"
	run_pod images --format json
	is "$(jq -r .Repository <<<"$output")" busybox
	run_pod image ls -q
	is "$output" "$id"
	output=$(pod images --format '{{.Size}}' | head -n 1)
	matches "$output" 'B$'
}

@test "images: arguments and filters" {
	rootfs
	run_pod import -c 'LABEL stage=test' "$T/root.tar" a:1
	run_pod import -c 'LABEL stage=live' "$T/root.tar" b/c:2
	run_pod import "$T/root.tar"
	local format='{{.Repository}}:{{.Tag}}'
	run_pod images --format "$format" a
	is "$output" a:1
	run_pod images --format "$format" 'b/*'
	is "$output" b/c:2
	run_pod images --format "$format" -f reference='*:1' -f 'reference=b/c:2'
	is "$(sort <<<"$output")" "a:1
b/c:2"
	run_pod images --format "$format" -f dangling=true
	is "$output" "<none>:<none>"
	run_pod images --format "$format" -f dangling=false -f label=stage=live
	is "$output" b/c:2
	run_pod images --format "$format" -f label=stage
	is "$(sort <<<"$output")" "a:1
b/c:2"
	run_pod images --format "$format" -f since=a:1 -f before=b/c:2
	is "$output" ""
	run_pod images --format "$format" -f before=b/c:2
	is "$output" a:1
	run_pod 1 images -f colour=red
	is "$stderr" "pod: invalid filter 'colour=red': known are reference, dangling, label, before, since"
	run_pod 1 images -f dangling=perhaps
	is "$stderr" "pod: invalid filter 'dangling=perhaps': neither true nor false"
	run_pod 1 images -f before=nosuch
	has "$stderr" "nosuch"
}

@test "tag and rmi: names come and go, the image goes with its last one" {
	rootfs
	run_pod import "$T/root.tar" one:1
	local id=$output
	run_pod tag one:1 two
	run_pod tag "${id#sha256:}" localhost:5000/three:x
	run_pod inspect -f '{{json .RepoTags}}' two
	is "$(jq -cS sort <<<"$output")" '["localhost:5000/three:x","one:1","two:latest"]'
	run_pod rmi one:1
	is "$output" "Untagged: one:1"
	run_pod 1 rmi "${id:7:12}"
	one_line "$stderr"
	run_pod rmi two
	is "$output" "Untagged: two:latest"
	run_pod rmi localhost:5000/three:x
	is "${lines[0]}" "Untagged: localhost:5000/three:x"
	is "${lines[1]}" "Deleted: $id"
	run_pod 1 rmi two nosuch
	is "$(wc -l <<<"$stderr")" 2
	has "$stderr" nosuch
	run_pod rmi -f nosuch
	run_pod 1 tag nosuch x
	has "$stderr" nosuch
	run_pod 1 tag one 'BAD NAME'
	one_line "$stderr"
}

@test "rmi: not while a container needs the image, unless it is forced and does not run" {
	pull busybox
	run_pod run -d --name c --network none busybox sleep 1000
	run_pod 1 rmi busybox
	has "$stderr" "is in use by container"
	run_pod 1 rmi -f busybox
	has "$stderr" "is in use by the running container"
	run_pod kill c
	run_pod wait c
	run_pod rmi -f busybox
	has "$output" "Untagged: busybox:latest"
	run_pod start c # its layers are still there
	run_pod rm -f c
}

@test "import: changes to the config, message, platform, compressed, from a pipe" {
	rootfs
	run_pod import -m "by hand" --platform linux/arm64/v8 -c 'CMD ["sh", "-c", "true"]' -c 'ENTRYPOINT run it' \
		-c 'ENV A=1 B="two words"' -c 'EXPOSE 80 53/udp' -c 'LABEL k=v' -c 'STOPSIGNAL SIGQUIT' -c 'USER 5:6' \
		-c 'VOLUME ["/v", "/w"]' -c 'WORKDIR /a' -c 'workdir b' "$T/root.tar" made:1
	matches "$output" '^sha256:[0-9a-f]{64}$'
	run_pod inspect made:1
	is "$(jq -c '.[0] | [.Architecture, .Variant, .Os, .Comment]' <<<"$output")" '["arm64","v8","linux","by hand"]'
	is "$(jq -c '.[0].Config | [.Cmd, .Entrypoint, .Env]' <<<"$output")" \
		'[["sh","-c","true"],["/bin/sh","-c","run it"],["A=1","B=two words"]]'
	is "$(jq -c '.[0].Config | [.ExposedPorts, .Volumes, .Labels]' <<<"$output")" \
		'[{"80/tcp":{},"53/udp":{}},{"/v":{},"/w":{}},{"k":"v"}]'
	is "$(jq -c '.[0].Config | [.StopSignal, .User, .WorkingDir]' <<<"$output")" '["SIGQUIT","5:6","/a/b"]'
	local layers compressed
	layers=$(jq -c '.[0].RootFS.Layers' <<<"$output")
	gzip -k "$T/root.tar"
	zstd -q "$T/root.tar"
	for compressed in gz zst; do
		pod import - "made:$compressed" <"$T/root.tar.$compressed"
		run_pod inspect -f '{{json .RootFS.Layers}}' "made:$compressed"
		is "$output" "$layers"
	done
	valid image/config-schema.json "$store/images/blobs/sha256/$(pod images -q --no-trunc made:1 | cut -d: -f2)"
}

@test "import: what is wrong is said, and nothing is left" {
	rootfs
	run_pod import "$T/root.tar" good
	local before words want
	before=$(snapshot)
	head -c 1600 "$T/root.tar" >"$T/cut.tar"
	gzip -c "$T/root.tar" | head -c 100 >"$T/cut.tgz"
	for words in "$T/cut.tar" "$T/cut.tgz" /etc/passwd "$T" "$T/nosuch"; do
		run_pod 1 import "$words" bad
		one_line "$stderr"
		is "$(snapshot)" "$before"
	done
	while IFS='|' read -r words want; do
		run_pod 1 import -c "$words" "$T/root.tar" bad
		has "$stderr" "$want"
		one_line "$stderr"
	done <<-'END'
		FROM x|unknown instruction
		CMD|CMD wants an argument
		ENV A|'A' lacks '=VALUE'
		ENV A="x|a quote is not closed
		EXPOSE much|'much' is no port
		STOPSIGNAL SIGNONE|SIGNONE
	END
	run_pod 1 import http://localhost/x.tar bad
	has "$stderr" "is a URL"
	run_pod 1 import --platform linux/ "$T/root.tar" bad
	has "$stderr" "invalid platform 'linux/'"
	is "$(snapshot)" "$before"
}

@test "history: the steps of the config, the newest first" {
	pull nginx:alpine
	run_pod history nginx:alpine
	matches "${lines[0]}" '^IMAGE +CREATED +CREATED BY +SIZE +COMMENT$'
	[ ${#lines[@]} -gt 2 ]
	run_pod history --format json nginx:alpine
	matches "$(jq -r .ID <<<"${lines[0]}")" '^[0-9a-f]{12}$'
	is "$(jq -r .ID <<<"${lines[1]}")" "<missing>"
	run_pod history --human=false --format '{{.Size}}' nginx:alpine
	matches "${lines[0]}" '^[0-9]+$'
	run_pod 1 history nosuch
	has "$stderr" nosuch
}
