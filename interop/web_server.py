"""A server of the standard library's wsgiref: answers POST with the file of the same name, and prints each
request as a line of JSON."""

import json
import mimetypes
import pathlib
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

ANSWERS = pathlib.Path(sys.argv[1])


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


def answer(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    told = {name: environ.get(name, "") for name in ("REQUEST_METHOD", "PATH_INFO", "CONTENT_TYPE", "HTTP_X_KEY")}
    print(json.dumps({**told, "body": body.decode()}), flush=True)
    file = ANSWERS / pathlib.Path(environ["PATH_INFO"]).name
    kind = mimetypes.guess_type(file.name)[0] or "text/plain"
    start_response("200 OK", [("Content-Type", kind)])
    return [file.read_bytes()]


with make_server("127.0.0.1", 0, answer, handler_class=Quiet) as server:
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever()
