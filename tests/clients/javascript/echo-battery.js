// What every stock client must get from the echo service, whatever library and protocol it speaks. Each client brings its own way to call.
import assert from 'node:assert/strict';

/**
 * @param client unary(request, options), server(request, options), client(requests, options), duplex(requests, options): replies as promises or async iterables of plain
 *   objects; codeOf(error): the name of its code in lower case; reasonOf(error): the code of Strata's error in its details.
 *   options: { timeoutMs, signal, headers }. Without streams from the client (browsers have none) leave client and duplex out.
 */
export async function runBattery(client) {
  const text = 'ü 漢 💩';
  assert.equal((await client.unary({ text })).text, text);

  const big = Buffer.alloc(3_500_000, 7);
  assert.equal(Buffer.from((await client.unary({ payload: big })).payload).compare(big), 0);

  const compressible = 'z'.repeat(200_000);
  assert.equal((await client.unary({ text: compressible }, { compress: true })).text, compressible);

  const numbers = [];
  for await (const reply of client.server({ text, count: 300 })) numbers.push(reply.number ?? 0);
  assert.deepEqual(numbers, [...Array(300).keys()]);

  const failed = await rejected(client.unary({ fail: 'NOT_TODAY' }));
  assert.equal(client.codeOf(failed), 'aborted');
  assert.equal(client.reasonOf(failed), 'NOT_TODAY');
  assert.match(failed.message, /50 % ü/);

  let before = 0;
  const later = await rejected((async () => { for await (const _ of client.server({ count: 3, fail: 'LATER' })) before++; })());
  assert.deepEqual([client.reasonOf(later), before], ['LATER', 3]);

  assert.equal(client.codeOf(await rejected(client.unary({ delayMs: 60_000 }, { timeoutMs: 200 }))), 'deadline_exceeded');
  assert.equal(client.codeOf(await rejected(client.unary({ payload: Buffer.alloc(6 << 20) }))), 'resource_exhausted');

  const leaving = new AbortController();
  let seen = 0;
  await rejected((async () => { for await (const _ of client.server({ count: 1_000_000, text }, { signal: leaving.signal })) if (++seen === 5) leaving.abort(); })());

  if (!client.client) return;
  const many = await client.client(Array.from({ length: 300 }, () => ({ text: 'x' })));
  assert.deepEqual([many.text, many.number], ['x'.repeat(300), 300]);
  assert.equal((await client.client([])).number ?? 0, 0); // half-closed at once

  const echoed = [];
  for await (const reply of client.duplex(['a', 'b', 'c'].map(t => ({ text: t })))) echoed.push(reply.text);
  assert.deepEqual(echoed, ['a', 'b', 'c']);
}

async function rejected(promise) {
  try { await promise; } catch (error) { return error; }
  assert.fail('the call succeeded');
}

/** The reason of google.rpc.ErrorInfo, read by hand: field 1 of the message inside google.protobuf.Any. */
export function reasonOf(errorInfo) {
  assert.equal(errorInfo[0], 0x0a);
  return Buffer.from(errorInfo.subarray(2, 2 + errorInfo[1])).toString('utf8');
}
