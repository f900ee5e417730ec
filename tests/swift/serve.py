"""OpenStack Swift with its S3 API on a loopback port, for tests of the S3 driver: Debian's own servers and middleware, unchanged, in one process.

    /usr/bin/python3 tests/swift/serve.py FOLDER [PORT]

Prints the port when it is ready, and ends when its standard input does. Bucket blobs, access key test:tester, secret key testing, region us-east-1.
"""
import eventlet

eventlet.monkey_patch()

import logging
import os
import sys

from eventlet import tpool, wsgi
from swift.common import utils
from swift.common.ring import RingBuilder
from swift.common.swob import Request
from swift.common.wsgi import loadapp

PIPELINE = ['catch_errors', 'gatekeeper', 'listing_formats', 'cache', 'bulk', 's3api', 'tempauth', 'copy', 'dlo', 'slo', 'versioned_writes']
# tempauth wants a cache to be there; this one refuses connections, so nothing is cached.
OPTIONS = {'cache': 'memcache_servers = 127.0.0.1:9', 'tempauth': 'user_test_tester = testing .admin', 's3api': 'location = us-east-1'}


def main(folder, port):
    logging.disable(logging.CRITICAL)
    utils.HASH_PATH_PREFIX, utils.HASH_PATH_SUFFIX = b'strata', b'test'
    os.makedirs(os.path.join(folder, 'nodes', 'd1'), exist_ok=True)
    sockets = {}
    for name in ('account', 'container', 'object'):
        sockets[name] = eventlet.listen(('127.0.0.1', 0))
        ring(folder, name, sockets[name].getsockname()[1])
    for name, socket in sockets.items():
        serve(socket, config(folder, name, [], f'[app:{name}-server]\nuse = egg:swift#{name}\n'))
    front = eventlet.listen(('127.0.0.1', port))
    filters = ''.join(f'[filter:{f}]\nuse = egg:swift#{"memcache" if f == "cache" else f}\n{OPTIONS.get(f, "")}\n' for f in PIPELINE)
    app = '[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\nallow_account_management = true\n'
    proxy = serve(front, config(folder, 'proxy', PIPELINE, app + filters))
    made = Request.blank('/v1/AUTH_test/blobs', method='PUT', environ={'swift.authorize_override': True, 'swift.authorize': lambda request: None}).get_response(proxy)
    if made.status_int // 100 != 2:
        sys.exit(f'the bucket could not be made: {made.status}')
    print(front.getsockname()[1], flush=True)
    tpool.execute(sys.stdin.buffer.read)
    os._exit(0)


def ring(folder, name, port):
    builder = RingBuilder(2, 1, 0)
    builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': port, 'device': 'd1', 'weight': 1,
                     'replication_ip': '127.0.0.1', 'replication_port': port, 'meta': ''})
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, f'{name}.ring.gz'))


def config(folder, name, filters, rest):
    path = os.path.join(folder, f'{name}.conf')
    with open(path, 'w') as file:
        file.write(f'[DEFAULT]\nswift_dir = {folder}\ndevices = {folder}/nodes\nmount_check = false\ndisable_fallocate = true\n'
                   f'log_address = {folder}/none\n[pipeline:main]\npipeline = {" ".join(filters)} {name}-server\n{rest}')
    return path


def serve(socket, path):
    app = loadapp(path, allow_modify_pipeline=False)
    eventlet.spawn(wsgi.server, socket, app, log=None, log_output=False)
    return app


main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
