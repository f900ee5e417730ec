// @grpc/grpc-js against the echo service. Arguments: host:port, echo.proto.
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import { runBattery } from './echo-battery.js';

const [address, proto] = process.argv.slice(2);
const { strata } = grpc.loadPackageDefinition(loader.loadSync(proto, { keepCase: false, defaults: true }));
const echo = new strata.test.Echo(address, grpc.credentials.createInsecure(), { 'grpc.max_receive_message_length': -1, 'grpc.default_compression_algorithm': 2 });

const optionsOf = o => (o?.timeoutMs ? { deadline: Date.now() + o.timeoutMs } : {});

function promised(start) {
  return new Promise((resolve, reject) => start((error, reply) => (error ? reject(error) : resolve(reply))));
}

function cancelling(call, signal) {
  signal?.addEventListener('abort', () => call.cancel());
  return call;
}

await runBattery({
  unary: (request, o) => promised(done => echo.unary(request, new grpc.Metadata(), optionsOf(o), done)),
  server: (request, o) => cancelling(echo.server(request, new grpc.Metadata(), optionsOf(o)), o?.signal),
  client: requests => promised(done => {
    const call = echo.client(new grpc.Metadata(), {}, done);
    for (const request of requests) call.write(request);
    call.end();
  }),
  duplex(requests) {
    const call = echo.duplex(new grpc.Metadata());
    for (const request of requests) call.write(request);
    call.end();
    return call;
  },
  codeOf: error => grpc.status[error.code].toLowerCase(),
  reasonOf(error) {
    const details = error.metadata.get('grpc-status-details-bin')[0];
    const at = details.indexOf('type.googleapis.com/google.rpc.ErrorInfo');
    return /[A-Z_]{4,}/.exec(details.subarray(at + 41).toString('latin1'))[0];
  },
});
echo.close();
