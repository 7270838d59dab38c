"""Libraries of the tests' own that are laid over a server's (LD_PRELOAD)."""

import ctypes
import mmap
import shutil
import subprocess


def build(source, directory, *libraries):
    """The library, made by whatever C compiler there is: the Swift toolchain brings one."""
    library = directory / source.with_suffix(".so").name
    compiler = next(found for name in ("cc", "clang", "gcc") if (found := shutil.which(name)))
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source, "-ldl", *libraries],
        check=True)
    return library


def shared(kind, file):
    """A structure of that kind, all zeros, in a file that is made here: the library maps it too."""
    file.write_bytes(bytes(ctypes.sizeof(kind)))
    with open(file, "r+b") as opened:
        return kind.from_buffer(mmap.mmap(opened.fileno(), ctypes.sizeof(kind)))
