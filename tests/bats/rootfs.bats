#!/usr/bin/env bats
# From layers to a root file system and the life of a container on it, the same for every storage driver.
#
# drivers: all

load helpers

driver() {
	echo "${POD_STORAGE_DRIVER:-overlay}"
}

@test "rootfs: the driver is the one that was asked for" {
	run_pod info
	has "$output" "$(driver)"
	run_pod run --rm --network none busybox grep ' / ' /proc/self/mounts
	case $(driver) in
	overlay) matches "$output" ' / overlay ' ;;
	fuse-overlayfs) matches "$output" ' / fuse' ;;
	copy) [[ $output != *overlay* ]] ;;
	esac
}

@test "rootfs: whiteouts, opaque folders, links and owners of the nginx image" {
	run_pod run --rm --network none --entrypoint sh nginx:alpine -c '
		ls /etc/nginx/sites-enabled /etc/nginx/snippets
		[ -e /etc/nginx/win-utf ] && echo "whiteout lost"
		[ -e /etc/nginx/koi-utf ] || echo "file lost"
		readlink /var/log/nginx/access.log
		stat -c "%a %u:%g %h %n" /usr/local/bin/setuid-cat /var/www/notes /usr/share/nginx/html/index.html
		[ /usr/local/bin/capable-cat -ef /usr/local/bin/capable-twin ] && echo one inode
		stat -c "%a %u" /tmp /root'
	is "$output" "/etc/nginx/sites-enabled:

/etc/nginx/snippets:
ours.conf
/dev/stdout
4755 0:0 1 /usr/local/bin/setuid-cat
640 33:33 1 /var/www/notes
644 0:0 2 /usr/share/nginx/html/index.html
one inode
1777 0
700 0"
}

@test "rootfs: setuid and file capabilities work for a user inside" {
	run_pod run --rm --network none -u 1000 --entrypoint sh nginx:alpine -c '
		/usr/local/bin/setuid-cat /proc/self/status | grep ^Uid:
		/usr/local/bin/capable-twin /proc/self/status | grep ^CapEff:'
	matches "${lines[0]}" '^Uid:.1000.0.0.0$'
	is "${lines[1]}" "CapEff:	0000000000000400"
	run_pod run --rm --network none -u 1000 --security-opt no-new-privileges --entrypoint sh nginx:alpine -c '
		/usr/local/bin/setuid-cat /proc/self/status | grep ^Uid:'
	matches "$output" '^Uid:.1000.1000'
}

@test "rootfs: everything odd that a tar can hold" {
	run_pod run --rm --network none "$REG_PLAIN/weird" sh -c '
		cd /w
		ls some opaque opaque-late
		cat hard1 hard2 hard3 hard4 becomes-file twice folder-link/c
		stat -c "%h" hard4
		[ hard1 -ef hard2 ] && [ hard4 -ef hard5 ] && [ hard4 -ef hard3 ] && [ ! hard1 -ef hard3 ] && echo same inodes
		[ -d folder-link ] && [ ! -L folder-link ] && [ ! -e some/c ] && echo a folder of its own
		for link in relative absolute dangling loop hard-symlink; do readlink $link; done
		[ -d becomes-dir ] && [ ! -e gone ] && [ ! -e uid33 ] && echo replaced
		stat -c "%a %u:%g %n" setuid setgid sticky setgid-dir uid1 uid1000 uid65534 mode0 dir0 dir555 later-mode
		stat -c "%F" fifo
		stat -c "%Y" before-1970 future
		cat "with space" "$(printf "new\nline")"; echo; cat -- "-dash" ".hidden" "star*" "back\\slash"; echo
		[ -e dot-slash ] && [ -e double/slash ] && [ -e /implicit/parent/file ] && [ -e dir0/in ] && echo found
		ls | wc -c | grep -q . && ls -d nnnn* | wc -c'
	is "$output" "opaque:
new

opaque-late:
after
before

some:
b
linked
linked
linked
linked
now a file
second
in a folder in the place of a link of the layer below
3
same inodes
a folder of its own
hard1
/w/hard1
nowhere
loop
hard1
replaced
4755 0:0 setuid
2755 0:5 setgid
1777 0:0 sticky
2775 0:50 setgid-dir
644 1:1 uid1
644 1000:1000 uid1000
644 65534:65534 uid65534
0 0:0 mode0
0 0:0 dir0
555 0:0 dir555
711 0:0 later-mode
fifo
-86400
8589934592
with spacenew
line
-dash.hiddenstar*back\\slash
found
256"
}

@test "rootfs: sparse files stay sparse, empty layers and 127 layers are fine" {
	local form
	for form in gnu pax; do
		run_pod run --rm --network none "$REG_PLAIN/weird:sparse-$form" sh -c '
			stat -c %s /sparse; dd if=/sparse bs=1 skip=536870912 count=6 2>/dev/null; du -k /sparse | cut -f1'
		is "${lines[0]}" 1073741824
		has "${lines[1]}" middle
		[ "$(tail -n 1 <<<"$output" | sed 's/middle//')" -lt 100 ]
	done
	run_pod run --rm --network none "$REG_PLAIN/weird:empty-layers" true
	run_pod run --rm --network none "$REG_PLAIN/weird:127-layers" sh -c 'ls /n | wc -l; cat /n/125'
	is "$output" "126
125"
}

@test "rootfs: xattrs come through, engines' own do not" {
	pull "$REG_PLAIN/weird"
	local layer
	layer=$(in_userns find "$store/layers" -path '*/w/xattr' | head -n 1)
	[ -n "$layer" ]
	in_userns python3 - "$layer" <<-'PYTHON'
		import os, sys
		path = sys.argv[1]
		assert os.getxattr(path, 'user.text') == b'value', os.listxattr(path)
		assert os.getxattr(path, 'user.binary') == b'v\x00\xff end', os.listxattr(path)
		odd = os.listxattr(path.replace('/w/xattr', '/w/engine-xattr'))
		assert not [n for n in odd if n.startswith(('user.overlay', 'trusted.overlay', 'user.containers'))], odd
	PYTHON
}

@test "rootfs: what a container writes is its own, stays over a restart, and goes with it" {
	pull busybox
	local before
	before=$(snapshot)
	run_pod run --name c --network none busybox sh -c 'echo more >>/etc/passwd; rm -r /home; mkdir /new; chown 1000 /new; mv /bin/ls /bin/l5'
	run_pod run --rm --network none busybox sh -c '[ -d /home ] && [ ! -e /new ] && [ -e /bin/ls ] && tail -n 1 /etc/passwd'
	[[ $output != more ]]
	# the second time finds the first time's changes, and fails on them
	run_pod 1 start -a c
	has "$stderr" "/home"
	run_pod create --name d --network none busybox true
	run_pod rm c d
	is "$(snapshot)" "$before"
}

@test "rootfs: a stopped container starts again with its files" {
	run_pod run --name c --network none busybox sh -c 'echo $(cat /count 2>/dev/null)x >/count; cat /count'
	is "$output" x
	run_pod start -a c
	is "$output" xx
	run_pod rm c
}

@test "rootfs: --read-only refuses writes, --tmpfs and volumes take them" {
	mkdir "$T/shared"
	run_pod run --rm --network none --read-only --tmpfs /scratch -v "$T/shared:/shared" -v "$T/shared:/ro:ro" busybox sh -c '
		touch /x; touch /ro/x; touch /scratch/x && echo scratch; echo data >/shared/file && echo shared; grep " /scratch " /proc/mounts | cut -d" " -f3'
	is "$output" "scratch
shared
tmpfs"
	has "$stderr" "/x: Read-only file system"
	has "$stderr" "/ro/x: Read-only file system"
	is "$(cat "$T/shared/file")" data
	is "$(stat -c %U "$T/shared/file")" "$(id -un)"
}

@test "rootfs: export gives owners, modes, links, capabilities; the container's changes too" {
	pull nginx:alpine
	run_pod export -o "$T/image.tar" nginx:alpine
	run_pod run --name c --network none --entrypoint sh nginx:alpine -c 'rm /etc/nginx/koi-win; echo new >/var/www/new; chown 33:33 /var/www/new'
	run_pod export -o "$T/container.tar" c
	run_pod rm c
	local tar
	for tar in image container; do
		python3 - "$T/$tar.tar" "$tar" <<-'PYTHON'
			import sys, tarfile
			tar, kind = tarfile.open(sys.argv[1]), sys.argv[2]
			names = {m.name.removeprefix('./').rstrip('/'): m for m in tar.getmembers()}
			def is_(got, expected):
			    assert got == expected, f'got {got!r}, expected {expected!r}'
			setuid = names['usr/local/bin/setuid-cat']
			is_((setuid.mode, setuid.uid, setuid.gid), (0o4755, 0, 0))
			notes = names['var/www/notes']
			is_((notes.mode, notes.uid, notes.gid, notes.uname), (0o640, 33, 33, notes.uname))
			links = sorted(n for n in names if n.startswith('usr/local/bin/capable-'))
			hard = [n for n in links if names[n].islnk()]
			is_((len(links), len(hard)), (2, 1))
			first = names[next(n for n in links if n not in hard)]
			cap = first.pax_headers['SCHILY.xattr.security.capability'].encode('utf-8', 'surrogateescape')
			is_(cap[:12], bytes([1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0]))
			is_(names['var/log/nginx/access.log'].linkname, '/dev/stdout')
			assert not [n for n in names if '.wh.' in n], 'whiteouts in the tar'
			assert 'etc/nginx/win-utf' not in names and 'etc/nginx/snippets/snakeoil.conf' not in names
			is_('etc/nginx/koi-win' in names, kind == 'image')
			if kind == 'container':
			    new = names['var/www/new']
			    is_((new.uid, new.gid, tar.extractfile(new).read()), (33, 33, b'new\n'))
		PYTHON
	done
	run_pod export -o "$T/again.tar" nginx:alpine
	cmp "$T/image.tar" "$T/again.tar"
	[ "$(tar -tf "$T/image.tar" | LC_ALL=C sort -c 2>&1 | wc -l)" = 0 ] || tar -tf "$T/image.tar" | head
}
