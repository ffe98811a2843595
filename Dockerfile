# Cairn as an image: ports, paths, user and capability are CoreDNS's, so that a Deployment of that needs another image name only. There is nothing
# in it but Node.js, the libraries that this needs, and Cairn: no shell, no package manager, no name of the image it was built on.
#
# Build arguments:
#   NODE_IMAGE                   what Node.js is taken from, and what Cairn is built with: Debian's, of the architecture built for
#   VERSION, REVISION, CREATED   what the labels of the same names say
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
RUN apt-get update && apt-get install -y --no-install-recommends binutils libcap2-bin
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY scripts/bundle.ts scripts/bundled.ts scripts/
COPY src src
RUN node scripts/bundle.ts

# koffi is what the bundle does not hold. Neither its sources are needed, nor its binary for another C library.
COPY LICENSE ./
RUN mkdir -p /image/cairn/node_modules /image/usr/local/bin && \
    cp -rL bin package.json LICENSE /image/cairn/ && \
    cp -rL node_modules/koffi node_modules/@koromix /image/cairn/node_modules/ && \
    cd /image/cairn/node_modules && \
    rm -rf koffi/cnoke.cjs @koromix/*/musl_* && \
    find . -type f ! -name '*.js' ! -name '*.cjs' ! -name '*.node' ! -name package.json ! -name 'LICENSE*' -delete && \
    find . -type d -empty -delete

# `kubectl exec POD -- cairn status`, without a shell and without `env`.
RUN sed -i '1s|^#!.*|#!/usr/local/bin/node|' /image/cairn/bin/cairn.js && ln -s /cairn/bin/cairn.js /image/usr/local/bin/cairn

# Without its symbols Node.js is 18 MB smaller. It may bind port 53 as any user whose container has NET_BIND_SERVICE.
RUN strip -o /image/usr/local/bin/node "$(command -v node)" && \
    for library in $(ldd /image/usr/local/bin/node /image/cairn/node_modules/@koromix/*/*/koffi.node | grep -o '/[^ :)]*\.so[^ :)]*' | sort -u); do \
      mkdir -p "/image${library%/*}" && cp -L "$library" "/image$library"; \
    done && \
    setcap cap_net_bind_service=+ep /image/usr/local/bin/node

FROM scratch
COPY --from=build /image /
ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="cairn" \
      org.opencontainers.image.description="Cluster DNS that takes CoreDNS's place" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
USER 65532:65532
WORKDIR /
EXPOSE 53 53/udp 8080 8181 9153
ENTRYPOINT ["/usr/local/bin/node", "/cairn/bin/cairn.js"]
# Kubernetes asks the pages itself; this is for those who run the image elsewhere, with `health` in the Corefile at its own address.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/usr/local/bin/node", "/cairn/bin/cairn.js", "health"]
