import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { Strata, StrataError } from '@strata/client';

type Answer = { how: 'cut' | 'end'; events: object[] } | { status: number; code?: string };

const ping = (position: number) => ({ type: 'ping', position });
const end = (position: number) => ({ type: 'ping', position, end: true });
const change = (position: number) => ({ type: 'change', position });
const revoked = { status: 401, code: 'UNAUTHENTICATED', detail: 'The token was revoked.' };

/** A server whose connections get an answer each, in order. */
async function withServer(answers: Answer[], run: (client: Strata, asked: (string | null)[]) => Promise<void>): Promise<void> {
  const asked: (string | null)[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(new URL(request.url!, 'http://x').searchParams.get('from'));
    const answer = answers.shift()!;
    if ('status' in answer) return response.writeHead(answer.status, { connection: 'close' }).end(JSON.stringify(answer));
    response.writeHead(200);
    const text = answer.events.map(event => JSON.stringify(event) + '\n').join('');
    if (answer.how === 'end') return response.end(text);
    return response.write(text, () => setTimeout(() => response.socket!.resetAndDestroy(), 100));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await run(new Strata({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'x', retries: 0 }), asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a followed feed resumes behind the last position, and throws when its token is revoked', async () => {
  const answers: Answer[] = [{ how: 'cut', events: [ping(4), change(5)] }, { how: 'end', events: [ping(5), change(6)] }, { status: 503 }, revoked];
  await withServer(answers, async (client, asked) => {
    const seen: unknown[] = [];
    await assert.rejects(async () => {
      for await (const event of client.feed({ follow: true })) seen.push(event['position']);
    }, (error: StrataError) => error.code === 'UNAUTHENTICATED');
    assert.deepEqual(seen, [4, 5, 5, 6]);
    assert.deepEqual(asked, [null, '5', '6', '6']);
  });
});

test('a feed that cannot be resumed in time throws what failed', () => withServer([{ how: 'cut', events: [ping(4)] }], async client => {
  await assert.rejects(async () => {
    for await (const event of client.feed({ follow: true, patience: -1 })) assert.ok(event);
  }, (error: StrataError) => error.code === 'CONNECTION_LOST' && error.retryable);
}));

test('a feed up to now is read to its end', () => withServer([{ how: 'end', events: [change(1), ping(1)] }, { how: 'end', events: [change(2), end(2)] }], async (client, asked) => {
  const seen: unknown[] = [];
  for await (const event of client.feed()) seen.push(event['position']);
  assert.deepEqual([seen, asked], [[1, 1, 2, 2], [null, '1']]);
}));

test('lines that are cut off and watches that end throw', () => withServer([{ how: 'cut', events: [change(1)] }, { how: 'end', events: [] }], async client => {
  for (const read of [client.stream('GET', '/lines'), client.resources('nodes').watch()]) {
    await assert.rejects(async () => {
      for await (const one of read) assert.ok(one);
    }, (error: StrataError) => error.code === 'CONNECTION_LOST');
  }
}));
