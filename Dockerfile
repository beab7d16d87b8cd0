# The service for a ClickHouse server: without chDB, which is several times as large as all the rest.
# With the embedded engine: docker build --build-arg LOCK=embedded .
FROM python:3.13-slim AS build

ARG LOCK=runtime
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/build && python -m venv --without-pip /opt/personhouse

# What is installed, and what builds it, is as the locks have it.
COPY requirements requirements
RUN for name in hatchling packaging pathspec pluggy trove-classifiers; do \
        sed -n "/^$name==/,/# via/p" requirements/dev.txt; \
    done > build.txt \
    && /opt/build/bin/pip install --require-hashes -r build.txt \
    && /opt/build/bin/pip --python /opt/personhouse/bin/python install --require-hashes \
        -r "requirements/$LOCK.txt"

COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY queries queries
COPY schema schema
COPY service service
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/build/bin/pip --python /opt/personhouse/bin/python install --no-deps dist/*.whl


FROM python:3.13-slim

RUN useradd --system --uid 65532 --home-dir /var/lib/personhouse --create-home personhouse
COPY --from=build /opt/personhouse /opt/personhouse

ENV PATH=/opt/personhouse/bin:$PATH \
    PERSONHOUSE_DATA=/var/lib/personhouse \
    PERSONHOUSE_HTTP__HOST=0.0.0.0
USER 65532:65532
WORKDIR /var/lib/personhouse
VOLUME /var/lib/personhouse
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]

ENTRYPOINT ["personhouse"]
CMD ["serve"]
