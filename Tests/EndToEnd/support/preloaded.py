"""Libraries of the tests' own that are laid over a server's (LD_PRELOAD)."""

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
