# One image for every process of the suite: `docker run puyou services.relief api`.
# Checked by tests/deploy against the code; it has been built on no machine of the maintainers yet.
FROM python:3.13-slim AS build
COPY requirements.lock /tmp/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock

FROM python:3.13-slim
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/puyou
COPY gateway gateway
COPY services services
COPY shared shared
COPY suite suite
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PUYOU_ENV=prod \
    PUYOU_HOME=/var/lib/puyou \
    PUYOU_HOST=0.0.0.0 \
    PUYOU_PORT=8000
# Compiled once: containers run as a user who may not write here. A new volume takes over the folder's mode.
RUN python -m compileall -q gateway services shared suite && install -d -m 1777 /var/lib/puyou
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m"]
CMD ["gateway"]
