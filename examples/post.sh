#!/bin/sh
# Posts one JSON item: post.sh CHANNEL JSON
curl --fail-with-body --silent --show-error --cacert "${SYNCSTREAMER_CACERT:-certs/cert.pem}" \
    -H "Authorization: Bearer ${SYNCSTREAMER_SECRET:-$(cat data/secret)}" \
    -H 'Content-Type: application/json' -d "$2" "${SYNCSTREAMER_URL:-https://localhost:8080}/channel/$1"
