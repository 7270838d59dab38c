"""OpenSSL's own client, typed at: `k` and `K` on a line of their own update keys, `R` asks for a new handshake (s_client(1))."""

import subprocess


class TypedClient(subprocess.Popen):
    """Connected, and past its handshake."""

    def __init__(self, server, version):
        super().__init__(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", version], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.printed = b""
        self.read_until(b"Verify return code")

    def type(self, octets):
        self.stdin.write(octets)
        self.stdin.flush()

    def read_until(self, what):
        """Reads on until it has printed that, and goes past it."""
        while what not in self.printed:
            piece = self.stdout.read1()
            assert piece, self.printed[-2000:]
            self.printed += piece
        self.printed = self.printed.partition(what)[2]

    def read_to_end(self):
        """All that it has printed since."""
        return self.printed + self.stdout.read()
