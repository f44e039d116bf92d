#!/usr/bin/env bats
# What only real root has: device nodes, mounts that are shared with the host, mapped ids.

# shellcheck disable=SC2016,SC2154 # programs of jq; run sets stderr
load root

@test "devices: nodes with owner and mode; what is there and differs is refused" {
	config '.linux.devices = [{path: "/dev/sub/d", type: "b", major: 7, minor: 3, fileMode: 416, uid: 5, gid: 6},
		{path: "/opt/n", type: "u", major: 1, minor: 3}, {path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 438}]'
	go 'stat -c "%n %F %t:%T %a %u:%g" /dev/sub/d /opt/n /dev/null'
	is "$output" "$(printf '%s\n' '/dev/sub/d block special file 7:3 640 5:6' '/opt/n character special file 1:3 666 0:0' \
		'/dev/null character special file 1:3 666 0:0')"
	config '.linux.devices = [{path: "/bin/sh", type: "c", major: 1, minor: 3}]'
	refused "device '/bin/sh': something else is there already"
	config '.linux.devices = [{path: "/dev/x", type: "z", major: 1, minor: 3}]'
	refused "'z'"
}

@test "CVE-2025-31133: /dev/null of the image as a link, without a mount on /dev" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths = ["/bin/busybox"]'
	ln -s /proc/sys/kernel/core_pattern "$T/b/rootfs/dev/null"
	refused "device '/dev/null': something else is there already"
}

@test "propagation: shared mounts of the host reach the container and come back; the container's own do not" {
	cat >"$T/in" <<-'SCRIPT'
		set -e
		mkdir -p "$T/shared/sub"
		mount -t tmpfs tmpfs "$T/shared"
		mount --make-shared "$T/shared"
		mkdir "$T/shared/sub" "$T/shared/back"
		"$POD" oci --root "$T/oci" create -b "$T/b" one >"$T/out" 2>&1 </dev/null
		"$POD" oci --root "$T/oci" start one
		mount -t tmpfs later "$T/shared/sub"
		sleep 0.5
		grep -c " $T/shared/back " /proc/self/mountinfo
		grep -c "$T/b/rootfs" /proc/self/mountinfo || true
		"$POD" oci --root "$T/oci" delete --force one
		cat "$T/out"
	SCRIPT
	config '.linux.rootfsPropagation = "shared" | .process.args = ["/bin/sh", "-c", $s]
		| .process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN"])
		| .mounts += [{destination: "/s", source: $m, options: ["rbind", "shared"]}]' --arg m "$T/shared" --arg s \
		'mount -t tmpfs back /s/back; for i in 1 2 3 4 5 6 7 8; do grep -q " /s/sub " /proc/mounts && break; sleep 0.1; done; grep -c " /s/sub " /proc/mounts'
	is "$(env T="$T" unshare -m --propagation private bash "$T/in" 3>&-)" $'1\n0\n1'
}

@test "idmap: a folder's owners are mapped for the container" {
	mkdir "$T/host/owned"
	chown 1000:1000 "$T/host/owned"
	config '.mounts += [{destination: "/m", source: $m, options: ["bind", "idmap"],
		uidMappings: [{containerID: 1000, hostID: 7, size: 1}], gidMappings: [{containerID: 1000, hostID: 8, size: 1}]}]' --arg m "$T/host/owned"
	go 'stat -c %u:%g /m'
	is "$output" 7:8
}

@test "--no-pivot and no mount namespace" {
	config '.process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN"])'
	go 'ls /proc/self/status; umount -l /proc; ls /proc' --no-pivot
	is "$output" /proc/self/status
	config '.linux.namespaces |= map(select(.type != "mount")) | del(.linux.maskedPaths, .linux.readonlyPaths) | .mounts = []'
	before=$(cat /proc/self/mountinfo)
	go 'ls -d /bin/busybox'
	is "$output" /bin/busybox
	is "$(cat /proc/self/mountinfo)" "$before"
}
