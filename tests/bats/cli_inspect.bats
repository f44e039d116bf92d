#!/usr/bin/env bats
# `pod inspect`: docker's shape, of containers in each state and of images; templates as scripts write them.

load helpers

@test "inspect: an image in docker's shape" {
	pull nginx:alpine
	run_pod inspect nginx:alpine
	is "$(jq -c 'map(type)' <<<"$output")" '["object"]'
	local member
	for member in Id RepoTags RepoDigests Created Config Architecture Os Size GraphDriver RootFS; do
		is "$(jq "[.[0] | has(\"$member\")][0]" <<<"$output")" true
	done
	matches "$(jq -r '.[0].Id' <<<"$output")" '^sha256:[0-9a-f]{64}$'
	is "$(jq -r '.[0].RepoTags[0]' <<<"$output")" nginx:alpine
	matches "$(jq -r '.[0].RepoDigests[0]' <<<"$output")" '^nginx@sha256:[0-9a-f]{64}$'
	is "$(jq -r '.[0].RootFS.Type' <<<"$output")" layers
	# a member a line, for those who use grep
	has "$output" $'\n        "Os": "linux",\n'
	run_pod inspect --type image -f '{{len .RootFS.Layers}} {{.ID}}' nginx:alpine
	matches "$output" '^[1-9][0-9]* sha256:'
	run_pod 1 inspect --type container nginx:alpine
	run_pod 125 inspect --type thing nginx:alpine
	has "$stderr" "neither container nor image"
}

@test "inspect: a container that was created, runs, and has ended" {
	pull busybox
	local port
	port=$(free_port)
	mkdir "$T/shared"
	run_pod create --name c -h box -u 5:6 -w /tmp -e A=1 -l k=v -p "127.0.0.1:$port:80" -v "$T/shared:/s:ro" -v vol:/v \
		--tmpfs /t:size=1m --entrypoint sleep --memory-reservation 0 --cap-add NET_ADMIN --rm=false busybox 1000
	local id=$output
	run_pod inspect -f '{{json .State}}' c
	is "$(jq -c '[.Status, .Running, .Pid, .ExitCode, .StartedAt]' <<<"$output")" \
		'["created",false,0,0,"0001-01-01T00:00:00Z"]'
	run_pod start c
	run_pod inspect c
	is "$(jq -c '.[0] | [.Id, .Name, .Path, .Args]' <<<"$output")" "[\"$id\",\"/c\",\"sleep\",[\"1000\"]]"
	is "$(jq -c '.[0].State | [.Status, .Running, .Paused]' <<<"$output")" '["running",true,false]'
	[ -d "/proc/$(jq -r '.[0].State.Pid' <<<"$output")" ]
	is "$(jq -c '.[0].Config | [.Hostname, .User, .WorkingDir, .Entrypoint, .Cmd, .Labels.k, .Image]' <<<"$output")" \
		'["box","5:6","/tmp",["sleep"],["1000"],"v","busybox"]'
	is "$(jq -c '.[0].Config.Env | index("A=1") != null' <<<"$output")" true
	is "$(jq -c '.[0].HostConfig | [.Binds, .Tmpfs["/t"] != null, .CapAdd, .AutoRemove]' <<<"$output")" \
		"[[\"$T/shared:/s:ro\",\"vol:/v\"],true,[\"NET_ADMIN\"],false]"
	is "$(jq -c '.[0].Mounts | map([.Type, .Destination, .RW]) | sort' <<<"$output")" \
		'[["bind","/s",false],["volume","/v",true]]'
	is "$(jq -c '.[0].NetworkSettings.Ports["80/tcp"]' <<<"$output")" "[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"$port\"}]"
	is "$(jq -c '.[0].HostConfig.PortBindings["80/tcp"][0].HostPort' <<<"$output")" "\"$port\""
	run_pod inspect -f '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}} {{.Config.Labels.k}}{{.Config.Labels.no}}' c
	is "$output" "$port v<no value>"
	run_pod inspect -f '{{if .State.Health}}x{{else}}none{{end}} {{range .Mounts}}{{.Type}} {{end}}' "${id:0:6}"
	is "$output" "none bind volume "
	run_pod inspect -s -f '{{if gt .SizeRootFs .SizeRw}}more{{end}}' c
	is "$output" more
	run_pod kill c
	run_pod wait c
	run_pod inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Running}} {{.State.Pid}}' c
	is "$output" "exited 137 false 0"
	run_pod inspect -f '{{json .NetworkSettings.Ports}}' c
	is "$output" "{}"
	run_pod rm c
}

@test "inspect: several names, unknown ones, wrong templates" {
	pull busybox
	run_pod create --name busybox --network none busybox
	run_pod inspect -f '{{.Name}}' busybox # a container comes before an image
	is "$output" /busybox
	run_pod image inspect -f '{{index .RepoTags 0}}' busybox
	is "$output" busybox:latest
	run_pod 1 inspect nosuch busybox
	is "$(jq length <<<"$output")" 1
	is "$stderr" "pod: no such object: nosuch"
	run_pod 1 inspect nosuch
	is "$output" "[]"
	run_pod 1 container inspect nosuch
	one_line "$stderr"
	run_pod 1 inspect -f '{{.Nope}}' busybox
	is "$stderr" 'pod: template: 1:3: at <.Nope>: map has no entry for key "Nope"'
	run_pod 1 inspect -f '{{.Name' busybox
	is "$stderr" "pod: template: 1:8: unclosed action"
	run_pod rm busybox
}
