// The echo service by grpc-js. Its modules are those of the tests' clients. Arguments: port.
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const require = createRequire(path.join(root, 'tests/clients/javascript/package.json'));
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const { Echo } = grpc.loadPackageDefinition(loader.loadSync(path.join(root, 'tests/Foundation/Rpc.Tests/echo.proto'))).strata.test;
const server = new grpc.Server();
server.addService(Echo.service, { Unary: (call, answer) => answer(null, { text: call.request.text, payload: call.request.payload }) });
server.bindAsync(`127.0.0.1:${process.argv[2]}`, grpc.ServerCredentials.createInsecure(), error => { if (error) throw error; });
