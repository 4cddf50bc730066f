"""Attacks on the confinement, with plain commands. Whatever one tries must fail, and nothing may be left behind."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.scaffold.marks import first_quick

from mintmark.artifacts.confined.confinement import (
    Completed,
    Limits,
    python_environment,
    python_paths,
    run_confined,
    shell_paths,
)

ROOT = Path(__file__).parents[3]
SECRET = "the evaluation labels"
MANY = 60  # processes
PATIENCE = 60.0  # seconds; what must not take long has a limit of its own

Run = Callable[..., Completed]


@pytest.fixture
def room(tmp_path: Path) -> Path:
    folder = tmp_path / "room"
    folder.mkdir()
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A work tree with labels, beside the room."""
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "labels.csv").write_text(SECRET)
    return folder


@pytest.fixture
def run(room: Path) -> Iterator[Run]:
    """Run a Python program in the room; afterwards no process of it may be there."""
    mark = uuid.uuid4().hex

    def confined(
        code: str, *arguments: object, readable: tuple[Path, ...] = (), network: bool = False, **limits: float
    ) -> Completed:
        done = run_confined(
            (sys.executable, "-c", textwrap.dedent(code), *map(str, arguments), mark), cwd=room,
            readable=(*python_paths(), *readable), writable=(room,), environment={}, network=network,
            limits=Limits(**{"seconds": PATIENCE, **limits}),
        )  # fmt: skip
        assert processes(mark) == []
        return done

    yield confined
    assert children() == []


def processes(mark: str) -> list[int]:
    """The processes with a mark on their command line, if the system can tell."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "cmdline").read_bytes() and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def children() -> list[int]:
    """The children of this process, zombies too, but for those of other tests' fixtures."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == os.getpid() and words[0] == "Z":
            found.append(int(entry.name))
    return found


@pytest.fixture(scope="session")
def isolation(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What holds on this system for one process, and what for several."""
    folder = tmp_path_factory.mktemp("isolation")
    told = [
        run_confined(
            (sys.executable, "-c", ""), cwd=folder, readable=python_paths(), writable=(), environment={},
            limits=Limits(processes=number),
        ).isolation
        for number in (1, MANY)
    ]  # fmt: skip
    return {**told[0], "processes": f"{told[0]['processes']}, {told[1]['processes']}"}


@pytest.fixture
def needs(isolation: dict[str, str]) -> Callable[[str, str], None]:
    def check(measure: str, *words: str) -> None:
        if not any(word in isolation[measure] for word in words):
            pytest.skip(f"this system has no {' or '.join(words)} ({measure}: {isolation[measure]})")

    return check


# What it gets


def test_a_command_runs_and_its_end_and_words_come_back(run, room):
    done = run("import sys; print('out'); print('err', file=sys.stderr); open('file', 'w').write('x'); sys.exit(3)")
    assert (done.code, done.stdout, done.stderr, done.timed_out) == (3, "out\n", "err\n", False)
    assert (room / "file").read_text() == "x"
    assert set(done.isolation) == {"files", "network", "processes", "system calls", "memory", "time"}
    assert done.isolation["time"] == "wall clock and CPU"


def test_a_signal_is_a_negative_code(run):
    assert run("import os; os.kill(os.getpid(), 9)").code == -signal.SIGKILL
    assert run("import os; os.abort()", processes=MANY).code == -signal.SIGABRT


def test_a_command_that_is_not_there_says_so(room):
    done = run_confined(
        ("no-such-command",), cwd=room, readable=python_paths(), writable=(), environment={}, limits=Limits()
    )
    assert done.code == 127
    assert done.last_words().startswith("no-such-command: cannot be started: ")


def test_nothing_of_the_environment_is_inherited(run, room, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = run("import json, os; print(json.dumps(dict(os.environ)))")
    given = json.loads(done.stdout)
    given.pop("LC_CTYPE", None)  # Python's own
    assert given.keys() - {"__CF_USER_TEXT_ENCODING"} == {"PATH", "LANG", "HOME", "TMPDIR"}
    assert given["HOME"] == given["TMPDIR"] == str(room)


def test_what_is_given_comes_before_what_is_assumed(room):
    done = run_confined(
        (sys.executable, "-c", "import os; print(os.environ['HOME'], os.environ['OTHER'])"), cwd=room,
        readable=python_paths(), writable=(room,), environment={"HOME": "/nowhere", "OTHER": "x"}, limits=Limits(),
    )  # fmt: skip
    assert done.stdout == "/nowhere x\n"


def test_nothing_is_imported_from_the_current_folder(run, room, tmp_path, monkeypatch):
    for name in ("json", "ctypes", "site", "sitecustomize", "mintmark", "resource"):
        for folder in (room, tmp_path):
            (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run_confined(
        (sys.executable, "-P", "-c", "import json; print('fine')"), cwd=room, readable=python_paths(),
        writable=(room,), environment={}, limits=Limits(),
    )  # fmt: skip
    assert (done.code, done.stdout) == (0, "fine\n")
    assert not (tmp_path / "ran").exists()


def test_several_processes_share_work_where_they_are_allowed(room, needs):
    program = """
        import joblib, multiprocessing, subprocess
        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(2) as pool:
                print(pool.map(abs, [-1, -2]), joblib.cpu_count() > 0, flush=True)
            print(subprocess.run("echo $((1 + 1)) | cat", shell=True, capture_output=True, text=True).stdout)
    """
    needs("files", "read only mounts")  # which come with memory to share
    (room / "program.py").write_text(textwrap.dedent(program))
    done = run_confined(
        (sys.executable, "program.py"), cwd=room, readable=(*python_paths(), *shell_paths()), writable=(room,),
        environment={}, limits=Limits(processes=MANY, seconds=PATIENCE),
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["[1, 2] True", "2"], done.stderr


# What it must not reach


PROBE = """
    import ctypes, json, os
    libc = ctypes.CDLL(None)
    def offers(flag, mounts=False):
        child = os.fork()
        if child == 0:
            os._exit(libc.unshare(flag) != 0 or (mounts and libc.mount(None, b"/", None, 0x44000, None) != 0))
        return os.waitpid(child, 0)[1] == 0
    landlock = libc.syscall(444, None, ctypes.c_size_t(0), 1)
    names = {"namespace": 0x78020000, "namespace of root": 0x68020000}
    found = [name for name, flag in names.items() if offers(flag)]
    found += ["mounts"] * any(offers(flag, mounts=True) for flag in names.values())
    print(json.dumps([landlock, found, libc.prctl(21, 0, 0, 0, 0)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are resource limits alone")
def test_every_measure_that_the_system_offers_is_taken(isolation):
    """The other tests skip what is not there; this one asks the system itself what there is."""
    done = subprocess.run((sys.executable, "-c", textwrap.dedent(PROBE)), capture_output=True, text=True, check=True)
    landlock, namespaces, seccomp = json.loads(done.stdout)
    assert ("landlock" in isolation["files"]) is (landlock > 0)
    assert ("read only mounts" in isolation["files"]) is ("mounts" in namespaces)
    assert ("landlock TCP" in isolation["network"]) is (landlock >= 4)
    for measure in ("network", "processes"):
        assert ("namespace" in isolation[measure]) is bool(namespaces)
    known = seccomp >= 0 and os.uname().machine in ("x86_64", "aarch64")
    assert ("seccomp" in isolation["system calls"], "no sockets" in isolation["network"]) == (known, known)
    assert ("one process" in isolation["processes"]) is known
    assert isolation["memory"] == "address space limit"
    assert isolation["time"] == "wall clock and CPU"


@pytest.mark.parametrize("processes", [1, MANY])
def test_files_outside_are_neither_read_nor_listed(run, tree, room, needs, monkeypatch, processes):
    needs("files", "landlock")
    monkeypatch.chdir(tree)
    (room / "link").symlink_to(tree / "labels.csv")
    (room / "inside").write_text("mine")
    code = """
        import os, sys
        tree, room = sys.argv[1:3]
        attempts = [
            lambda: open(tree + "/labels.csv").read(),
            lambda: open("../tree/labels.csv").read(),
            lambda: open("labels.csv").read(),
            lambda: open("link").read(),
            lambda: open("/proc/self/root" + tree + "/labels.csv").read(),
            lambda: open("/proc/self/cwd/../tree/labels.csv").read(),
            lambda: os.listdir(tree),
            lambda: os.listdir(".."),
            lambda: open("/etc/passwd").read(),
            lambda: os.link(tree + "/labels.csv", "copy") or open("copy").read(),
            lambda: os.rename(tree + "/labels.csv", "moved") or open("moved").read(),
            lambda: os.execv(tree + "/labels.csv", ["x"]),
        ]
        for attempt in attempts:
            try:
                print("got", attempt())
            except OSError as error:
                print(type(error).__name__)
        print(open("inside").read(), os.listdir(room) != [])
    """
    done = run(code, tree, room, processes=processes)
    *outcomes, last = done.stdout.splitlines()
    assert len(outcomes) == 12
    alone = f"got ['{room.name}']"  # what it sees of /dev/shm holds nothing else, if the folder of this test lies there
    assert set(outcomes) <= {"PermissionError", "FileNotFoundError", "OSError", alone}
    assert last == "mine True"
    assert SECRET not in done.stdout + done.stderr
    assert (tree / "labels.csv").read_text() == SECRET


@pytest.mark.parametrize("processes", [1, MANY])
def test_files_outside_are_neither_written_nor_changed(run, tree, tmp_path, needs, processes):
    needs("files", "landlock")
    (tmp_path / "read").mkdir()
    (tmp_path / "read/only").write_text("as it was")
    os.utime(tree / "labels.csv", (0, 0))
    modes = [path.stat().st_mode for path in (tree, tree / "labels.csv", tmp_path / "read/only")]
    code = """
        import os, sys
        tree, read = sys.argv[1:3]
        labels = tree + "/labels.csv"
        attempts = [
            lambda: open(tree + "/new", "w"),
            lambda: open(labels, "a"),
            lambda: os.truncate(labels, 0),
            lambda: os.remove(labels),
            lambda: os.rename(labels, tree + "/other"),
            lambda: os.mkdir(tree + "/folder"),
            lambda: os.symlink("x", tree + "/symlink"),
            lambda: os.mkfifo(tree + "/fifo"),
            lambda: open(read + "/only", "w"),
            lambda: open(read + "/new", "w"),
            lambda: open("/tmp/" + os.path.basename(tree) + "-escaped", "x"),
        ]
        for attempt in attempts:
            try:
                attempt()
            except OSError as error:
                print(type(error).__name__)
            else:
                print("done")
    """
    done = run(code, tree, tmp_path / "read", processes=processes, readable=(tmp_path / "read",))
    outcomes = done.stdout.split()
    assert len(outcomes) == 11, done.stderr
    assert "done" not in outcomes
    assert [path.name for path in tree.iterdir()] == ["labels.csv"]
    assert [path.name for path in (tmp_path / "read").iterdir()] == ["only"]
    assert (tree / "labels.csv").read_text() == SECRET
    assert modes == [path.stat().st_mode for path in (tree, tree / "labels.csv", tmp_path / "read/only")]


def test_shared_memory_of_others_is_neither_seen_nor_left(run, needs):
    needs("files", "landlock")
    mark = f"mintmark-{uuid.uuid4().hex}"
    done = run(f"open('/dev/shm/{mark}', 'x')", processes=MANY)
    assert not Path("/dev/shm", mark).exists()
    other = Path("/dev/shm", f"{mark}-other")
    other.touch()
    try:
        done = run("import os; print(os.listdir('/dev/shm'))", processes=MANY)
    finally:
        other.unlink()
    assert mark not in done.stdout


def test_a_folder_in_shared_memory_is_there_for_the_command(needs):
    needs("files", "landlock")
    needs("files", "read only mounts")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        room, data = Path(name, "room"), Path(name, "data")
        room.mkdir()
        data.mkdir()
        (data / "rows").write_text("1")
        code = (
            "import sys; open('copy', 'w').write(open(sys.argv[1] + '/rows').read()); open(sys.argv[1] + '/rows', 'w')"
        )
        done = run_confined(
            (sys.executable, "-c", code, str(data)), cwd=room, readable=(*python_paths(), data), writable=(room,),
            environment={}, limits=Limits(seconds=PATIENCE, processes=MANY),
        )  # fmt: skip
        assert "Read-only file system" in done.stderr
        assert [(room / "copy").read_text(), (data / "rows").read_text()] == ["1", "1"]


def test_an_environment_in_shared_memory_runs(needs):
    """A clone may lie there, with the link that starts its Python."""
    needs("files", "landlock")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        program, alone, room = Path(name, "venv/bin/python"), Path(name, "alone"), Path(name, "room")
        program.parent.mkdir(parents=True)
        program.symlink_to(Path(sys.executable).resolve())
        room.mkdir()
        alone.write_text("1")
        done = run_confined(
            (str(program), "-c", f"print(open({str(alone)!r}).read())"), cwd=room, readable=(*python_paths(), alone),
            writable=(room,), environment={}, limits=Limits(seconds=PATIENCE, processes=MANY),
        )  # fmt: skip
        assert (done.code, done.stdout) == (0, "1\n")


@pytest.mark.parametrize("processes", [1, MANY])
def test_modes_and_times_of_files_outside_stay(run, tree, needs, processes):
    needs(*("system calls", "seccomp") if processes == 1 else ("files", "read only mounts"))
    (tree / "labels.csv").chmod(0o640)
    os.utime(tree / "labels.csv", (0, 0))
    code = """
        import os, sys
        labels = sys.argv[1] + "/labels.csv"
        for attempt in (lambda: os.chmod(labels, 0), lambda: os.utime(labels), lambda: os.chown(labels, 0, 0)):
            try:
                attempt()
            except OSError as error:
                print(type(error).__name__)
    """
    done = run(code, tree, processes=processes)
    assert len(done.stdout.split()) == 3
    assert (tree / "labels.csv").stat().st_mode & 0o777 == 0o640
    assert (tree / "labels.csv").stat().st_mtime == 0


@pytest.mark.parametrize("processes", [1, MANY])
def test_the_judge_is_out_of_reach(run, needs, processes):
    """Its environment, memory, limits and life; the attacker knows its process number."""
    needs("files", "landlock")
    needs("system calls", "seccomp")
    needs("processes", "namespace")  # where there is none, this would end the tests
    os.environ["MINTMARK_TEST_SECRET"] = SECRET
    code = """
        import os, resource, signal, sys
        judge = int(sys.argv[1])
        places = [f"/proc/{judge}/{name}" for name in ("environ", "maps", "mem", "fd", "root/etc/passwd")]
        places += [f"/proc/{os.getppid()}/{name}" for name in ("environ", "mem")]
        attempts = [lambda place=place: open(place, "rb").read(9999) for place in places]
        attempts += [
            lambda: os.kill(judge, signal.SIGKILL),
            lambda: os.kill(judge, signal.SIGTERM),
            lambda: os.killpg(judge, signal.SIGKILL),
            lambda: resource.prlimit(judge, resource.RLIMIT_CPU, (0, 0)),
            lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0)),
            lambda: os.setpriority(os.PRIO_PROCESS, judge, 19),
        ]
        for attempt in attempts:
            try:
                print("got", attempt())
            except OSError as error:
                print(type(error).__name__)
    """
    try:
        before = os.getpriority(os.PRIO_PROCESS, 0), resource.getrlimit(resource.RLIMIT_CPU)
        done = run(code, os.getpid(), processes=processes)
        assert before == (os.getpriority(os.PRIO_PROCESS, 0), resource.getrlimit(resource.RLIMIT_CPU))
    finally:
        del os.environ["MINTMARK_TEST_SECRET"]
    assert len(done.stdout.splitlines()) == 13, done.stderr
    assert "got" not in done.stdout
    assert SECRET not in done.stdout


@pytest.mark.parametrize("target", ["os.getppid()", "-1", "0", "1"])
@pytest.mark.parametrize("processes", [1, MANY])
def test_it_cannot_kill_what_holds_it(run, needs, target, processes):
    needs("processes", "namespace")
    done = run(
        f"""
        import os, signal
        try:
            os.kill({target}, signal.SIGKILL)
        except OSError:
            pass
        print("still here", flush=True)
        """,
        processes=processes,
    )
    assert done.code in (0, -signal.SIGKILL)  # it may kill itself
    assert not done.timed_out


@pytest.mark.parametrize("processes", [1, MANY])
def test_nothing_reaches_the_network(run, room, needs, processes):
    needs("network", "no sockets", "namespace")
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(("127.0.0.1", 0))
        for server in (tcp, udp):
            server.settimeout(0.2)
        code = """
            import socket, sys
            for kind, port in ((socket.SOCK_STREAM, int(sys.argv[1])), (socket.SOCK_DGRAM, int(sys.argv[2]))):
                try:
                    with socket.socket(socket.AF_INET, kind) as client:
                        client.settimeout(2)
                        client.connect(("127.0.0.1", port))
                        client.send(b"labels")
                    print("sent")
                except OSError as error:
                    print(type(error).__name__)
        """
        done = run(code, tcp.getsockname()[1], udp.getsockname()[1], processes=processes)
        with pytest.raises(TimeoutError):
            tcp.accept()
        with pytest.raises(TimeoutError):
            udp.recv(10)
    assert len(done.stdout.split()) == 2
    assert "sent" not in done.stdout


@pytest.mark.parametrize("network", [False, True])
@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_local_sockets_are_out_of_reach_even_where_the_network_is_open(run, tmp_path, needs, network):
    """Docker's socket is one: whoever talks to it has the machine."""
    needs("system calls", "seccomp")
    name = f"\0mintmark-{uuid.uuid4().hex}"
    (tmp_path / "s").mkdir()
    with socket.socket(socket.AF_UNIX) as file, socket.socket(socket.AF_UNIX) as abstract:
        file.bind(str(tmp_path / "s/docker.sock"))
        abstract.bind(name)
        for server in (file, abstract):
            server.listen()
            server.settimeout(0.2)
        code = """
            import socket, sys
            for address in (sys.argv[1], "\\0" + sys.argv[2]):
                for make in (lambda: socket.socket(socket.AF_UNIX), lambda: socket.socketpair(type=socket.SOCK_DGRAM)[0]):
                    try:
                        make().connect(address)
                        print("connected")
                    except OSError as error:
                        print(type(error).__name__)
            print(len(socket.socketpair()))
        """
        done = run(
            code, tmp_path / "s/docker.sock", name[1:], readable=(tmp_path / "s",), network=network, processes=MANY
        )
        for server in (file, abstract):
            with pytest.raises(TimeoutError):
                server.accept()
    assert done.stdout.split() == ["PermissionError"] * 4 + ["2"], done.stderr


def test_the_network_is_open_where_it_is_asked_for(run):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        done = run(
            "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))); print('hello')",
            server.getsockname()[1],
            network=True,
        )
    assert (done.stdout, done.isolation["network"]) == ("hello\n", "open"), done.stderr


def test_open_files_of_the_judge_are_not_handed_on(run, tree):
    with open(tree / "labels.csv") as labels:
        os.set_inheritable(labels.fileno(), True)
        done = run("import os, sys; print(os.read(int(sys.argv[1]), 100))", labels.fileno())
    assert done.code == 1
    assert SECRET not in done.stdout
    assert "Bad file descriptor" in done.stderr or "Is a directory" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("processes", [1, MANY])
def test_no_right_of_the_user_is_left(run, processes):
    done = run("print(open('/proc/self/status').read())", processes=processes)
    status = dict(line.split(":\t", 1) for line in done.stdout.splitlines() if ":\t" in line)
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"


def test_it_cannot_make_namespaces_of_its_own(run, needs):
    """In one of them it would be root again, with all that the kernel does for root."""
    needs("system calls", "seccomp")
    code = """
        import ctypes, os
        libc, clone = ctypes.CDLL(None, use_errno=True), 56 if os.uname().machine == "x86_64" else 220
        for attempt in (lambda: libc.unshare(0x10000000), lambda: libc.syscall(clone, 0x10000011, 0, 0, 0, 0)):
            print(attempt(), ctypes.get_errno())
    """
    done = run(code, processes=MANY)
    assert done.stdout.split() == ["-1", str(errno.EPERM)] * 2


# What it may use


@pytest.mark.slow
def test_memory_is_limited(run, needs):
    needs("memory", "address space limit")
    done = run("bytearray(100 << 30)")
    assert (done.code, done.last_words()) == (1, "MemoryError")
    slowly = "kept = []\nwhile True: kept.append(bytearray(10 << 20))"
    assert run(slowly, memory=1 << 30).last_words() == "MemoryError"


def test_limits_cannot_be_raised(run):
    code = """
        import resource
        for name in ("AS", "CPU", "FSIZE", "NOFILE"):
            kind = getattr(resource, "RLIMIT_" + name)
            hard = resource.getrlimit(kind)[1]
            try:
                resource.setrlimit(kind, (hard + 1, hard + 1))
            except (OSError, ValueError):
                print("refused")
    """
    assert run(code).stdout.split() == ["refused"] * 4


@pytest.mark.slow
def test_time_is_limited_whatever_it_does_about_signals(run):
    code = """
        import signal, time
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        time.sleep(1000)
    """
    done = run(code, seconds=1)
    assert (done.code, done.timed_out) == (-signal.SIGKILL, True)


@pytest.mark.slow
def test_processor_time_is_limited(run):
    done = run("while True: pass", cpu_seconds=1)
    assert (done.code, done.timed_out) == (-signal.SIGXCPU, False)


def test_files_are_limited_in_size(run, room):
    code = """
        block = b"x" * (1 << 20)
        with open("big", "wb", buffering=0) as file:
            for _ in range(10_000):
                file.write(block)
    """
    done = run(code, file_bytes=3 << 20)
    assert "File too large" in done.stderr
    assert (room / "big").stat().st_size == 3 << 20


def test_one_file_may_be_all_that_is_writable(room, needs):
    needs("files", "landlock")
    answer = room / "answer"
    answer.touch()
    code = """
        import os
        open("answer", "w").write("mine")
        for attempt in (lambda: open("other", "w"), lambda: os.remove("answer"), lambda: os.rename("answer", "b"),
                        lambda: os.symlink("/etc/passwd", "c")):
            try:
                attempt()
                print("done")
            except OSError:
                pass
    """
    done = run_confined(
        (sys.executable, "-c", textwrap.dedent(code)), cwd=room, readable=(*python_paths(), room), writable=(answer,),
        environment={}, limits=Limits(),
    )  # fmt: skip
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert [path.name for path in room.iterdir()] == ["answer"]
    assert answer.read_text() == "mine"


def test_floods_of_output_are_cut_and_cost_no_memory(run):
    code = """
        import sys
        block = "0123456789abcdef" * 4096
        for _ in range(3200):
            sys.stdout.write(block)
            sys.stderr.write(block)
        sys.stdout.write("the end")
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = run(code)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000 * (
        1024 if sys.platform == "darwin" else 1
    )
    assert done.code == 0
    assert len(done.stdout) == len(done.stderr) == 64 << 10
    assert done.stdout.endswith("the end")


def test_output_that_is_no_text_is_shown_as_well_as_it_goes(run):
    done = run("import os; os.write(1, bytes(range(256))); os.write(2, b'\\x1b[31m\\xff words\\n')")
    assert len(done.stdout) == 256
    assert done.last_words() == "\\x1b[31m\ufffd words"


# What it leaves


DAEMON = """
    import os, sys, time
    def beat():
        while True:
            with open("beat", "a") as file:
                file.write("x")
            time.sleep(0.01)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            {closing}
            beat()
        os._exit(0)
    os.wait()
    while not os.path.exists("beat"):
        time.sleep(0.01)
    {ending}
"""
CLOSING = "for number in range(20):\n                try: os.close(number)\n                except OSError: pass"


@pytest.mark.parametrize("ending", first_quick(["", "time.sleep(1000)", "os.kill(os.getpid(), 9)"]))
@pytest.mark.parametrize("closing", first_quick(["", CLOSING]), ids=["open", "closed"])
def test_daemons_do_not_survive(run, room, needs, ending, closing):
    needs("processes", "namespace", "orphans")
    done = run(
        DAEMON.format(ending=ending, closing=closing), processes=MANY, seconds=3 if "sleep" in ending else PATIENCE
    )
    assert done.timed_out is ("sleep" in ending), done.stderr
    size = (room / "beat").stat().st_size
    time.sleep(0.1)
    assert (room / "beat").stat().st_size == size > 0


def test_one_process_starts_no_other(run, room, needs):
    needs("processes", "one process")
    code = """
        import os, subprocess, threading
        def clone():
            import ctypes
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.syscall(56 if os.uname().machine == "x86_64" else 220, 17, 0, 0, 0, 0) < 0:
                raise OSError
        def clone3():
            import ctypes
            options = (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17)
            if ctypes.CDLL(None).syscall(435, options, 64) < 0:
                raise OSError
        for attempt in (
            os.fork, clone, clone3, lambda: subprocess.run(["true"]), lambda: os.posix_spawn("/bin/true", ["true"], {})
        ):
            try:
                attempt()
                print("started")
            except OSError:
                print("refused")
        thread = threading.Thread(target=print, args=("a thread",))
        thread.start()
        thread.join()
    """
    assert run(code).stdout.splitlines() == ["refused"] * 5 + ["a thread"]


@pytest.mark.slow
def test_a_fork_bomb_ends_with_its_time(run, needs):
    needs("processes", "namespace", "orphans")
    code = "import os, time\nif 0 in [os.fork() for _ in range(7)]: os.setsid()\ntime.sleep(1000)"
    assert run(code, processes=500, seconds=2).timed_out


JUDGE = """
    import signal, sys
    from pathlib import Path
    from mintmark.artifacts.confined.confinement import *
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background
    code = "open('begun', 'w')\\nimport time\\ntime.sleep(1000)"
    try:
        done = run_confined((sys.executable, "-c", code, sys.argv[1]), cwd=Path.cwd(), readable=python_paths(),
                            writable=(Path.cwd(),), environment={}, limits=Limits())
        print(done.code)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.stdin.read()  # what it had started must not wait for its own end
"""


@pytest.mark.parametrize(
    ("victim", "number", "says"),
    [("judge", signal.SIGKILL, b""), ("judge", signal.SIGINT, b"interrupted\n"), ("launcher", signal.SIGKILL, b"-9\n")],
)
def test_everything_ends_when_what_holds_it_ends(room, needs, victim, number, says):
    needs("processes", "namespace")
    mark = uuid.uuid4().hex
    judge = subprocess.Popen(
        (sys.executable, "-c", textwrap.dedent(JUDGE), mark), cwd=room, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    wait_until(lambda: (room / "begun").exists())
    os.kill(judge.pid if victim == "judge" else child_of(judge.pid), number)
    assert judge.stdout
    assert judge.stdout.readline() == says
    wait_until(lambda: not (set(processes(mark)) - {judge.pid}))
    judge.communicate(timeout=PATIENCE)
    assert processes(mark) == []


def child_of(parent: int) -> int:
    for entry in Path("/proc").glob("[0-9]*"):
        if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
            return int(entry.name)
    raise AssertionError


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_several_run_at_once(room):
    outcomes: list[str] = []

    def one(number: int) -> None:
        done = run_confined(
            (sys.executable, "-c", f"print({number})"), cwd=room, readable=python_paths(), writable=(),
            environment={}, limits=Limits(),
        )  # fmt: skip
        outcomes.append(done.stdout)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["0\n", "1\n", "2\n", "3\n"]


# Systems that lack a measure: the kernel refuses the calls, and the rest goes on


LACKING = """
    import ctypes, json, sys
    from pathlib import Path
    from mintmark.artifacts.confined import seccomp
    seccomp._NUMBERS["landlock_create_ruleset"] = (444, 444)
    seccomp._NUMBERS["prctl"] = (157, 167)
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
    refused = [seccomp.Refusal("prctl", when=22, argument=0) if name == "filters" else seccomp.Refusal(name)
               for name in sys.argv[2].split()]
    assert seccomp.install(refused)
    from mintmark.artifacts.confined.confinement import *
    room = Path.cwd()
    done = run_confined(
        (sys.executable, "-c", (room / "code.py").read_text(), *sys.argv[3:]), cwd=room, writable=(room,),
        readable=(*python_paths(), room.parent / "tree"), environment={},
        limits=Limits(processes=int(sys.argv[1]), seconds=60),
    )
    print(json.dumps([done.code, done.stdout, done.stderr, dict(done.isolation)]))
"""
Poorer = Callable[..., tuple[int, str, str, dict[str, str]]]


@pytest.fixture
def poorer(room: Path, needs: Callable[..., None]) -> Poorer:
    """Run a program in the room, on a system that lacks calls; the tree beside the room is for reading."""
    needs("system calls", "seccomp")

    def run(code: str, lacking: str, *arguments: object, processes: int = MANY) -> tuple[int, str, str, dict[str, str]]:
        (room / "code.py").write_text(textwrap.dedent(code))
        done = subprocess.run(
            (sys.executable, "-c", textwrap.dedent(LACKING), str(processes), lacking, *map(str, arguments)), cwd=room,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return tuple(json.loads(done.stdout))  # type: ignore[return-value]

    return run


def test_without_namespaces_daemons_are_found(room, poorer):
    code, _, complaint, told = poorer(DAEMON.format(ending="", closing=CLOSING), "unshare")
    assert code == 0, complaint
    assert told["processes"] == "orphans are found"
    size = (room / "beat").stat().st_size
    time.sleep(0.1)
    assert (room / "beat").stat().st_size == size > 0


def test_without_namespaces_files_are_safe_all_the_same(tree, poorer, needs):
    needs("files", "landlock")
    code = """
        import os, sys
        for attempt in (
            lambda: open("../secret").read(),
            lambda: open("../tree/labels.csv", "a"),
            lambda: open("../tree/new", "w"),
            lambda: os.remove("../tree/labels.csv"),
        ):
            try:
                print("got", attempt())
            except OSError as error:
                print(type(error).__name__)
        print(open("../tree/labels.csv").read())
    """
    (tree.parent / "secret").write_text(SECRET)
    _, output, _, told = poorer(code, "unshare")
    assert told["files"] == "landlock"
    assert output.splitlines() == ["PermissionError"] * 4 + [SECRET]
    assert (tree / "labels.csv").read_text() == SECRET
    assert [path.name for path in tree.iterdir()] == ["labels.csv"]


def test_without_namespaces_one_process_changes_no_modes_and_signals_no_other(tree, poorer):
    code = """
        import os, signal, sys
        labels = "../tree/labels.csv"
        attempts = [lambda: os.chmod(labels, 0), lambda: os.utime(labels), lambda: os.chown(labels, os.getuid(), -1),
                    lambda: os.kill(os.getppid(), signal.SIGTERM), lambda: os.kill(-1, 0)]
        with open(labels) as file:
            number = file.fileno()
            attempts += [lambda: os.fchmod(number, 0), lambda: os.utime(number), lambda: os.fchown(number, -1, -1)]
            if hasattr(os, "setxattr"):
                attempts += [lambda: os.setxattr(labels, "user.x", b""), lambda: os.setxattr(number, "user.x", b"")]
            for attempt in attempts:
                try:
                    print("done", attempt())
                except PermissionError:
                    pass
        print("end")
    """
    os.utime(tree / "labels.csv", (0, 0))
    code, output, complaint, _ = poorer(code, "unshare", processes=1)
    assert (code, output) == (0, "end\n"), complaint
    assert (tree / "labels.csv").stat().st_mtime == 0


def test_without_namespaces_signals_stay_inside(poorer, isolation):
    if ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) < 6:
        pytest.skip("this system's Landlock keeps no signals apart (Linux 6.12)")
    code, output, complaint, _ = poorer("import os; os.kill(os.getppid(), 9)", "unshare")
    assert (code, output) == (1, "")
    assert "PermissionError" in complaint


def test_without_namespaces_and_filters_landlock_closes_tcp(poorer, isolation):
    if "landlock TCP" not in isolation["network"]:
        pytest.skip("this system's Landlock keeps no network apart (Linux 6.7)")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        code = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
        _, _, complaint, told = poorer(code, "unshare filters", server.getsockname()[1])
        with pytest.raises(TimeoutError):
            server.accept()
    assert "PermissionError" in complaint
    assert told["network"] == "landlock TCP"


def test_without_landlock_the_report_says_so(poorer):
    code, output, complaint, told = poorer("print(1)", "landlock_create_ruleset unshare")
    assert (code, output) == (0, "1\n"), complaint
    assert (told["files"], told["network"]) == ("none", "no sockets")


def test_without_anything_the_report_says_so_and_the_command_runs(poorer):
    code, output, complaint, told = poorer("print(1)", "landlock_create_ruleset unshare filters")
    assert (code, output) == (0, "1\n"), complaint
    assert (told["files"], told["network"], told["system calls"]) == ("none", "none", "none")
    assert told["memory"] == "address space limit"


# What a Python process needs


def test_repositories_and_the_current_folder_are_not_for_reading(tmp_path, monkeypatch):
    hidden = ["repository", "registry", "registry/models", "registry/models/iris", "repository/.dvc/cache", "here", "."]
    for name in ("repository/.git", "registry/models/iris", "repository/.dvc/cache", "here/below", "package"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "registry/models/registry.yaml").touch()
    monkeypatch.chdir(tmp_path / "here/below")
    for name in (*hidden, "package"):
        monkeypatch.syspath_prepend(str(tmp_path / name))
    monkeypatch.syspath_prepend("")
    paths = python_paths()
    assert [path for path in paths if path.is_relative_to(tmp_path)] == [tmp_path / "package"]
    assert not [path for path in paths if ROOT.is_relative_to(path)]
    assert not [path for path in paths if path.is_relative_to(ROOT / "models") or path.is_relative_to(ROOT / ".dvc")]
    found = python_environment()["PYTHONPATH"].split(os.pathsep)
    assert str(tmp_path / "package") in found
    assert not {str(tmp_path / name) for name in hidden} & set(found)


def test_the_packages_of_this_process_are_found(room):
    program = "import numpy, mintmark; print(mintmark.__file__)"
    done = run_confined(
        (sys.executable, "-P", "-c", program), cwd=room, readable=python_paths(), writable=(),
        environment=python_environment(), limits=Limits(seconds=PATIENCE),
    )  # fmt: skip
    import mintmark

    assert done.stdout.strip() == mintmark.__file__, done.stderr
