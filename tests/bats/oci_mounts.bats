#!/usr/bin/env bats
# Mounts, masks, devices, sysctls, filters and capabilities of a bundle, through `pod oci run`; and bundles whose image or neighbour
# wants out, each named after the attack.

load helpers
load bundle

setup() {
	base_setup
	bundle --rootless
	config '.mounts |= map(select(.destination != "/sys/fs/cgroup"))'
}

# nested SCRIPT: runs it in a user and mount namespace of its own, where `inner ID` runs the bundle one namespace deeper
nested() {
	config '.linux.uidMappings[0].hostID = 0 | .linux.gidMappings[0].hostID = 0'
	cat >"$T/nested" <<-SCRIPT
		set -e
		inner() { "\$POD" oci --root "\$T/oci2" run -b "\$T/b" "\$1" </dev/null; }
		$1
	SCRIPT
	status=0
	output=$(env T="$T" unshare --map-auto --map-root-user -m sh "$T/nested" 2>"$T/stderr" 3>&-) || status=$?
	stderr=$(<"$T/stderr")
	in_userns rm -rf "$T/oci2"
}

@test "mounts: every kind that spec writes is there with its flags" {
	go 'cat /proc/mounts'
	matches "$output" ' /proc proc rw'
	matches "$output" ' /dev tmpfs rw,nosuid'
	matches "$output" ' /dev/pts devpts rw,nosuid,noexec,relatime,mode=620,ptmxmode=666'
	matches "$output" ' /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k'
	matches "$output" ' /dev/mqueue mqueue rw,nosuid,nodev,noexec'
	matches "$output" ' /sys sysfs ro,nosuid,nodev,noexec'
}

@test "mounts: a folder, a file, a FIFO and a socket are bind mounted; destinations are made of the right kind" {
	mkdir "$T/host/d"
	echo in >"$T/host/d/f"
	mkfifo "$T/host/fifo"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/host/s"
	mounts '{"destination": "/a/new/d", "type": "bind", "source": "'"$T"'/host/d", "options": ["rbind"]}' \
		'{"destination": "/new/f", "source": "'"$T"'/host/d/f", "options": ["bind", "ro"]}' \
		'{"destination": "/new/fifo", "source": "'"$T"'/host/fifo", "options": ["bind"]}' \
		'{"destination": "/new/s", "source": "'"$T"'/host/s", "options": ["bind"]}'
	go 1 'cat /a/new/d/f /new/f; test -p /new/fifo && test -S /new/s && echo kinds; echo out >/a/new/d/g; echo x >/new/f'
	is "$output" $'in\nin\nkinds'
	has "$stderr" 'Read-only file system'
	is "$(cat "$T/host/d/g")" out
}

@test "mounts: relative sources start at the bundle, relative destinations at the root" {
	mkdir "$T/b/data"
	echo here >"$T/b/data/f"
	ln -s data "$T/b/link"
	mounts '{"destination": "x/../y", "type": "bind", "source": "link", "options": ["bind", "nosymfollow"]}'
	go 'cat /y/f'
	is "$output" here
}

@test "mounts: a missing source, an unknown type and an unknown option are one line that names the mount" {
	cp "$T/b/config.json" "$T/good.json"
	mounts '{"destination": "/x", "source": "/no/such", "options": ["bind"]}'
	refused "mount '/no/such' to '/x'"
	has "$stderr" 'No such file or directory'
	cp "$T/good.json" "$T/b/config.json"
	mounts '{"destination": "/x", "type": "nofs", "source": "nofs"}'
	refused "the kernel has no file system 'nofs'"
	cp "$T/good.json" "$T/b/config.json"
	mounts '{"destination": "/x", "type": "tmpfs", "source": "tmpfs", "options": ["sise=4k"]}'
	refused "Unknown parameter 'sise'"
	cp "$T/good.json" "$T/b/config.json"
	mounts '{"destination": "/bin/busybox", "source": "/usr", "options": ["bind"]}'
	refused "one of source and destination is a folder"
}

@test "mounts: a tmpfs has the permissions of the folder below it, and mode= has the last word" {
	mkdir "$T/b/rootfs/p"
	chmod 0710 "$T/b/rootfs/p"
	mounts '{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k"]}' \
		'{"destination": "/p", "type": "tmpfs", "source": "tmpfs"}' \
		'{"destination": "/root", "type": "tmpfs", "source": "tmpfs", "options": ["mode=0751"]}'
	go 'stat -c %a /tmp /p /root'
	is "$output" $'1777\n710\n751'
}

@test "mounts: tmpcopyup brings what was below: modes, links, nothing through links" {
	mkdir -p "$T/b/rootfs/d/sub"
	echo one >"$T/b/rootfs/d/sub/f"
	chmod 4711 "$T/b/rootfs/d/sub/f"
	chmod 0500 "$T/b/rootfs/d/sub"
	ln -s /etc/passwd "$T/b/rootfs/d/l"
	mounts '{"destination": "/d", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "ro"]}'
	go 'cat /d/sub/f; stat -c %a /d/sub /d/sub/f; readlink /d/l; grep " /d " /proc/mounts; touch /d/x 2>/dev/null || echo ro'
	has "$output" $'one\n500\n4711\n/etc/passwd\n'
	matches "$output" ' /d tmpfs ro,'
	matches "$output" 'ro$'
	chmod 0700 "$T/b/rootfs/d/sub"
}

@test "mounts: a read-only tmpfs still takes the mounts below it" {
	mounts '{"destination": "/r", "type": "tmpfs", "source": "tmpfs", "options": ["ro"]}' \
		'{"destination": "/r/sub", "type": "tmpfs", "source": "tmpfs"}'
	go 'touch /r/sub/f && echo rw; touch /r/f 2>/dev/null || echo ro'
	is "$output" $'rw\nro'
}

@test "mounts: ro is for one mount, rro for the tree" {
	mkdir -p "$T/host/top/sub"
	mounts '{"destination": "/t", "source": "'"$T"'/host/top", "options": ["rbind", "WORD"]}'
	config '.process.args = ["/bin/sh", "-c", "touch /t/a && echo top; touch /t/sub/a && echo sub; true"]'
	# shellcheck disable=SC2016
	nested '
		mount -t tmpfs tmpfs $T/host/top/sub
		cp $T/b/config.json $T/template.json
		for word in ro rro; do
			sed s/WORD/$word/ $T/template.json >$T/b/config.json
			echo $word: $(inner $word)
		done'
	is "$output" $'ro: sub\nrro:'
}

@test "mounts: words that the new kernel interface has and mount(2) has not" {
	mkdir "$T/host/n"
	echo f >"$T/host/n/f"
	ln -s f "$T/host/n/l"
	mounts '{"destination": "/n", "source": "'"$T"'/host/n", "options": ["bind", "nosymfollow", "noexec", "nosuid", "nodev"]}' \
		'{"destination": "/m", "type": "tmpfs", "source": "tmpfs", "options": ["noatime", "nodiratime", "size=8k,nr_inodes=9"]}'
	go 'cat /n/l 2>/dev/null || echo closed; cat /n/f; grep -E " /[nm] " /proc/mounts'
	has "$output" $'closed\nf\n'
	matches "$output" ' /n .*nosuid,nodev,noexec.*nosymfollow'
	matches "$output" ' /m tmpfs rw,noatime,nodiratime,size=8k,nr_inodes=9'
}

@test "mounts: a destination '/' replaces the root" {
	cp -a "$T/b/rootfs" "$T/host/other"
	echo other >"$T/host/other/name"
	config '.mounts = [{destination: "/", source: $s, options: ["rbind"]}] + .mounts' --arg s "$T/host/other"
	go 'cat /name; ls /proc/self/status'
	is "$output" $'other\n/proc/self/status'
}

@test "mounts: propagation of one mount and of the root" {
	mkdir "$T/host/p"
	mounts '{"destination": "/s", "source": "'"$T"'/host/p", "options": ["bind", "rshared"]}' \
		'{"destination": "/u", "source": "'"$T"'/host/p", "options": ["bind", "unbindable"]}'
	config '.linux.rootfsPropagation = "shared"'
	go 'grep -E " (/|/s|/u) " /proc/self/mountinfo'
	matches "$output" ' / [^-]*shared:'
	matches "$output" ' /s [^-]*shared:'
	matches "$output" ' /u [^-]*unbindable'
	config '.linux.rootfsPropagation = "sideways"'
	refused "'sideways'"
}

@test "mounts: flags that are locked outside stay, and clearing them is an error that says so" {
	mkdir "$T/host/l"
	mounts '{"destination": "/l", "source": "'"$T"'/host/l", "options": ["rbind", "noexec", "relatime"]}'
	config '.process.args = ["/bin/grep", " /l ", "/proc/mounts"]'
	nested "
		mount -t tmpfs -o ro,nosuid,nodev,noexec,noatime tmpfs $T/host/l
		inner one"
	is "$status" 0
	matches "$output" ' /l tmpfs ro,nosuid,nodev,noexec,noatime'
	config '(.mounts[] | select(.destination == "/l") | .options) += ["rw"]'
	nested "
		mount -t tmpfs -o ro,nosuid,nodev,noexec,noatime tmpfs $T/host/l
		inner two"
	is "$status" 1
	has "$stderr" "is mounted 'ro' outside"
}

@test "proc: where a part of the outer one is covered it is the outer one, read-only" {
	config '.process.args = ["/bin/sh", "-c", "grep \" /proc \" /proc/mounts; cat /proc/self/comm; echo 1 >/proc/sys/kernel/panic"]'
	nested '
		mount -t tmpfs tmpfs /proc/tty
		inner one'
	matches "$output" ' /proc proc ro,nosuid,nodev,noexec'
	has "$output" cat
	has "$stderr" 'Read-only file system'
}

@test "older kernels: without mount_setattr (before 5.12), and without the new mount calls at all" {
	local calls
	mkdir "$T/host/o" "$T/b/rootfs/q"
	echo x >"$T/b/rootfs/m"
	echo in >"$T/host/o/f"
	mounts '{"destination": "/o", "source": "'"$T"'/host/o", "options": ["bind", "ro", "nosuid"]}' \
		'{"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["ro", "size=8k"]}' \
		'{"destination": "/t/sub", "type": "tmpfs", "source": "tmpfs"}'
	config '.linux.maskedPaths = ["/m", "/q", "/proc/acpi", "/root"] | .linux.readonlyPaths = ["/proc/sys", "/tmp"] | .root.readonly = true
		| .process.args = ["/bin/sh", "-c", $script]' --arg script 'cat /o/f; grep -E " (/o|/t) " /proc/mounts | cut -d" " -f4
		for f in /x /o/x /t/x /tmp/x /q/x; do (: >$f) 2>/dev/null && echo $f; done; : >/t/sub/x && echo sub
		stat -c "%t:%T" /m /dev/null; (: >/proc/sys/net/ipv4/ip_forward) 2>/dev/null || echo closed'
	for calls in mount_setattr 'open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr'; do
		# shellcheck disable=SC2086 # words
		output=$("$FIXTURES/oldkernel.py" $calls -- "$POD" oci --root "$T/oci" run -b "$T/b" "c$RANDOM" </dev/null 3>&-)
		has "$output" in
		matches "$output" 'ro,nosuid,(nodev,)?relatime'
		matches "$output" $'ro,relatime,size=8k[^\n]*\nsub\n1:3\n1:3\nclosed$'
	done
}

@test "masked paths: files are the null device, folders are empty, what is missing is passed over" {
	mkdir -p "$T/b/rootfs/secret"
	echo x >"$T/b/rootfs/secret/f"
	echo x >"$T/b/rootfs/file"
	ln -s file "$T/b/rootfs/link"
	config '.linux.maskedPaths = ["/secret", "/file", "/no/such", "/file/below", "/proc/timer_list", "/proc/acpi", "/link"]'
	go 'ls -A /secret; stat -c "%F %t:%T" /file /proc/timer_list; cat /file; touch /secret/x 2>/dev/null || echo ro; grep -c " /secret tmpfs ro" /proc/mounts'
	is "$output" $'character special file 1:3\ncharacter special file 1:3\nro\n1'
}

@test "read-only paths: with all below them" {
	mkdir -p "$T/b/rootfs/q/sub"
	mounts '{"destination": "/q/sub", "type": "tmpfs", "source": "tmpfs"}'
	config '.linux.readonlyPaths = ["/q", "/proc/sys", "/no/such"]'
	go 'for f in /q/x /q/sub/x; do touch $f 2>/dev/null && echo $f; done; echo 1 2>/dev/null >/proc/sys/net/ipv4/ip_forward || echo closed'
	is "$output" closed
}

@test "root: read-only, mounts in it are not" {
	mounts '{"destination": "/w", "type": "tmpfs", "source": "tmpfs"}'
	config '.root.readonly = true'
	go 'touch /x 2>/dev/null || echo ro; touch /w/x && echo rw'
	is "$output" $'ro\nrw'
}

@test "devices: the default ones, the links, and a FIFO of the config's" {
	config '.linux.devices = [{path: "/dev/my/fifo", type: "p", fileMode: 384}]'
	go 'cd /dev; stat -c "%n %t:%T" null zero full random urandom tty; for l in ptmx stdin stdout stderr fd; do readlink $l; done; stat -c "%F %a" my/fifo; echo x >null; head -c 2 zero | wc -c'
	is "$output" "$(printf '%s\n' 'null 1:3' 'zero 1:5' 'full 1:7' 'random 1:8' 'urandom 1:9' 'tty 5:0' \
		pts/ptmx /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd 'fifo 600' 2)"
}

@test "devices: one that the host does not have so is refused" {
	config '.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 11}]'
	refused "device '/dev/null'"
	has "$stderr" 'is not device 1:11'
}

@test "sysctl: of the container's namespaces only" {
	config '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network"}])
		| .linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "9000", "net/ipv4/conf/lo/forwarding": "0"}'
	go 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/sys/net/ipv4/conf/lo/forwarding'
	is "$output" $'1\n9000\n0'
	config '.linux.sysctl = {"kernel.panic": "1"}'
	refused "sysctl 'kernel.panic' is not in a separate kernel namespace"
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))'
	refused "sysctl 'net.ipv4.ip_forward' is not allowed without a network namespace"
}

@test "seccomp and capabilities are in force" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28}]}
		| .process.capabilities |= with_entries(.value = ["CAP_KILL", "CAP_NO_SUCH"])'
	go 'mkdir /x 2>&1; grep -E "^(Cap|Seccomp:)" /proc/self/status'
	has "$output" 'No space left on device'
	for set in Prm Eff Bnd; do
		has "$output" "Cap$set:"$'\t0000000000000020'
	done
	has "$output" $'Seccomp:\t2'
	has "$stderr" "unknown capability 'CAP_NO_SUCH'"
}

@test "--no-pivot: the outer /proc cannot be got back" {
	config '.process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN"])'
	go 'ls /proc/self/status; umount -l /proc 2>/dev/null; ls /proc 2>/dev/null; ls -d '"$T"' 2>/dev/null || echo gone' --no-pivot
	is "$output" $'/proc/self/status\ngone'
}

# --- attacks

@test "CVE-2019-19921, CVE-2023-27561: /proc and /sys as symlinks" {
	for name in proc sys; do
		rmdir "$T/b/rootfs/$name"
		for to in /tmp ../../../../tmp nowhere "$name" /; do
			ln -sfn "$to" "$T/b/rootfs/$name"
			config '.mounts |= map(if .destination == "/sys" then {destination: "/sys", type: "sysfs", source: "sysfs"} else . end)
				| .linux.namespaces |= (map(select(.type != "network")) + [{type: "network"}])'
			refused "must be mounted on an ordinary folder"
		done
		rm "$T/b/rootfs/$name"
		mkdir "$T/b/rootfs/$name"
	done
	is "$(ls -A "$T/b/rootfs/tmp")" ""
}

@test "CVE-2021-30465, CVE-2024-45310: a destination that a neighbour swaps stays inside, and nothing is made outside" {
	mkdir -p "$T/host/vol/x" "$T/host/mark" "$T/host/target"
	touch "$T/host/mark/here"
	mounts '{"destination": "/vol", "source": "'"$T"'/host/vol", "options": ["rbind"]}' \
		'{"destination": "/vol/x/y", "source": "'"$T"'/host/mark", "options": ["rbind"]}'
	# of all mounts a process sees those below its root: one that landed on the host would not be among them
	config '.process.args = ["/bin/grep", "-c", "host/mark /", "/proc/self/mountinfo"]'
	python3 - "$T/host/vol" "$T/host/target" 3>&- <<-'PYTHON' &
		import ctypes, os, sys
		os.chdir(sys.argv[1])
		os.symlink(sys.argv[2], 'l')
		libc = ctypes.CDLL(None)
		parent = os.getppid()
		while os.getppid() == parent:
		    libc.renameat2(-100, b'x', -100, b'l', 2)
	PYTHON
	swapper=$!
	good=0
	for i in {1..150}; do
		status=0
		output=$(oci run -b "$T/b" "c$i" 2>"$T/stderr" </dev/null) || status=$?
		# a walk that the swap broke off may fail; where it did not, the mount is inside
		[ "$output" != 0 ] || break
		[ "$status" != 0 ] || good=$((good + 1))
		[ -z "$(ls -A "$T/host/target")" ] || break
	done
	kill "$swapper"
	wait "$swapper" || true
	is "$i" 150
	[ "$good" -gt 10 ] || fail "only $good runs of 150 came to an end" "$(<"$T/stderr")"
	is "$(ls -A "$T/host/target")" ""
	is "$(oci list -q)" ""
}

@test "CVE-2025-31133: /dev/null of the image is never what masks" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths = ["/masked"]'
	echo x >"$T/b/rootfs/masked"
	for to in /proc/sys/kernel/core_pattern ../etc/passwd /dev/zero null; do
		ln -sfn "$to" "$T/b/rootfs/dev/null"
		refused "device '/dev/null'"
	done
	rm "$T/b/rootfs/dev/null"
	go 'stat -c "%F %t:%T" /masked'
	is "$output" 'character special file 1:3'
}

@test "CVE-2025-52565: /dev/console of the image is never followed" {
	config '.mounts |= map(select(.destination == "/dev" | not)) | .process.terminal = true'
	mkdir -p "$T/b/rootfs/dev/pts"
	for to in /proc/sys/kernel/core_pattern /masked nowhere console; do
		ln -sfn "$to" "$T/b/rootfs/dev/console"
		status=0
		"$FIXTURES/terminal.py" 24x80 "$POD" oci --root "$T/oci" run -b "$T/b" "c$RANDOM" >"$T/out" 2>&1 </dev/null 3>&- || status=$?
		[ "$status" != 0 ]
		has "$(<"$T/out")" '/dev/console'
	done
	[ ! -e "$T/b/rootfs/nowhere" ]
}

@test "CVE-2025-52881: nothing is mounted inside /proc but what fakes resources" {
	cp "$T/b/config.json" "$T/good.json"
	echo fake >"$T/host/fake"
	ln -s /proc/sys "$T/b/rootfs/psys"
	for to in /proc/self/attr /proc/sys/net /proc/1 psys/kernel /proc/../proc/self; do
		cp "$T/good.json" "$T/b/config.json"
		mounts '{"destination": "'"$to"'", "type": "tmpfs", "source": "tmpfs"}'
		refused 'inside /proc'
	done
	cp "$T/good.json" "$T/b/config.json"
	mounts '{"destination": "/proc", "type": "tmpfs", "source": "tmpfs"}'
	refused "only a proc file system can be mounted to '/proc'"
	cp "$T/good.json" "$T/b/config.json"
	mounts '{"destination": "/proc/uptime", "source": "'"$T"'/host/fake", "options": ["bind", "ro"]}'
	go 'cat /proc/uptime'
	is "$output" fake
}

@test "attack: /dev, /dev/pts, /dev/shm, /etc and masked paths as links out of the root" {
	mkdir -p "$T/host/out"
	for name in dev etc; do
		rm -rf "$T/b/rootfs/${name:?}"
		for to in "$T/host/out" "../../host/out"; do
			ln -sfn "$to" "$T/b/rootfs/$name"
			mounts '{"destination": "/etc/new/file", "source": "'"$T"'/stderr", "options": ["bind"]}'
			touch "$T/stderr"
			config '.process.args = ["/bin/true"] | .linux.maskedPaths = ["/dev/shm", "/etc/passwd"]'
			oci run -b "$T/b" "c$RANDOM" >"$T/out" 2>&1 </dev/null || true
			is "$(ls -A "$T/host/out")" ""
		done
		rm "$T/b/rootfs/$name"
		mkdir "$T/b/rootfs/$name"
	done
	for to in shm loop; do
		ln -s "$to" "$T/b/rootfs/loop" 2>/dev/null || true
	done
	config '.linux.maskedPaths = ["/loop/x"]'
	ln -sfn loop "$T/b/rootfs/loop"
	refused '/loop/x'
}

@test "attack: cgroupsPath and container ids that climb" {
	config '.linux.cgroupsPath = "/a/../../b"'
	refused "must not contain '..'"
}
