"""A collector that does one thing wrong, over HTTP or gRPC: its first line of output is its port.

collector.py (http|grpc) (silent|401|503|slow)
"""
import socket
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
            # What comes back may be anything, such as what was sent.
            body = b"" if fault == "slow" else repr(self.headers.items()).encode()
            self.send_response(200 if fault == "slow" else int(fault))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def grpc(fault):
    import grpc

    def answer(_, context):
        if fault == "slow":
            time.sleep(SLOW)
            return b""
        code = {"401": grpc.StatusCode.UNAUTHENTICATED, "503": grpc.StatusCode.UNAVAILABLE}[fault]
        context.abort(code, repr(context.invocation_metadata()))

    class Any(grpc.GenericRpcHandler):
        def service(self, _):
            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([Any()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


protocol, fault = sys.argv[1:]
if fault == "silent":
    silent()
else:
    {"http": http, "grpc": grpc}[protocol](fault)
