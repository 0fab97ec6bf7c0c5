# The service as an image: docs/operating.md tells how to run it, alone or by compose.yaml.
FROM python:3.11-slim-bookworm AS build
WORKDIR /opt/koppi
COPY requirements.lock requirements.in pyproject.toml README.md ./
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY knowledge knowledge
COPY bot bot
COPY admin admin
# The code stays where it is: it reads the FAQ beside it. It is compiled here, since it may not write there later.
RUN .venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --editable . \
    && .venv/bin/python -m compileall -q knowledge bot admin

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/koppi --shell /usr/sbin/nologin koppi \
    && install -d -o koppi -g koppi -m 700 /var/lib/koppi
COPY --from=build /opt/koppi /opt/koppi
ENV PATH=/opt/koppi/.venv/bin:$PATH \
    HOME=/var/lib/koppi \
    PYTHONDONTWRITEBYTECODE=1 \
    KOPPI_DATA_DIR=/var/lib/koppi
USER koppi
WORKDIR /var/lib/koppi
VOLUME /var/lib/koppi
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=180s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"KOPPI_PORT\", \"8080\")}/healthz', timeout=4)"]
ENTRYPOINT ["koppi"]
CMD ["serve"]
