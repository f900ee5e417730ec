// A client of the entity platform over gRPC, written from the contract: events in, events out.
import { randomUUID } from 'node:crypto';
import assert from 'node:assert/strict';
import path from 'node:path';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

export { assert, grpc };

export function connect([address, token, viewer, protos]) {
  const definition = loader.loadSync(path.join(protos, 'cloud-events-service.proto'), { includeDirs: [protos], keepCase: true, oneofs: true });
  const { CloudEventsService } = grpc.loadPackageDefinition(definition).org.cyoda.cloud.api.grpc;
  const service = new CloudEventsService(address, grpc.credentials.createInsecure());
  const metadataOf = (bearer, more) => {
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${bearer}`);
    for (const [name, value] of Object.entries(more ?? {})) metadata.set(name, value);
    return metadata;
  };
  const client = {
    address, token, viewer, service, metadataOf,
    /** One answer. */
    ask: (rpc, type, payload, { binary = false, bearer = token, metadata } = {}) => new Promise((resolve, reject) =>
      service[rpc](eventOf(type, payload, binary), metadataOf(bearer, metadata), (error, answer) => (error ? reject(error) : resolve(payloadOf(answer))))),
    /** All answers. */
    async askMany(rpc, type, payload) {
      const answers = [];
      for await (const answer of service[rpc](eventOf(type, payload), metadataOf(token))) answers.push(payloadOf(answer));
      return answers;
    },
    async http(method, path, body, headers = {}) {
      const answer = await fetch(`http://${address}/api${path}`, {
        method, body: body === undefined ? undefined : JSON.stringify(body),
        headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      });
      const text = await answer.text();
      return { status: answer.status, body: text ? JSON.parse(text) : undefined };
    },
    close: () => service.close(),
  };
  return client;
}

export function eventOf(type, payload, binary = false) {
  const text = JSON.stringify(payload);
  return { id: randomUUID(), source: 'test', spec_version: '1.0', type, ...(binary ? { binary_data: Buffer.from(text) } : { text_data: text }) };
}

/** Older clients read text_data alone, and look for the source and version. */
export function payloadOf(event) {
  assert.equal(event.data, 'text_data');
  assert.equal(event.source, 'cyoda');
  assert.equal(event.spec_version, '1.0');
  const payload = JSON.parse(event.text_data);
  assert.ok(payload.id);
  return payload;
}
