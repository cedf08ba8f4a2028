"""A stand-in for the platform's web server: answers with 200, under /suspended with 403, on the port in argv."""

import http.server
import sys


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(403 if self.path.startswith("/suspended") else 200)
        self.end_headers()


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
