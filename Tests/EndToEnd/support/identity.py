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


def chained(directory):
    """A certificate under an intermediate authority under a root: the server's file holds it and the intermediate."""
    def issue(name, issuer, extensions):
        request, certificate, key = (directory / f"{name}.{kind}.pem" for kind in ("request", "cert", "key"))
        settings = directory / f"{name}.extensions"
        settings.write_text("\n".join(extensions))
        run("req", *KEY_KINDS["ecdsa"], "-new", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        signer = ["-signkey", key] if issuer is None else ["-CA", issuer[0], "-CAkey", issuer[1], "-CAcreateserial"]
        run("x509", "-req", "-in", request, *signer, "-days", "90", "-extfile", settings, "-out", certificate)
        return certificate, key

    authority = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"]
    root = issue("root", None, authority)
    intermediate = issue("intermediate", root, authority)
    leaf = issue("leaf", intermediate, [NAMES])
    chain = directory / "chain.pem"
    chain.write_text(leaf[0].read_text() + intermediate[0].read_text())
    return Identity(chain, leaf[1], root[0])
