"""`python -m benchmarks.bare`: the least a Flask view can do, behind the web server of 1708.

/bare answers; /insert first puts the form's text into the database in a commit of its own.
"""

from flask import Flask, Response, request
from granian import Granian
from granian.constants import Interfaces
from sqlalchemy import Column, Integer, MetaData, String, Table, Text

from gateway.settings import load
from store.db import open_engine

TABLE = Table(
    "benchmark_insert",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("sender", String),
    Column("text", Text),
)

settings = load()
engine = open_engine(settings.database.url, pool_size=settings.database.pool_size)
app = Flask(__name__)


@app.post("/bare")
def bare() -> Response:
    return Response("<Response/>", content_type="text/xml")


@app.post("/insert")
def insert() -> Response:
    values = {"sender": request.form["From"], "text": request.form["Body"]}
    with engine.begin() as connection:
        connection.execute(TABLE.insert(), values)
    return Response("<Response/>", content_type="text/xml")


if __name__ == "__main__":
    TABLE.create(engine, checkfirst=True)
    engine.dispose()
    Granian(
        "benchmarks.bare:app",
        address=settings.web.host,
        port=settings.web.port,
        interface=Interfaces.WSGI,
        blocking_threads=settings.web.threads,
        log_enabled=False,
    ).serve()
