# syntax=docker/dockerfile:1

# Built on Debian 12, the newest Debian with an official Swift image, and run on Debian 13, whose OpenSSL 3.5 has a
# faster AES-GCM. A binary linked against 3.0 runs with 3.5: both are libssl.so.3, and OpenSSL keeps the ABI of a
# major version. Swift's own library is linked in, so the image needs no Swift runtime.
FROM swift:6.3-bookworm AS build
WORKDIR /source
COPY packages.apt ./
RUN apt-get update --quiet \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
        $(awk '$1 == "build" { print $2 }' packages.apt) \
    && rm -rf /var/lib/apt/lists/*
# The dependencies change less often than the sources: a layer of their own.
COPY Package.swift ./
RUN swift package resolve
COPY Sources Sources
COPY Web Web
COPY Tests Tests
RUN swift build --configuration release --product syncstreamer --static-swift-stdlib \
    && install -D "$(swift build --configuration release --show-bin-path)/syncstreamer" /out/syncstreamer

FROM debian:trixie-slim
COPY packages.apt /tmp/packages.apt
RUN apt-get update --quiet \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
        $(awk '$1 == "image" { print $2 }' /tmp/packages.apt) \
    && rm -rf /var/lib/apt/lists/* /tmp/packages.apt \
    && groupadd --gid 10001 syncstreamer \
    && useradd --no-log-init --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin syncstreamer \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data
COPY --from=build /out/syncstreamer /usr/local/bin/syncstreamer
USER 10001:10001
WORKDIR /data
VOLUME /data
ENV SYNCSTREAMER_DATA_DIR=/data
EXPOSE 8080
STOPSIGNAL SIGTERM
# --insecure: it asks itself, over loopback, and the certificate may name only the public host.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/bin/sh", "-c", "exec curl --fail --silent --output /dev/null --insecure \"https://localhost:${SYNCSTREAMER_PORT:-${PORT:-8080}}/healthz\""]
ENTRYPOINT ["/usr/local/bin/syncstreamer"]
CMD ["serve"]
