"""A collector that does one thing wrong, over HTTP or gRPC: its first line of output is its port.

collector.py (http|grpc) (silent|401|503|slow|healthy) [CERTIFICATE KEY AUTHORITY]: with these over TLS, to whoever shows a certificate of the authority
"""
import socket
import ssl
import sys
import time
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW = 0.5


def silent():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    held = []
    while True:
        held.append(listener.accept())


def http(fault):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            if fault == "slow":
                time.sleep(SLOW)
            fine = fault in ("slow", "healthy")
            # What comes back may be anything, such as what was sent.
            body = b"" if fine else repr(self.headers.items()).encode()
            self.send_response(200 if fine else int(fault))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if pem:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pem[2])
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(pem[0], pem[1])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def grpc(fault):
    import grpc

    def answer(_, context):
        if fault in ("slow", "healthy"):
            time.sleep(SLOW if fault == "slow" else 0)
            return b""
        code = {"401": grpc.StatusCode.UNAUTHENTICATED, "503": grpc.StatusCode.UNAVAILABLE}[fault]
        context.abort(code, repr(context.invocation_metadata()))

    class Any(grpc.GenericRpcHandler):
        def service(self, _):
            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([Any()])
    if pem:
        certificate, key, authority = (open(path, "rb").read() for path in pem)
        credentials = grpc.ssl_server_credentials([(key, certificate)], authority, True)
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


protocol, fault, *pem = sys.argv[1:]
if fault == "silent":
    silent()
else:
    {"http": http, "grpc": grpc}[protocol](fault)
