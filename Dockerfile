# Images of the three services: --target sink, producer or admin-api; and of the fault proxy,
# --target chaos. docs/images.md explains them.
#
# Compiles unless it is given binaries: --build-context binaries=FOLDER takes the place of the stage
# of that name, so that what was tested is what is shipped, and nothing is compiled twice.

# Debian 13 like the base below: the binaries need its C library.
FROM rust:1.95-slim-trixie AS build
# For OpenSSL and librdkafka, which are linked in (configure wants g++, though all is C). Not
# pinned: Debian keeps only the newest.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make perl \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# What `--version`, metrics and traces tell. Only here, so that the packages above stay in their layer.
ARG VERSION=unreleased
ARG REVISION=unknown
# Caches instead of cargo-chef: no further tool to install, and only what changed is compiled again.
# All of ours counts as changed, because files of another checkout may be older than the cache.
RUN --mount=type=cache,id=penstock-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=penstock-target,target=/src/target,sharing=locked \
    find . -path ./target -prune -o -type f -exec touch {} + \
 && PENSTOCK_VERSION=$VERSION PENSTOCK_REVISION=$REVISION \
    cargo build --release --locked --package sink --package producer --package admin-api \
 && mkdir /binaries \
 && for name in sink producer admin-api; do \
        strip -o "/binaries/$name" "target/release/$name" || exit 1; \
    done

FROM scratch AS binaries
COPY --from=build /binaries/ /

# Apart, so that whoever wants no faults does not compile them.
FROM build AS build-chaos
RUN --mount=type=cache,id=penstock-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=penstock-target,target=/src/target,sharing=locked \
    cargo build --release --locked --package testkit --bin chaos \
 && mkdir /chaos \
 && strip -o /chaos/chaos target/release/chaos

FROM scratch AS chaos-binary
COPY --from=build-chaos /chaos/ /

FROM gcr.io/distroless/cc-debian13:nonroot AS service
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SOURCE=https://github.com/penstock/penstock
ARG LICENSES=Apache-2.0
LABEL org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.source=$SOURCE \
      org.opencontainers.image.licenses=$LICENSES
WORKDIR /
# As a number, so that Kubernetes can see that it is not root.
USER 65532:65532
# Health, readiness and metrics.
EXPOSE 9464

FROM service AS chaos
LABEL org.opencontainers.image.title=chaos \
      org.opencontainers.image.description="Stands between a sink and its servers, and makes faults"
COPY --from=chaos-binary --chmod=0555 /chaos /usr/local/bin/chaos
EXPOSE 8474
ENTRYPOINT ["/usr/local/bin/chaos"]

FROM service AS producer
LABEL org.opencontainers.image.title=producer \
      org.opencontainers.image.description="Generates events and writes them to a Kafka topic"
COPY --from=binaries --chmod=0555 /producer /usr/local/bin/producer
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["/usr/local/bin/producer", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/producer"]

FROM service AS admin-api
LABEL org.opencontainers.image.title=admin-api \
      org.opencontainers.image.description="REST API and web page for pipelines from Kafka to ClickHouse"
COPY --from=binaries --chmod=0555 /admin-api /usr/local/bin/admin-api
EXPOSE 8700
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["/usr/local/bin/admin-api", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/admin-api"]

FROM service AS sink
LABEL org.opencontainers.image.title=sink \
      org.opencontainers.image.description="Moves Kafka topics into ClickHouse tables, schema-aware"
COPY --from=binaries --chmod=0555 /sink /usr/local/bin/sink
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["/usr/local/bin/sink", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/sink"]
