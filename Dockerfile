FROM python:3.12-slim
WORKDIR /app
RUN useradd --system --create-home communityconnect
COPY requirements/service.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/service.txt
COPY . .
RUN printf '#!/bin/sh\nexec python -m cli.main "$@"\n' > /usr/local/bin/communityconnect && chmod +x /usr/local/bin/communityconnect
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1
USER communityconnect
