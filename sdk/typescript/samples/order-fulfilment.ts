// Order fulfilment: a fraud criterion and a payment processor, in one process with a shop that places orders.
//   npm run sample                  (with STRATA_URL and STRATA_TOKEN, or a cloud on this machine)
import assert from 'node:assert/strict';
import { Member, Strata, StrataError } from '@strata/client';

interface Order { customer: string; amount: number; payment?: string }
interface Payment { order: string; amount: number }

const tags = { calculationNodesTags: 'order-fulfilment-ts' };
const workflow = {
  version: '1.0', name: 'fulfilment', initialState: 'NEW', active: true,
  states: {
    NEW: {
      transitions: [
        { name: 'suspect', next: 'REVIEW', criterion: { type: 'function', function: { name: 'is-fraud', config: tags } } },
        { name: 'accept', next: 'PLACED' },
      ],
    },
    REVIEW: { transitions: [{ name: 'release', next: 'PLACED', manual: true }] },
    PLACED: { transitions: [{ name: 'pay', next: 'PAID', manual: true, processors: [{ type: 'externalized', name: 'charge', executionMode: 'SYNC', config: tags }] }] },
    PAID: {},
  },
};

const strata = new Strata();
const orders = strata.entities<Order>('sdk-ts-order');
const payments = strata.entities<Payment>('sdk-ts-payment');

export const member = new Member(strata, { tags: ['order-fulfilment-ts'] })
  .criterion<Order>('is-fraud', order => order.amount > 10_000)
  .processor<Order>('charge', async (order, call) => {
    if (order.amount <= 0) throw new Error('There is nothing to pay.');
    // Written in the transaction that waits for this answer: payment and order become durable together, or neither does.
    return { ...order, payment: await payments.create({ order: call.entityId, amount: order.amount }) };
  });

async function prepare(model: string, sample: object, workflows: object[] = []): Promise<void> {
  try {
    await strata.request('POST', `/api/model/import/JSON/SAMPLE_DATA/${model}/1`, { body: sample });
    await strata.request('PUT', `/api/model/${model}/1/lock`);
  } catch (error) {
    if (!(error instanceof StrataError) || error.status !== 409) throw error; // it is there already
  }
  if (workflows.length > 0) await strata.request('POST', `/api/model/${model}/1/workflow/import`, { body: { importMode: 'REPLACE', workflows } });
}

await prepare('sdk-ts-payment', { order: 'x', amount: 1.5 });
await prepare('sdk-ts-order', { customer: 'x', amount: 1.5, payment: 'x' }, [workflow]);
const serving = member.run();

const first = await retry(() => orders.create({ customer: 'Jane', amount: 129.95 }));
await orders.transition(first, 'pay');
const paid = await orders.get(first);
const payment = await payments.get(paid.data.payment!);
assert.deepEqual([paid.meta.state, payment.data, payment.meta.transactionId], ['PAID', { order: first, amount: 129.95 }, paid.meta.transactionId]);
console.log(`Jane's order is ${paid.meta.state}, and its payment ${payment.meta.id} was written in the same transaction.`);

const suspicious = await orders.create({ customer: 'Mallory', amount: 99_999 });
assert.equal((await orders.get(suspicious)).meta.state, 'REVIEW');
console.log("Mallory's order waits for a REVIEW.");

const empty = await orders.create({ customer: 'Joe', amount: 0 });
await assert.rejects(() => orders.transition(empty, 'pay'), (error: StrataError) => error.code === 'WORKFLOW_FAILED' && error.message.includes('nothing to pay'));
assert.equal((await orders.get(empty)).meta.state, 'PLACED');
console.log("Joe's order is still PLACED: there is nothing to pay.");

const found = [];
const large = { type: 'group', operator: 'AND', conditions: [{ type: 'simple', jsonPath: '$.amount', operatorType: 'GREATER_THAN', value: 100 }, { type: 'simple', jsonPath: '$.customer', operatorType: 'EQUALS', value: 'Jane' }] };
for await (const order of orders.search(large)) found.push(order.meta.id);
assert.ok(found.includes(first));
for await (const event of strata.feed({ model: 'sdk-ts-order' })) assert.ok(event.type);

member.stop();
await serving;

/** The member may not have joined yet. */
async function retry<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StrataError) || error.code !== 'NO_COMPUTE_MEMBER_FOR_TAG' || tries === 50) throw error;
      await new Promise(done => setTimeout(done, 100));
    }
  }
}
