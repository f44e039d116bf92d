#!/usr/bin/env bats
# Terminals: size from the first byte, resizing, keys, detaching, and the caller's settings afterwards.

load helpers

# on_terminal ROWSxCOLUMNS POD-WORD... <SCRIPT: see fixtures/terminal.py. Sets status and output (without \r).
on_terminal() {
	local size=$1
	shift
	status=0
	output=$(TERM=xterm python3 "$FIXTURES/terminal.py" "$size" "$POD" --root "$store" "$@" 2>&1 3>&-) || status=$?
	output=${output//$'\r'/}
	[ "$status" != 99 ] || fail "$output"
}

@test "tty: run -it has the terminal's size from the first byte and leaves its settings" {
	pull busybox
	on_terminal 33x111 run -it --rm --network none busybox sh -c 'stty size; tty; exit 5' <<<settings
	is "$status" 5
	has "$output" "33 111"
	has "$output" "/dev/pts/0"
	has "$output" "settings: the same"
}

@test "tty: exec -it has it too" {
	run_pod run -d --name c --network none busybox sleep 1000
	on_terminal 44x122 exec -it c sh -c 'stty size; tty; exit 6' <<<settings
	is "$status" 6
	has "$output" "44 122"
	has "$output" "/dev/pts/"
	has "$output" "settings: the same"
	run_pod rm -f c
}

@test "tty: a new size goes in" {
	pull busybox
	on_terminal 24x80 run -it --rm --network none busybox sh -c 'trap "stty size" WINCH; echo ready; while :; do sleep 0.05; done' <<-'SCRIPT'
		expect ready
		resize 50x132
		expect 50 132
		send \x03
	SCRIPT
	is "$status" 130
}

@test "tty: a shell with job control, Ctrl-C, Ctrl-D" {
	pull busybox
	on_terminal 24x80 run -it --rm --network none busybox sh <<-'SCRIPT'
		expect / #
		send sh -c "echo be''gun; exec sleep 1000"\r
		expect begun
		send \x03
		expect / #
		send echo $((6*7))\r
		expect 42\s
		send exit 8\r
		settings
	SCRIPT
	is "$status" 8
	[[ $output != *"job control turned off"* ]]
	has "$output" "settings: the same"
	on_terminal 24x80 run -it --rm --network none busybox cat <<-'SCRIPT'
		send hello\r
		expect hello\s+hello
		send \x04
	SCRIPT
	is "$status" 0
}

@test "tty: detach keys leave the container running, attach comes back" {
	pull busybox
	on_terminal 24x80 run -it --name c --network none busybox sh <<-'SCRIPT'
		expect / #
		send A=kept; echo $((6*7))\r
		expect 42\s
		send \x10\x11
		settings
	SCRIPT
	is "$status" 0
	has "$output" "settings: the same"
	state_is c running
	on_terminal 30x90 attach c <<-'SCRIPT'
		send echo $A; stty size\r
		expect kept\s
		expect 30 90
		send \x10\x11
	SCRIPT
	is "$status" 0
	state_is c running
	on_terminal 30x90 attach --detach-keys ctrl-a,d c <<-'SCRIPT'
		send echo $A$A\r
		expect keptkept
		send \x01d
	SCRIPT
	is "$status" 0
	on_terminal 30x90 attach c <<-'SCRIPT'
		send exit 9\r
	SCRIPT
	is "$status" 9
	run_pod logs c
	has "$output" keptkept
	run_pod rm c
}

@test "tty: -t without a terminal on this side works; the size is docker's default or none" {
	run_pod run -t --rm --network none busybox sh -c '[ -t 0 ] && [ -t 1 ] && echo a terminal' </dev/null
	has "$output" "a terminal"
	is "$(echo 'echo typed' | pod run -i --rm --network none busybox sh)" typed
}

@test "tty: a program that floods the terminal is all there" {
	pull busybox
	on_terminal 24x80 run -it --rm --network none busybox seq 20000 </dev/null
	is "$status" 0
	is "$(grep -c '^[0-9]*$' <<<"$output")" 20000
	is "$(tail -n 1 <<<"$output")" 20000
}

@test "tty: the terminal is closed: the container of run -it without -d goes on or ends, pod does not hang" {
	pull busybox
	printf 'expect # \nhangup\n' | timeout 30 python3 "$FIXTURES/terminal.py" 24x80 \
		"$POD" --root "$store" run -it --rm --name c --network none busybox sh 3>&- || status=$?
	[ "${status:-0}" != 99 ] && [ "${status:-0}" != 124 ]
}

@test "tty: pull draws its progress on a terminal, and leaves plain text behind" {
	on_terminal 24x80 pull nginx:alpine </dev/null
	is "$status" 0
	has "$output" "nginx:alpine"
	has "$output" $'\e['
	has "$(pod images)" alpine
}
