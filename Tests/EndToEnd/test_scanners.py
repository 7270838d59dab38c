"""What public scanners find: sslscan, sslyze against Mozilla's "intermediate" profile, and testssl.sh, run against a server
as anybody would run them. Nothing but what is due to a certificate that no public authority has signed, and to a server that has
no name in the DNS."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

import pytest

from support import identity as identities
from support.server import environment

# testssl.sh takes half a minute on two idle cores, and the tests may have company.
pytestmark = pytest.mark.timeout(600)
SCAN_SECONDS = 550


BOTH_KINDS = "ecdsa and rsa"


@pytest.fixture(params=["made", BOTH_KINDS])
def scanned(request, start, tmp_path):
    """With the certificate that the server makes for itself, and with one of each kind of key."""
    if request.param == "made":
        return start("--hsts", "365d", identity=None)
    ecdsa, rsa = identities.self_signed(tmp_path, "ecdsa", "ecdsa"), identities.self_signed(tmp_path, "rsa", "rsa")
    return start("--hsts", "365d", "--cert", rsa.certificate, "--key", rsa.key, identity=ecdsa)


def scan(*command):
    finished = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, timeout=SCAN_SECONDS, env=environment())
    return finished.stdout.decode("utf-8", "replace") + finished.stderr.decode("utf-8", "replace")


# sslscan

def test_sslscan_finds_nothing(scanned, tmp_path):
    file = tmp_path / "sslscan.xml"
    printed = scan("sslscan", "--show-certificate", "--sni-name=localhost", f"--xml={file}", f"127.0.0.1:{scanned.port}")
    found = ElementTree.parse(file).getroot().find("ssltest")
    assert found is not None, printed
    enabled = {(each.get("type"), each.get("version")) for each in found.iter("protocol") if each.get("enabled") == "1"}
    assert enabled == {("tls", "1.2"), ("tls", "1.3")}
    assert {each.get("vulnerable") for each in found.iter("heartbleed")} == {"0"}
    assert all(each.get("supported") == "0" for each in found.iter("compression"))
    assert all(each.get("supported") == "0" or each.get("secure") == "1" for each in found.iter("renegotiation"))
    ciphers = [(each.get("sslversion"), each.get("strength"), int(each.get("bits"))) for each in found.iter("cipher")]
    assert Counter(version for version, _, _ in ciphers)["TLSv1.3"] == 3
    # "acceptable" is what sslscan calls those that are neither weak nor worth a colour.
    assert all(strength in ("strong", "acceptable") and bits >= 128 for _, strength, bits in ciphers), ciphers
    assert all(int(each.get("bits")) >= 112 for each in found.iter("group"))
    assert {each.get("error") for each in found.iter("pk")} == {"false"}
    assert all(re.search(r"with-?SHA256|sha256With", each.text) for each in found.iter("signature-algorithm"))


# sslyze

SSLYZE_SCANS = ["certinfo", "sslv2", "sslv3", "tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3", "compression", "early_data", "openssl_ccs",
                "fallback", "heartbleed", "robot", "reneg", "resum", "elliptic_curves", "ems"]

# What the profile asks for and a certificate of one's own can't give.
SSLYZE_ALLOWED = {"certificate_path_validation": "the certificate is self-signed"}


def test_sslyze_finds_it_as_mozilla_asks_for(scanned, tmp_path):
    file = tmp_path / "sslyze.json"
    printed = scan(sys.executable, "-m", "sslyze", "--mozilla_config=intermediate", f"--json_out={file}",
                   *(f"--{name}" for name in SSLYZE_SCANS), f"localhost:{scanned.port}")
    assert "Checking results against Mozilla's \"intermediate\" configuration" in printed, printed
    # "        * maximum_certificate_lifespan: Certificate life span is …"
    found = dict(re.findall(r"^ +\* (\w+): (.+)$", printed.partition("COMPLIANCE AGAINST")[2], re.MULTILINE))
    assert f"localhost:{scanned.port}: FAILED" in printed and set(found) == set(SSLYZE_ALLOWED), found

    results = json.loads(file.read_text())["server_scan_results"][0]["scan_result"]
    done = {name: scan["result"] for name, scan in results.items() if scan["status"] == "COMPLETED"}
    assert set(results) - set(done) == {"http_headers"}, {name: scan["error_reason"] for name, scan in results.items()}
    assert not done["heartbleed"]["is_vulnerable_to_heartbleed"]
    assert not done["openssl_ccs_injection"]["is_vulnerable_to_ccs_injection"]
    assert done["robot"]["robot_result"].startswith("NOT_VULNERABLE")
    assert not done["tls_compression"]["supports_compression"]
    assert not done["tls_1_3_early_data"]["supports_early_data"]
    assert done["tls_fallback_scsv"]["supports_fallback_scsv"]
    assert done["tls_extended_master_secret"]["supports_ems_extension"]
    assert not done["session_renegotiation"]["is_vulnerable_to_client_renegotiation_dos"]
    assert done["session_renegotiation"]["supports_secure_renegotiation"]
    assert done["session_resumption"]["tls_ticket_resumption_result"] == "FULLY_SUPPORTED"


# testssl.sh

# Protocols, categories of suites, forward secrecy, the server's order and defaults with its certificates, HTTP headers, and every
# vulnerability it knows. Not: suites one by one, which the above cover, and simulated clients, which test_clients.py has in the flesh.
TESTSSL_CHECKS = ["-p", "-s", "-f", "-P", "-S", "-h", "-U"]

TESTSSL_ALLOWED = {
    "cert_chain_of_trust": "the certificate is self-signed",
    "cert_revocation": "a self-signed certificate has no authority that could revoke it",
    "DNS_CAArecord": "localhost is not in the DNS",
    "engine_problem": "about testssl.sh's own OpenSSL: it has no GOST",
    "sessionresumption_ticket": "its client quits before the ticket comes, now and then; sslyze and test_tls.py resume",
}

TESTSSL_HEALTHY = {"SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3", "heartbleed", "CCS", "ticketbleed", "ROBOT", "secure_renego",
                   "secure_client_renego", "CRIME_TLS", "BREACH", "POODLE_SSL", "fallback_SCSV", "SWEET32", "FREAK", "DROWN",
                   "LOGJAM", "BEAST", "LUCKY13", "RC4", "cipher_order", "PFS"}


@pytest.mark.parametrize("scanned", [BOTH_KINDS], indirect=True)
def test_testssl_finds_nothing(scanned, tmp_path):
    file = tmp_path / "testssl.json"
    printed = scan("testssl", "--quiet", "--color", "0", "--warnings", "batch", "--ip", "127.0.0.1", "--jsonfile", file,
                   *TESTSSL_CHECKS, f"https://localhost:{scanned.port}")
    # An id may come with the number of a certificate: "cert_revocation <cert#2>".
    found = [(each["id"].split()[0], each["severity"], each["finding"]) for each in json.loads(file.read_text())]
    bad = [each for each in found if each[1] not in ("OK", "INFO") and each[0] not in TESTSSL_ALLOWED]
    assert not bad, printed
    checked = {name for name, severity, _ in found if severity in ("OK", "INFO")}
    assert TESTSSL_HEALTHY <= checked, TESTSSL_HEALTHY - checked
