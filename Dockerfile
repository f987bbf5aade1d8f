# One image for every process of the service. Built and run as tests/deploy/test_image.py says; not by a Docker engine yet
# (docs/deploy.md). To pin by digest: docker buildx imagetools inspect python:3.12.13-slim-trixie
FROM python:3.12.13-slim-trixie AS build
WORKDIR /app
RUN python -m venv /opt/venv
COPY requirements/service.txt requirements/
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/service.txt
RUN /opt/venv/bin/pip uninstall --quiet --yes pip
# A seventh of it is tests of numpy and scipy.
RUN find /opt/venv -type d -name tests -prune -exec rm -r {} +
# .dockerignore lets in what the service runs, and nothing else.
COPY . .
RUN /opt/venv/bin/python -m compileall -q /app
RUN printf '#!/bin/sh\nexec /opt/venv/bin/python -m cli.main "$@"\n' > /opt/venv/bin/communityconnect && chmod 755 /opt/venv/bin/communityconnect

FROM python:3.12.13-slim-trixie
WORKDIR /app
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin communityconnect
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# Nothing is written: the root of the file system may be read-only, but for /tmp.
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
ENTRYPOINT ["communityconnect"]
CMD ["--help"]
