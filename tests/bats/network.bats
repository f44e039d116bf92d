#!/usr/bin/env bats
# Networks: published ports, none, host, names and addresses, ping and port 80 without rights.

load helpers

# web PORT [FLAG...]: busybox's httpd on port 80 of a container called web, answering with its own name
web() {
	run_pod run -d --name web "$@" busybox sh -c 'echo "hello from $(hostname)" >/tmp/index.html; exec httpd -f -p 80 -h /tmp'
}

get() {
	curl -sf -m 5 "$1"
}

@test "network: -p publishes tcp on all addresses, or on one" {
	local all one
	all=$(free_port) one=$(free_port)
	web --hostname webby -p "$all:80" -p "127.0.0.1:$one:80"
	is "$(eventually 10 get "http://127.0.0.1:$all/")" "hello from webby"
	is "$(get "http://127.0.0.2:$all/")" "hello from webby"
	is "$(get "http://127.0.0.1:$one/")" "hello from webby"
	run get "http://127.0.0.2:$one/"
	[ "$status" != 0 ]
	run_pod ps
	has "$output" "127.0.0.1:$one->80/tcp"
	run_pod rm -f web
	# and the ports are free again
	web -p "$all:80"
	run_pod rm -f web
}

@test "network: -p with udp" {
	local port server
	port=$(free_port)
	server='import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 5353))
while True:
    data, peer = s.recvfrom(100)
    s.sendto(b"got " + data, peer)'
	# busybox has no server that speaks UDP: the host's python, read-only
	run_pod run -d --name c -p "$port:5353/udp" -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro busybox /usr/bin/python3 -c "$server"
	has "$(pod ps)" "0.0.0.0:$port->5353/udp"
	eventually 15 udp_answers 127.0.0.1 "$port"
	local address
	address=$(ip -4 -o addr show scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print $4; exit }')
	[ -z "$address" ] || udp_answers "$address" "$port"
	# each client gets its own answers, and a program that starts over is found again
	udp_answers 127.0.0.1 "$port" 20
	run_pod stop -t 0 c
	if udp_answers 127.0.0.1 "$port" 2>/dev/null; then
		false "a stopped container answers"
	fi
	run_pod start c
	eventually 15 udp_answers 127.0.0.1 "$port"
	run_pod rm -f c
	run_pod run -d --name c -p "127.0.0.1:$port:5353/udp" -p "127.0.0.1:$port:5353" -v /usr:/usr:ro -v /lib:/lib:ro \
		-v /lib64:/lib64:ro busybox /usr/bin/python3 -c "$server"
	eventually 15 udp_answers 127.0.0.1 "$port"
	run_pod rm -f c
}

# udp_answers ADDRESS PORT [CLIENTS]: every client gets the answer to what it sent
udp_answers() {
	python3 - "$@" <<-'PYTHON'
		import socket, sys
		peer = (sys.argv[1], int(sys.argv[2]))
		clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(int(sys.argv[3]) if sys.argv[3:] else 1)]
		for i, s in enumerate(clients):
		    s.settimeout(1)
		    s.sendto(b'ping %d' % i, peer)
		for i, s in enumerate(clients):
		    data, source = s.recvfrom(100)
		    assert (data, source) == (b'got ping %d' % i, peer), (data, source)
	PYTHON
}

@test "network: a port of the host's choice is told by inspect and ps" {
	web -p 80
	local port
	port=$(field web '.NetworkSettings.Ports["80/tcp"][0].HostPort')
	[ "$port" -gt 1023 ]
	has "$(eventually 10 get "http://127.0.0.1:$port/")" hello
	has "$(pod ps)" ":$port->80/tcp"
	run_pod rm -f web
}

@test "network: a taken port, a privileged port and nonsense are told in one line" {
	local port
	port=$(free_port)
	web -p "$port:80"
	run_pod 125 run -d --name other -p "$port:80" busybox sleep 1000
	one_line "$stderr"
	has "$stderr" "$port"
	matches "$stderr" 'in use|taken|already'
	run_pod rm -f web
	pod rm -f other >/dev/null 2>&1 || true
	for port in 80:80:80:80 0x50:80 70000:80 80:0 80:80/sctpx :: '' 8080:80-81; do
		run_pod 125 run --rm -p "$port" busybox true
		one_line "$stderr"
	done
	if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 81 ]; then
		run_pod 125 run --rm -p 81:80 busybox true
		one_line "$stderr"
		has "$stderr" ip_unprivileged_port_start
	fi
}

@test "network: none has loopback alone, and it is up" {
	run_pod run --rm --network none busybox sh -c 'ls /sys/class/net; ip -o addr show lo | grep -c "inet 127.0.0.1"; ping -c 1 -w 2 127.0.0.1 >/dev/null && echo pong'
	is "$output" "lo
1
pong"
}

@test "network: host is the host's" {
	run_pod run --rm --network host busybox readlink /proc/self/ns/net
	is "$output" "$(readlink /proc/self/ns/net)"
	has "$(pod run --rm --network host busybox wget -q -O - "http://$REG_PLAIN/v2/")" "{}"
}

@test "network: a default route, an address, and the host's loopback stays closed" {
	run_pod run --rm busybox sh -c 'ip -4 -o addr show | grep -v " lo "; ip route; cat /etc/resolv.conf'
	has "$output" "10.0.2.100/24"
	has "$output" "default via 10.0.2.2"
	has "$output" "nameserver 10.0.2.3"
	curl -sf "http://$REG_PLAIN/v2/"
	run_pod 1 run --rm busybox nc -w 3 10.0.2.2 "${REG_PLAIN#*:}"
}

@test "network: hosts, hostname and resolv.conf, --add-host, --dns" {
	run_pod run --rm --hostname boxy --add-host db:10.9.8.7 --dns 9.9.9.9 --dns-search example.org busybox sh -c '
		cat /etc/hostname; grep -w boxy /etc/hosts | wc -l; grep -w db /etc/hosts; grep -w localhost /etc/hosts | head -n 1; cat /etc/resolv.conf'
	is "${lines[0]}" boxy
	is "${lines[1]}" 1
	matches "${lines[2]}" '^10.9.8.7.db$'
	matches "${lines[3]}" '^127.0.0.1.*localhost'
	has "$output" "nameserver 9.9.9.9"
	has "$output" "search example.org"
}

@test "network: ping and port 80 work for a user who is not root" {
	# Debian's busybox pings by raw sockets only: the host's python, read-only
	run_pod run --rm -u 1000 -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro busybox /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
s.settimeout(5)
s.sendto(b"\x08\0\0\0\0\0\0\1", ("127.0.0.1", 0))
print("answer of", len(s.recv(100)), "bytes")'
	is "$output" "answer of 8 bytes"
	local port
	port=$(free_port)
	web -u 1000 -p "$port:80"
	has "$(eventually 10 get "http://127.0.0.1:$port/")" hello
	run_pod rm -f web
}

@test "network: large transfers in both directions" {
	local port
	port=$(free_port)
	head -c 20000000 /dev/urandom >"$T/data"
	run_pod run -d --name c -p "$port:80" -v "$T/data:/www/data:ro" busybox httpd -f -p 80 -h /www
	eventually 10 get "http://127.0.0.1:$port/data" >"$T/got"
	# what eventually prints ends in one newline of its own
	cmp -n 20000000 "$T/data" <(curl -sf "http://127.0.0.1:$port/data")
	run_pod rm -f c
}
