"""nginx: the fixed upstream, and the plain reverse proxy we are compared with, as it comes and tuned."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import await_port, running

_CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors warn;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 100000000;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    {http}
}}
"""
_FIXED = """
    server {{ listen 127.0.0.1:{port}; default_type application/json; location / {{ return 200 '{body}'; }} }}
"""
_KEEPING = """
    upstream fixed {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://fixed; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
"""
_AS_IT_COMES = """
    server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{upstream}; }} }}
"""

Started = contextlib.AbstractContextManager[subprocess.Popen[bytes]]


def fixed_answer(folder: Path, port: int, body: str, core: int) -> Started:
    """Answers everything with `body`."""
    return _nginx(folder, _FIXED.format(port=port, body=body), port, core)


def keeping_proxy(folder: Path, port: int, upstream: int, core: int) -> Started:
    """Passes everything on, over kept connections."""
    return _nginx(folder, _KEEPING.format(port=port, upstream=upstream), port, core)


def default_proxy(folder: Path, port: int, upstream: int, core: int) -> Started:
    """Passes everything on as nginx does unless told otherwise: a new connection for each call."""
    return _nginx(folder, _AS_IT_COMES.format(port=port, upstream=upstream), port, core)


@contextlib.contextmanager
def _nginx(folder: Path, http: str, port: int, core: int) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir()
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, http=http), encoding="utf-8")
    with running(["nginx", "-e", folder / "errors", "-c", configuration], core=core, errors=folder / "said") as process:
        await_port(port, process)
        yield process
