"""What lies outside of the confinement is neither read nor changed, and nobody outside is reached."""

from __future__ import annotations

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
import uuid
from pathlib import Path

import pytest
from tests.artifacts.confined.confined_runs import MANY, PATIENCE, SECRET

from mintmark.artifacts.confined.confinement import Limits, python_paths, run_confined

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
