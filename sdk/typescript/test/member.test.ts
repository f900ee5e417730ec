import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { Member, Strata, StrataError } from '@strata/client';
import { decode, encode } from '../src/events.js';

interface Order { amount: number; paid?: boolean }

const member = new Member(new Strata({ url: 'http://127.0.0.1:1', token: 'x' }), { tags: [] })
  .processor<Order>('charge', order => ({ ...order, paid: true }))
  .criterion<Order>('is-fraud', order => order.amount > 100)
  .schedule<Order>('later', () => ({ fireAfterMs: 5 }));

test('handlers run without any server', async () => {
  assert.deepEqual(await member.call('processor', 'charge', { amount: 5 }), { amount: 5, paid: true });
  assert.equal(await member.call('criterion', 'is-fraud', { amount: 500 }), true);
  assert.deepEqual(await member.call('function', 'later', {}), { fireAfterMs: 5 });
  await assert.rejects(member.call('processor', 'nobody', {}), (error: StrataError) => error.code === 'NO_SUCH_HANDLER');
});

test('events survive coding', () => {
  for (const length of [0, 1, 127, 128, 300, 70_000]) {
    const event = decode(encode({ id: 'ü', source: 's', type: 'T', text: 'é'.repeat(length) }));
    assert.deepEqual([event.id, event.type, event.text.length], ['ü', 'T', length]);
  }
});

test('what cannot be reached is said with the next step', async () => {
  await assert.rejects(
    new Strata({ url: 'http://127.0.0.1:1', retries: 0 }).entities('x').get('y'), (error: StrataError) => error.code === 'SERVER_UNREACHABLE' && error.next!.includes('strata up'));
});

test('what may be tried again is, but no write in a transaction, whose first try may have had its effect', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.method!);
    const problem = { status: 503, code: 'PEER_UNAVAILABLE', detail: 'No.', properties: { retryable: true } };
    response.writeHead(503, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new Strata({ url, token: 'x', retries: 1 });
  const refused = (method: string) =>
    assert.rejects(client.request(method, '/api/entity/x', { body: {} }), (error: StrataError) => error.code === 'PEER_UNAVAILABLE');
  await Strata.transaction.run({ origin: new URL(url).origin, token: 'second.secret' }, async () => {
    for (const method of ['PUT', 'PATCH', 'POST', 'DELETE']) await refused(method);
  });
  assert.deepEqual(asked, ['PUT', 'PATCH', 'POST', 'DELETE']);
  await refused('PUT');
  assert.deepEqual(asked.slice(4), ['PUT', 'PUT']);
  server.closeAllConnections();
  server.close();
});

test('no redirection is followed, because the token would travel with it', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    response.writeHead(307, { location: '/elsewhere' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await assert.rejects(new Strata({ url, token: 'secret' }).entities('x').get('y'), (error: StrataError) => error.code === 'UNEXPECTED_ANSWER' && error.next!.includes('STRATA_URL'));
  assert.deepEqual(asked, ['/api/entity/y']);
  server.closeAllConnections();
  server.close();
});
