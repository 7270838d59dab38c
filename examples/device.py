"""A device that posts a reading ten times a second: device.py CHANNEL [COUNT]

Readings are posted in batches, one a second. A batch has an Idempotency-Key, so sending it again after a failure stores nothing
twice, and it is kept until the server says that it is on its disk. The times are the server's.
"""

import http.client
import json
import math
import os
import ssl
import sys
import time
import urllib.parse
import uuid

URL = urllib.parse.urlsplit(os.environ.get("SYNCSTREAMER_URL", "https://localhost:8080"))
CERTIFICATE = os.environ.get("SYNCSTREAMER_CACERT", "certs/cert.pem")


def secret():
    if "SYNCSTREAMER_SECRET" in os.environ:
        return os.environ["SYNCSTREAMER_SECRET"]
    with open("data/secret") as file:
        return file.read().strip()


class Device:
    def __init__(self, channel):
        self.path = "/channel/" + urllib.parse.quote(channel, safe="")
        self.context = ssl.create_default_context(cafile=CERTIFICATE)
        self.secret = secret()
        self.connection = None

    def post(self, readings):
        """Posts a batch, and tries again for as long as it takes."""
        body = "".join(json.dumps(reading) + "\n" for reading in readings)
        fields = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/x-ndjson", "Idempotency-Key": str(uuid.uuid4())}
        wait = 0.5
        while True:
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPSConnection(URL.hostname, URL.port or 443, context=self.context, timeout=30)
                self.connection.request("POST", self.path, body, fields)
                answer = self.connection.getresponse()
                content = answer.read().decode()
                if answer.status == 200:
                    return json.loads(content)
                if answer.status not in (408, 429, 500, 502, 503, 504, 507):
                    sys.exit(f"refused: {content}")
                wait = max(wait, float(answer.headers.get("Retry-After", 0)))
            except (OSError, http.client.HTTPException) as error:
                print(f"no answer, trying again in {wait:.0f} s: {error}", file=sys.stderr)
                self.connection = None
            time.sleep(wait)
            wait = min(2 * wait, 30)


def main(channel, count=None):
    device, batch, number = Device(channel), [], 0
    while count is None or number < count:
        batch.append({"n": number, "celsius": round(21 + math.sin(number / 50), 2)})
        number += 1
        time.sleep(0.1)
        if len(batch) == 10 or number == count:
            answer = device.post(batch)
            print(f"{answer['accepted']} readings are in frame {answer['frame']}")
            batch = []


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
