# An image that serves the models of a registry: docker build --file docs/how-to/serve.Dockerfile --tag serve .
# The clone that it is built from is baked in. `serve --registry https://github.com/acme/models.git` follows a remote.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git=1:2.* \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home mintmark \
    && install --directory --owner mintmark /cache \
    && git config --system --add safe.directory /registry

WORKDIR /registry
COPY requirements-serve.lock .
RUN pip install --no-cache-dir --no-deps --require-hashes --requirement requirements-serve.lock

COPY . .
ENV PYTHONPATH=/registry/scripts MINTMARK_CACHE=/cache
RUN python -m compileall -q scripts

USER 10001
EXPOSE 8080 8081
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/live')"]
ENTRYPOINT ["python", "-m", "mintmark.cli"]
CMD ["serve", "--host", "0.0.0.0", "--drain", "10s"]
