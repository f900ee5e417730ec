'use strict';

const http = require('node:http');

const { PORT = '8080', HOST = '0.0.0.0', STRATA_INSTANCE = 'this machine', STRATA_RELEASE = 'no release' } = process.env;

const server = http.createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  if (request.url === '/healthz') {
    response.end('ok\n');
    return;
  }
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(`Hello from Node ${process.versions.node} on ${STRATA_INSTANCE} (${STRATA_RELEASE})\n`);
});

server.listen(Number(PORT), HOST, () => console.log(`listening on ${HOST}:${PORT}`));

// Finish what is under way before ending, so that no request fails when the instance is replaced.
process.on('SIGTERM', () => {
  console.log('stopping');
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
