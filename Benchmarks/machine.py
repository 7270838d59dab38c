"""What the figures hold for: the machine, and the versions of what runs on it."""

import datetime
import os
import platform
import re
import shutil
import ssl
import subprocess

from Benchmarks.servers import PROGRAM
from Benchmarks.setting import SUITE


def version(pattern, *command):
    """A version as a command prints it; it may do so on standard error and with any status."""
    if not shutil.which(command[0], path=f"{os.environ['PATH']}:/usr/sbin"):
        return "(missing)"
    finished = subprocess.run([shutil.which(command[0], path=f"{os.environ['PATH']}:/usr/sbin"), *command[1:]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
    found = re.search(pattern, finished.stdout + finished.stderr)
    return found[1] if found else "(unknown)"


def read(path, pattern="(.+)"):
    with open(path) as file:
        found = re.search(pattern, file.read())
    return found[1].strip() if found else "unknown"


def describe():
    """One paragraph."""
    number = r"([\d.]+\d)"
    versions = [
        ("syncstreamer", version(number, str(PROGRAM), "--version")),
        ("Swift", version("Swift version " + number, "swift", "--version")),
        ("OpenSSL", version(number, "openssl", "version")),
        ("nginx", version(number, "nginx", "-v")),
        ("h2o", version(number, "h2o", "--version")),
        ("Redis", version(number, "redis-server", "--version")),
        ("wrk", version(number, "wrk", "-v")),
        ("h2load", version(number, "h2load", "--version")),
        ("Python", platform.python_version() + " with " + re.search(r"OpenSSL [\d.]+", ssl.OPENSSL_VERSION)[0]),
    ]
    listed = ", ".join(f"{name} {number}" for name, number in versions)
    memory = int(read("/proc/meminfo", r"MemTotal:\s+(\d+)")) / (1 << 20)
    return (
        f"{datetime.datetime.now(datetime.UTC).date()}: {os.cpu_count()} cores of {read('/proc/cpuinfo', 'model name.*: (.+)')}, "
        f"{memory:.0f} GB, Linux {platform.release()}, congestion control "
        f"{read('/proc/sys/net/ipv4/tcp_congestion_control')}; {SUITE}; {listed}.")
