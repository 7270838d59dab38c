"""Certificates for tests, made by the openssl command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
KEY_KINDS = {"ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["-newkey", "rsa:2048"]}


@dataclass
class Identity:
    certificate: Path
    key: Path
    # What a client trusts.
    authority: Path

    def fingerprint(self):
        """SHA-256 of the certificate, in lower-case hexadecimal."""
        printed = run("x509", "-in", self.certificate, "-noout", "-fingerprint", "-sha256")
        return printed.partition("=")[2].strip().replace(":", "").lower()


def run(*arguments):
    return subprocess.run(
        ["openssl", *map(str, arguments)], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout


def self_signed(directory, name="server", kind="ecdsa", names=NAMES, days=90):
    """Valid for longer than the server warns of the end."""
    certificate, key = directory / f"{name}.cert.pem", directory / f"{name}.key.pem"
    run("req", "-x509", *KEY_KINDS[kind], "-nodes", "-days", days, "-subj", f"/CN={name}", "-addext", names,
        "-keyout", key, "-out", certificate)
    return Identity(certificate, key, certificate)


def authority(directory, name="authority", below=None):
    """One whose certificates the tests make; it is trusted by itself unless it stands below another."""
    made = issued(directory, name, below, ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"])
    return Identity(made.certificate, made.key, made.certificate)


def issued(directory, name, issuer, extensions=(), subject=None, days=90):
    """A certificate by an authority, and its key; without one it vouches for itself."""
    request, certificate, key = (directory / f"{name}.{kind}.pem" for kind in ("request", "cert", "key"))
    settings = directory / f"{name}.extensions"
    settings.write_text("\n".join(extensions))
    run("req", *KEY_KINDS["ecdsa"], "-new", "-nodes", "-subj", subject or f"/CN={name}", "-keyout", key, "-out", request)
    signer = ["-CA", issuer.certificate, "-CAkey", issuer.key, "-CAcreateserial"] if issuer else ["-signkey", key]
    run("x509", "-req", "-in", request, *signer, "-days", days, "-extfile", settings, "-out", certificate)
    return Identity(certificate, key, issuer.certificate if issuer else certificate)


def chained(directory):
    """A certificate under an intermediate authority under a root: the server's file holds it and the intermediate."""
    root = authority(directory, "root")
    intermediate = authority(directory, "intermediate", root)
    leaf = issued(directory, "leaf", intermediate, [NAMES])
    chain = directory / "chain.pem"
    chain.write_text(leaf.certificate.read_text() + intermediate.certificate.read_text())
    return Identity(chain, leaf.key, root.certificate)
