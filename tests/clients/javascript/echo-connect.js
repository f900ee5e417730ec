// @connectrpc/connect-node against the echo service, in each of its protocols and both encodings. Arguments: base URL, file of the descriptor set.
import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, createClient } from '@connectrpc/connect';
import { compressionGzip, createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { reasonOf, runBattery } from './echo-battery.js';

const [baseUrl, descriptors] = process.argv.slice(2);
const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors))).getService('strata.test.Echo');

const common = { baseUrl, readMaxBytes: 1 << 30, writeMaxBytes: 1 << 30, sendCompression: compressionGzip };
const transports = {
  'gRPC': createGrpcTransport({ ...common }),
  'gRPC-Web over HTTP/2': createGrpcWebTransport({ ...common, httpVersion: '2' }),
  'gRPC-Web over HTTP/1.1': createGrpcWebTransport({ ...common, httpVersion: '1.1', halfDuplex: true }),
  'Connect, protobuf': createConnectTransport({ ...common, httpVersion: '2', useBinaryFormat: true }),
  'Connect, JSON': createConnectTransport({ ...common, httpVersion: '2', useBinaryFormat: false }),
  'Connect over HTTP/1.1': createConnectTransport({ ...common, httpVersion: '1.1', useBinaryFormat: false, halfDuplex: true }),
};

async function* stream(requests) {
  yield* requests;
}

for (const [name, transport] of Object.entries(transports)) {
  const echo = createClient(service, transport);
  try {
    await runBattery({
      unary: (request, o) => echo.unary(request, o),
      server: (request, o) => echo.server(request, o),
      client: requests => echo.client(stream(requests)),
      duplex: requests => echo.duplex(stream(requests)),
      codeOf: error => Code[error.code].replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase(),
      reasonOf: error => reasonOf(error.details.find(d => d.type === 'google.rpc.ErrorInfo').value),
    });
  } catch (error) {
    throw new Error(`${name}: ${error.stack}`);
  }
}
process.exit(0); // kept connections would hold it
