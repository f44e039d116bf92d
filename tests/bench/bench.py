#!/usr/bin/env python3
"""Times pod and its peers in turns (A B A B ...) and prints medians and ratios. Started by tests/bench/run.

Each line: what is measured, then for each program the median of the wall-clock time and of the CPU time of the
command with the children that it waited for; then pod's median divided by the peer's, beside what pod wants to reach.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

WORK, POD, REGISTRY = os.environ['WORK'], os.environ['POD'], os.environ['REGISTRY']
ROUNDS = int(os.environ['ROUNDS'])
BUSYBOX, BIG = REGISTRY + '/library/busybox', REGISTRY + '/big'
NULL = os.open('/dev/null', os.O_RDWR)

pod = [POD, '--root', WORK + '/store']
podman = ['podman', '--root', WORK + '/ps', '--runroot', WORK + '/pr', '--cgroup-manager=cgroupfs',
          '--events-backend=file', '--log-level=error']
crun = ['crun', '--root', WORK + '/crun', '--cgroup-manager=disabled']


def spawn(command, quiet=True):
    actions = [(os.POSIX_SPAWN_DUP2, NULL, fd) for fd in ((0, 1, 2) if quiet else (0, 1))]
    return os.posix_spawnp(command[0], command, os.environ, file_actions=actions)


def timed(command):
    """(wall, CPU) in milliseconds; a command that fails ends the whole."""
    start = time.perf_counter()
    pid = spawn(command)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if status:
        subprocess.run(command, check=False, stdin=NULL)
        sys.exit(f'bench: status {os.waitstatus_to_exitcode(status)}: {" ".join(command)}')
    return wall * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3


def run(command):
    done = subprocess.run(command, check=False, stdin=NULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f'bench: status {done.returncode}: {" ".join(command)}\n{done.stdout}{done.stderr}')
    return done.stdout.strip()


def report(what, results, targets):
    """results: name -> (wall, CPU) medians; the first is pod's. targets: peer -> ratio wanted, or None."""
    print(f'\n{what}')
    ours = next(iter(results.values()))
    for name, (wall, cpu) in results.items():
        line = f'  {name:28} {wall:9.1f} ms   cpu {cpu:8.1f} ms'
        if name in targets:
            line += f'   pod is {ours[0] / wall:5.2f} of it'
            if targets[name]:
                line += f' (wanted: {targets[name]}){"" if ours[0] / wall <= targets[name] else "  MISSED"}'
        print(line, flush=True)


def compare(what, commands, targets, rounds=ROUNDS, before=None):
    """commands: name -> words. before: name -> what to do before each turn, not timed."""
    samples = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, words in commands.items():
            if before:
                before[name]()
            sample = timed(words)
            if turn:  # the first turn warms the caches
                samples[name].append(sample)
    medians = {name: tuple(statistics.median(column) for column in zip(*s)) for name, s in samples.items()}
    report(what, medians, targets)


def bench_version():
    compare('version', {'pod version': [POD, 'version'], 'podman --version': ['podman', '--version'],
                        'crun --version': ['crun', '--version'], 'true': ['true']},
            {'podman --version': None, 'crun --version': None}, rounds=ROUNDS * 2)
    print('  (wanted: pod version in 2 ms)')


def make_bundle():
    bundle = WORK + '/bundle'
    run([*pod, 'export', '--bundle', bundle, BUSYBOX])
    path = bundle + '/config.json'
    with open(path, encoding='utf-8') as f:
        config = json.load(f)
    config['process'].update(args=['true'], terminal=False)
    with open(path, 'w', encoding='utf-8') as f:
        json.dump(config, f)
    return bundle


def bench_run():
    bundle = make_bundle()
    none = ['run', '--rm', '--network', 'none', BUSYBOX, 'true']
    compare('run --rm --network none busybox true',
            {'pod run': [*pod, *none], 'podman run': [*podman, *none],
             'crun run (bundle)': [*crun, 'run', '-b', bundle, 'bench-crun']},
            {'podman run': 0.15, 'crun run (bundle)': None})
    compare('run of the same bundle',
            {'pod oci run': [POD, 'oci', '--root', WORK + '/oci', 'run', '-b', bundle, 'bench-pod'],
             'crun run': [*crun, 'run', '-b', bundle, 'bench-crun']}, {'crun run': None})
    compare('run --rm busybox true, network by slirp4netns',
            {'pod run': [*pod, 'run', '--rm', BUSYBOX, 'true'],
             'podman run': [*podman, 'run', '--rm', '--network', 'slirp4netns', BUSYBOX, 'true']}, {'podman run': 0.15})


def bench_exec():
    sleep = ['run', '-d', '--name', 'bench', '--network', 'none', BUSYBOX, 'sleep', '10000']
    run([*pod, *sleep])
    run([*podman, *sleep])
    compare('exec true', {'pod exec': [*pod, 'exec', 'bench', 'true'], 'podman exec': [*podman, 'exec', 'bench', 'true']},
            {'podman exec': 0.15})
    run([*pod, 'rm', '-f', 'bench'])
    run([*podman, 'rm', '-f', '-t', '0', 'bench'])


def bench_ps():
    for base in (pod, podman):
        for number in range(100):
            run([*base, 'create', '--name', f'ps{number}', '--network', 'none', BUSYBOX, 'true'])
    compare('ps -a with 100 containers', {'pod ps': [*pod, 'ps', '-a'], 'podman ps': [*podman, 'ps', '-a']},
            {'podman ps': None})
    for base in (pod, podman):
        run([*base, 'rm', *(f'ps{number}' for number in range(100))])


def bench_pull():
    def forget(base):
        return lambda: subprocess.run([*base, 'rmi', BIG], check=False, stdin=NULL, stdout=NULL, stderr=NULL)
    compare('pull of 200 MB in six layers',
            {'pod pull': [*pod, 'pull', '-q', BIG], 'podman pull': [*podman, 'pull', '-q', BIG],
             'skopeo copy (no unpacking)': ['skopeo', 'copy', '-q', 'docker://' + BIG,
                                            f'oci:{WORK}/sk:big']},
            {'podman pull': 0.6, 'skopeo copy (no unpacking)': None}, rounds=max(3, ROUNDS // 5),
            before={'pod pull': forget(pod), 'podman pull': forget(podman),
                    'skopeo copy (no unpacking)': lambda: shutil.rmtree(WORK + '/sk', ignore_errors=True)})


def memory_of(pid):
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as f:
        lines = {k: int(v.split()[0]) for k, v in (line.split(':', 1) for line in f.readlines()[1:])}
    return lines['Rss'], lines['Pss']


def processes():
    return {int(p) for p in os.listdir('/proc') if p.isdigit()}


def bench_memory():
    """What stays beside the program of one idle container with a network and a published port."""
    print('\nresident memory of the helpers of one idle detached container')
    totals = {}
    for name, base, flags in (('pod', pod, []), ('podman', podman, ['--network', 'slirp4netns'])):
        before = processes()
        run([*base, 'run', '-d', '--name', 'bench', *flags, '-p', '127.0.0.1::80', BUSYBOX, 'sleep', '10000'])
        time.sleep(1)
        rss, pss, names = 0, 0, []
        for pid in sorted(processes() - before):
            try:
                with open(f'/proc/{pid}/cmdline', encoding='utf-8') as f:
                    words = f.read().split('\0')
                if words[0] in ('sleep', ''):
                    continue
                more_rss, more_pss = memory_of(pid)
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            rss, pss = rss + more_rss, pss + more_pss
            names.append(f'{os.path.basename(words[0])} {more_rss}')
        totals[name] = rss
        print(f'  {name:28} {rss:9} KiB   pss {pss:8} KiB   ({", ".join(names)})')
        run([*base, 'rm', '-f', *(['-t', '0'] if name == 'podman' else []), 'bench'])
    ratio = totals['pod'] / totals['podman']
    print(f'  pod is {ratio:5.2f} of podman (wanted: 0.5){"" if ratio <= 0.5 else "  MISSED"}')


BENCHES = {'version': bench_version, 'run': bench_run, 'exec': bench_exec, 'ps': bench_ps, 'pull': bench_pull,
           'memory': bench_memory}


def main():
    os.chdir(WORK)
    os.makedirs(WORK + '/xdg', mode=0o700, exist_ok=True)
    os.environ['XDG_RUNTIME_DIR'] = WORK + '/xdg'
    print(f'{run([POD, "version"]).splitlines()[0]}, {run(["podman", "--version"])}, '
          f'{run(["crun", "--version"]).splitlines()[0]}; medians of {ROUNDS}')
    run([*pod, 'pull', '-q', BUSYBOX])
    run([*podman, 'pull', '-q', BUSYBOX])
    try:
        for name in sys.argv[1:] or BENCHES:
            BENCHES[name]()
    finally:
        try:
            with open(WORK + '/xdg/libpod/tmp/pause.pid', encoding='ascii') as f:
                os.kill(int(f.read()), 15)
        except OSError:
            pass


main()
