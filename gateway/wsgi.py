"""What the WSGI server loads: `granian --interface wsgi gateway.wsgi:app`."""

from gateway import logs
from gateway.app import create_app
from gateway.runtime import build
from gateway.settings import load

logs.configure()
runtime = build(load())
app = create_app(runtime)
