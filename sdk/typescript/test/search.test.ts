// Searches and lists of any length, at a server that has enough of everything.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { Strata } from '@strata/client';

/** A search returns as many as were asked for, numbered on; a list returns pages of 4. */
async function withServer(most: number, run: (client: Strata, asked: string[]) => Promise<void>): Promise<void> {
  const asked: string[] = [];
  let count = 0;
  const server = createServer((request, response) => {
    const { search, searchParams } = new URL(request.url!, 'http://x');
    asked.push(decodeURIComponent(search));
    if (request.method === 'GET') return response.end(JSON.stringify({ items: [0, 1, 2, 3].map(id => ({ id })), nextCursor: 'c' }));
    const began = count;
    count = Math.min(began + Number(searchParams.get('first')), most);
    const lines = Array.from({ length: count - began }, (_, i) => JSON.stringify({ data: {}, meta: { id: `e${began + i}`, transactionId: `t${began + i}` } }) + '\n');
    return response.end(lines.join(''));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await run(new Strata({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'x', retries: 0 }), asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function countOf(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count++;
  return count;
}

test('a search goes on behind the last entity until its limit', async () => {
  await withServer(1_000_000, async (client, asked) => {
    assert.equal(await countOf(client.entities('order').search(undefined, { sort: ['-amount', 'name'], limit: 10_005 })), 10_005);
    assert.deepEqual(asked, ['?sort=amount:desc&sort=name&first=10000', '?sort=amount:desc&sort=name&first=5&after=e9999.t9999']);
  });
});

test('a search without a limit ends with a page that is not full', async () => {
  await withServer(1_500, async (client, asked) => {
    assert.equal(await countOf(client.entities('order').search()), 1_500);
    assert.deepEqual(asked, ['?first=1000', '?first=10000&after=e999.t999']);
  });
});

test('a limit of zero asks nothing, and one below is an error', async () => {
  await withServer(5, async (client, asked) => {
    assert.equal(await countOf(client.entities('order').search(undefined, { limit: 0 })), 0);
    assert.deepEqual(asked, []);
    assert.throws(() => client.entities('order').search(undefined, { limit: -1 }), RangeError);
    assert.throws(() => client.resources('projects').list({ limit: -1 }), RangeError);
  });
});

test('a list ends at its limit', async () => {
  await withServer(5, async (client, asked) => {
    assert.equal(await countOf(client.resources('projects').list({ state: 'ACTIVE', limit: 6 })), 6);
    assert.deepEqual(asked, ['?state=ACTIVE&limit=6', '?state=ACTIVE&limit=2&cursor=c']);
  });
});
