"""Where and how the rows run: folders, certificate, cores, the suite, and how long."""

import contextlib
import copy
import fcntl
import itertools
import os
import resource
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".build" / "benchmarks"

SUITE = "TLS_AES_128_GCM_SHA256"
# The server has one core to itself, and what loads it the other.
SERVER_CORE, LOAD_CORE = "0", "1"
ALL_CORES = f"0-{os.cpu_count() - 1}"


@dataclass
class Setting:
    rounds: int
    seconds: float
    folder: Path = WORK / "run"
    numbers: itertools.count = field(default_factory=itertools.count)

    def __post_init__(self):
        # Two runs at once would measure each other.
        WORK.mkdir(parents=True, exist_ok=True)
        self.lock = open(WORK / "lock", "w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("another run of the benchmarks is under way") from None
        # Beside the build and not where temporary files go, which may be memory: data has to be on a disk.
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.certificate, self.key = self.folder / "certificate.pem", self.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", self.key, "-out", self.certificate], check=True, capture_output=True)
        # One suite for all that is started: OpenSSL reads this for the servers and for the load generators.
        configuration = self.folder / "openssl.cnf"
        configuration.write_text(
            "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = default\n"
            f"[default]\nMinProtocol = TLSv1.3\nCiphersuites = {SUITE}\n")
        self.environment = {**os.environ, "OPENSSL_CONF": str(configuration)}
        # As many open files as there may be, for this process and those that it starts.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        os.sched_setaffinity(0, {int(LOAD_CORE)})

    def once(self):
        """The same with a single short round."""
        again = copy.copy(self)
        again.rounds, again.seconds = 1, 1
        return again

    def new_folder(self, name):
        folder = self.folder / f"{name}-{next(self.numbers)}"
        folder.mkdir()
        return folder

    def start(self, cores, *command, **settings):
        """Starts a process on some of the cores."""
        settings.setdefault("env", self.environment)
        return subprocess.Popen(["taskset", "-c", cores, *map(str, command)], stdin=subprocess.DEVNULL, **settings)

    def run(self, cores, *command):
        """Runs a command on some of the cores to its end; its output, and the processor time it took."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        finished = subprocess.run(
            ["taskset", "-c", cores, *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env=self.environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if finished.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}:\n{finished.stdout}{finished.stderr}")
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return finished.stdout, used

    @contextlib.contextmanager
    def on_all_cores(self):
        """Lets this process load the server from wherever there is room."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, range(os.cpu_count()))
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
