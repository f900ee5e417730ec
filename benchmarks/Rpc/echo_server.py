"""The echo service by grpcio: an answer has the request's first fields, so the bytes go back as they came. Arguments: port."""
import sys
from concurrent import futures

import grpc

handler = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("strata.test.Echo", {"Unary": handler})])
server.add_insecure_port("127.0.0.1:" + sys.argv[1])
server.start()
server.wait_for_termination()
