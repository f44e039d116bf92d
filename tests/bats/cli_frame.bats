#!/usr/bin/env bats
# The frame of the command line: help of every command from the tables, options in every spelling, errors by text,
# streams and descriptors.

load helpers

# tables KIND FACE: what `pod __options` tells, tab-separated.
tables() {
	"$POD" __options | awk -F '\t' -v kind="$1" -v face="$2" '$1 == kind && $2 == face'
}

@test "help: every command of both faces has one, with its usage and its options" {
	local face name usage summary options option n=0
	for face in pod "pod oci"; do
		while IFS=$'\037' read -r name usage summary; do
			[ "$name" != oci ] || continue
			# shellcheck disable=SC2086 # "pod oci" without its first word
			output=$("$POD" ${face#pod} "$name" --help 2>&1) || fail "$face $name --help fails"
			is "${output%%$'\n'*}" "Usage:  $face $name${usage:+ $usage}"
			has "$output" "$summary"
			mapfile -t options < <(tables option "$face" | awk -F '\t' -v c="$name" '$3 == c { print $5 }')
			for option in "${options[@]}"; do
				has "$output" "$option"
			done
			n=$((n + 1))
		done < <(tables command "$face" | awk -F '\t' -v OFS='\037' '{ print $3, $5, $6 }')
	done
	[ $n -gt 30 ]
}

@test "help: of pod, of a noun, of a command by its noun, by 'help'" {
	run_pod
	local help=$output
	has "$help" "Usage:  pod [OPTIONS] COMMAND"
	has "$help" "  run   "
	[[ $help != *__options* ]]
	run_pod --help
	is "$output" "$help"
	run_pod help
	is "$output" "$help"
	run_pod image
	has "$output" "Usage:  pod image COMMAND"
	has "$output" "  rm  "
	local noun=$output
	run_pod help image
	is "$output" "$noun"
	run_pod help image rm
	has "$output" "Usage:  pod rmi "
	has "$output" "pod image rm"
	run_pod image rm --help
	has "$output" "Usage:  pod rmi "
	run_pod oci --help
	has "$output" "Usage:  pod oci [OPTIONS] COMMAND"
	run_pod 1 help frobnicate
	is "$stderr" "pod: 'frobnicate' is not a pod command; see 'pod --help'"
}

@test "errors: one line; 1 for a wrong word, 125 for a wrong flag, value or number of arguments" {
	local want
	run_pod 1 frobnicate
	is "$stderr" "pod: 'frobnicate' is not a pod command; see 'pod --help'"
	run_pod 1 image frobnicate
	is "$stderr" "pod: 'frobnicate' is not a pod image command; see 'pod image --help'"
	while IFS='|' read -r words want; do
		# shellcheck disable=SC2086 # words
		run_pod 125 $words
		is "$stderr" "pod: $want"
		is "$output" ""
	done <<-'END'
		--frobnicate|unknown flag: --frobnicate; see 'pod --help'
		run --frobnicate busybox|unknown flag: --frobnicate; see 'pod run --help'
		run -dX busybox|unknown shorthand flag: 'X' in -dX; see 'pod run --help'
		run --name|flag needs an argument: --name; see 'pod run --help'
		run -e|flag needs an argument: 'e' in -e; see 'pod run --help'
		run --rm=maybe busybox|invalid argument "maybe" for "--rm": neither true nor false; see 'pod run --help'
		run --shm-size=much busybox|invalid argument "much" for "--shm-size": not a size (as 512, 64k, 10m or 2g); see 'pod run --help'
		run|'pod run' requires at least 1 argument; see 'pod run --help'
		tag a|'pod tag' requires 2 arguments; see 'pod tag --help'
		images a b|'pod images' requires at most 1 argument; see 'pod images --help'
		version x|'pod version' accepts no arguments; see 'pod version --help'
		version --format {{.Nope}}|template: 1:3: at <.Nope>: map has no entry for key "Nope"
		version --format {{|template: 1:3: unclosed action
		--log-level loud version|invalid argument "loud" for "-l, --log-level": unknown log level 'loud': use error, warn, info or debug; see 'pod --help'
	END
}

@test "options: both spellings, in a cluster, after arguments, and not after --" {
	run_pod version --format='{{.Client.Os}}'
	is "$output" linux
	run_pod version --format '{{.Client.Os}}'
	is "$output" linux
	run_pod version -f'{{.Client.Os}}'
	is "$output" linux
	run_pod images -aq
	is "$output" ""
	run_pod images nothing -q
	is "$output" ""
	run_pod images -- -q
	has "$output" REPOSITORY
	run_pod images --quiet=false
	has "$output" REPOSITORY
}

@test "names: pod-oci, runc and crun are the runtime, a long option needs one dash there" {
	local name
	for name in pod-oci runc crun; do
		ln -s "$POD" "$T/$name"
		output=$("$T/$name" -version)
		has "$output" "spec: 1."
		output=$("$T/$name" --root "$T/state" list -quiet)
		is "$output" ""
	done
	run_pod oci --version
	has "$output" "spec: 1."
}

@test "version: text, json and templates; --version" {
	run_pod version
	matches "$output" $'^pod version [0-9]+\\.[0-9]+\\.[0-9]+\n'
	run_pod version -f json
	is "$(jq -r .Client.Version <<<"$output")" "$(jq -r .Server.Version <<<"$output")"
	run_pod --version
	matches "$output" '^pod version [0-9]+\.[0-9]+\.[0-9]+, build '
	[ ! -e "$store" ]
}

@test "info: rungs, counts and folders, as text and as json" {
	run_pod info -f json
	is "$(jq -r .DockerRootDir <<<"$output")" "$store"
	is "$(jq -c '[.Containers, .Images]' <<<"$output")" "[0,0]"
	is "$(jq -r '[.Rungs[].Name] | join(",")' <<<"$output")" "storage driver,user namespace,cgroup,network,seccomp"
	is "$(jq -r '.Rungs[] | select(.Rung == "") | .Name' <<<"$output")" ""
	is "$(jq -r .Driver <<<"$output")" "$(jq -r '.Rungs[0].Rung' <<<"$output")"
	run_pod --storage-driver copy info
	has "$output" "Storage driver: copy"
	has "$output" "Data folder:    $store"
	output=$(POD_USERNS=single pod info -f '{{range .Rungs}}{{if eq .Name "user namespace"}}{{.Rung}}{{end}}{{end}}')
	is "$output" "one id"
}

@test "environment: POD_ROOT and POD_RUNROOT, below the options" {
	output=$(POD_ROOT=$T/other POD_RUNROOT=$T/run "$POD" info -f '{{.DockerRootDir}} {{.RunRoot}}')
	is "$output" "$T/other $T/run"
	output=$(POD_ROOT=$T/other "$POD" --root "$T/third" info -f '{{.DockerRootDir}}')
	is "$output" "$T/third"
}

@test "streams: a full disk under standard output is an error, closed ones are none" {
	status=0
	stderr=$("$POD" version 2>&1 >/dev/full) || status=$?
	is "$status" 125
	is "$stderr" "pod: write to standard output: No space left on device"
	"$POD" --root "$store" images >&- 2>&- <&-
	status=0
	"$POD" frobnicate 2>&- || status=$?
	is "$status" 1
}

@test "descriptors: a command keeps no descriptor of its caller" {
	pull busybox
	run_pod run -d --name c --network none busybox sleep 1000 7>"$T/held"
	local pid
	for pid in $(test_processes); do
		[[ $(readlink "/proc/$pid/fd/"* 2>/dev/null) != *"$T/held"* ]] || fail "process $pid holds it"
	done
	run_pod rm -f c
}
