// A compute member: processors, criteria and functions, in every mode; and what becomes of members that fail, fall silent or leave.
import { assert, connect, eventOf, grpc, payloadOf } from './events-client.js';

const client = connect(process.argv.slice(2));
const model = 'order/1';

/** Joins, and answers each call by answer(type, payload, event): a payload, or undefined for silence. */
function join(tags, answer, { extra = {}, bearer = client.token, echo = true } = {}) {
  const stream = client.service.startStreaming(client.metadataOf(bearer));
  const member = { stream, calls: [], keepAlives: 0 };
  member.greeted = new Promise((resolve, reject) => {
    stream.on('data', event => {
      const payload = payloadOf(event);
      if (event.type === 'CalculationMemberGreetEvent') resolve(payload);
      else if (event.type === 'CalculationMemberKeepAliveEvent') {
        member.keepAlives++;
        if (echo) stream.write(eventOf('EventAckResponse', { sourceEventId: event.id, owner: 'test', payload: null, success: true })); // as the Java client does
      } else {
        member.calls.push({ type: event.type, payload, attributes: event.attributes });
        Promise.resolve(answer?.(event.type, payload, event)).then(given => {
          if (given) stream.write(eventOf(event.type.replace('Request', 'Response'), { requestId: payload.requestId, entityId: payload.entityId, success: true, ...given }));
        });
      }
    });
    member.ended = new Promise(done => stream.on('error', error => { reject(error); done(error); }).on('end', () => done()));
  });
  member.greeted.catch(() => {});
  stream.write(eventOf('CalculationMemberJoinEvent', { owner: 'test', tags, ...extra })); // without an id, as some clients do
  member.leave = () => { stream.end(); stream.cancel(); return member.ended; };
  return member;
}

async function given(states) {
  const put = await client.http('POST', `/model/${model}/workflow/import`, { importMode: 'REPLACE', workflows: [{ version: '1.0', name: 'w', initialState: 'A', active: true, states }] });
  assert.equal(put.status, 200, JSON.stringify(put.body));
}

const processor = (mode, config = {}, more = {}) => ({
  A: { transitions: [{ name: 'go', next: 'B', manual: true, processors: [{ type: 'externalized', name: 'price', executionMode: mode, config: { calculationNodesTags: 'pay', ...config }, ...more }] }] }, B: {},
});
const create = async () => (await client.http('POST', `/entity/JSON/${model}`, { amount: 1 })).body[0].entityIds[0];
const take = (id, data = { amount: 2 }) => client.http('PUT', `/entity/JSON/${id}/go`, data);
const read = async id => (await client.http('GET', `/entity/${id}`)).body;

await client.http('POST', '/model/import/JSON/SAMPLE_DATA/order/1', { amount: 1, priced: true });
await client.http('POST', `/model/${model}/changeLevel/STRUCTURAL`);
await client.http('PUT', `/model/${model}/lock`);

// Every execution mode
const worker = join(['pay', 'other'], (type, payload) => ({ payload: { type: 'JSON', data: { ...payload.payload.data, priced: true } } }));
const greet = await worker.greeted;
assert.ok(greet.success && greet.memberId && greet.joinedLegalEntityId);
for (const mode of ['SYNC', 'ASYNC_SAME_TX', 'COMMIT_BEFORE_DISPATCH', 'ASYNC_NEW_TX']) {
  await given(processor(mode, { context: 'ctx', attachEntity: true }));
  const id = await create();
  const answer = await take(id);
  assert.equal(answer.status, 200, `${mode}: ${JSON.stringify(answer.body)}`);
  const entity = await read(id);
  assert.deepEqual([entity.meta.state, entity.data.priced], ['B', mode === 'ASYNC_NEW_TX' ? undefined : true], mode);
  const call = worker.calls.at(-1);
  const { payload } = call;
  assert.equal(call.type, 'EntityProcessorCalculationRequest');
  assert.deepEqual([payload.entityId, payload.processorName, payload.workflow.name, payload.transition.name, payload.transition.stateFrom, payload.transition.stateTo, payload.parameters], [id, 'price', 'w', 'go', 'A', 'B', 'ctx']);
  assert.deepEqual([payload.payload.type, payload.payload.data.amount, payload.payload.meta.id], ['JSON', 2, id]);
  assert.equal(call.attributes.authtype.ce_string, 'service_account');
  assert.ok(call.attributes.authid.ce_string);
}

// Criteria of transitions and of workflows, functions of schedules
const judge = join(['law'], (type, payload) => type === 'EntityCriteriaCalculationRequest'
  ? { matches: payload.payload.data.amount > 10, reason: 'small' } : { resultKind: 'Schedule', result: { fireAfterMs: 50 } });
await judge.greeted;
await given({
  A: { transitions: [{ name: 'go', next: 'B', manual: true, criterion: { type: 'function', function: { name: 'big', config: { calculationNodesTags: 'law' } } } }] },
  B: { transitions: [{ name: 'tick', next: 'C', schedule: { function: { name: 'soon', resultKind: 'Schedule', calculationNodesTags: 'law' } } }] }, C: {},
});
const small = await create();
assert.equal((await take(small, { amount: 3 })).status, 400);
assert.equal(judge.calls[0].payload.target, 'TRANSITION');
assert.equal((await take(small, { amount: 30 })).status, 200);
assert.ok(judge.calls.some(c => c.type === 'EntityFunctionCalculationRequest' && c.payload.functionName === 'soon'));

// Joining the transaction that waits: over HTTP and gRPC, seen by nobody else, durable in one commit, or undone with it
await given(processor('SYNC', { calculationNodesTags: 'joins' }));
let outcome = true, spent;
const joined = [];
const joins = join(['joins'], async (type, payload, event) => {
  const token = event.attributes.cyodatxtoken.ce_string;
  if (payload.payload.data.joined) return { payload: payload.payload };
  const inside = { 'X-Tx-Token': token };
  const made = await client.http('POST', `/entity/JSON/${model}`, { amount: 5 }, inside);
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const id = made.body[0].entityIds[0];
  assert.equal((await client.http('GET', `/entity/${id}`, undefined, inside)).body.data.amount, 5);
  assert.equal((await client.http('GET', `/entity/${id}`)).status, 404);
  const updated = await client.ask('entityManage', 'EntityUpdateRequest', { dataFormat: 'JSON', payload: { entityId: id, data: { amount: 6, joined: true }, transition: 'go' } }, { metadata: { 'tx-token': token } });
  assert.deepEqual([updated.success, updated.transactionInfo.transactionId], [true, made.body[0].transactionId], JSON.stringify(updated));
  const got = await client.ask('entitySearch', 'EntityGetRequest', { entityId: id }, { metadata: { 'tx-token': token } });
  assert.deepEqual([got.payload.data.amount, got.payload.meta.state], [6, 'B']);
  assert.equal((await client.http('PUT', `/model/${model}/unlock`, undefined, inside)).body.properties.errorCode, 'MODEL_ADMIN_IN_JOINED_TRANSACTION');
  assert.equal((await client.http('POST', `/entity/JSON/${model}`, { amount: 7 }, { ...inside, 'Idempotency-Key': 'k' })).status, 400);
  assert.equal((await client.http('PUT', `/entity/JSON/${payload.entityId}`, { amount: 8 }, inside)).body.properties.errorCode, 'CONFLICT');
  joined.push(id);
  spent = inside;
  return outcome ? { payload: payload.payload } : { success: false, error: { code: 'E8', message: 'no' } };
});
await joins.greeted;
const asked = await create();
const once = () => client.http('PUT', `/entity/JSON/${asked}/go`, { amount: 2 }, { 'Idempotency-Key': 'once' });
const whole = await once();
assert.equal(whole.status, 200, JSON.stringify(whole.body));
assert.deepEqual((await once()).body, whole.body); // told again from the log, without what the member wrote
assert.equal(whole.body.entityIds.length, 1);
assert.equal((await read(joined[0])).meta.transactionId, whole.body.transactionId);
outcome = false;
assert.equal((await take(await create())).status, 400);
assert.equal((await client.http('GET', `/entity/${joined[1]}`)).status, 404);
const late = await client.http('GET', `/entity/${joined[0]}`, undefined, spent);
assert.deepEqual([late.status, late.body.properties.errorCode], [404, 'TRANSACTION_NOT_FOUND']);

// A member's own failure, and wrong answers
await given(processor('SYNC', { calculationNodesTags: 'fail' }));
let reply = { success: false, error: { code: 'E7', message: 'declined', retryable: false } };
const failing = join(['fail'], () => reply);
await failing.greeted;
const order = await create();
let answer = await take(order);
assert.deepEqual([answer.status, answer.body.properties.errorCode], [400, 'WORKFLOW_FAILED']);
assert.match(answer.body.detail, /declined/);
reply = { payload: { type: 'JSON', data: 'no object' } };
answer = await take(order);
assert.equal(answer.status >= 400 && answer.status < 500, true, JSON.stringify(answer.body));
assert.equal((await read(order)).meta.state, 'A');

// Silent in a call: in time, and nothing changed; the late answer is dropped
await given(processor('SYNC', { calculationNodesTags: 'mute', responseTimeoutMs: 300 }));
const mute = join(['mute'], () => undefined);
await mute.greeted;
answer = await take(order);
assert.deepEqual([answer.status, answer.body.properties.errorCode], [503, 'DISPATCH_TIMEOUT']);
mute.stream.write(eventOf('EntityProcessorCalculationResponse', { requestId: mute.calls[0].payload.requestId, success: true, payload: { data: { late: true } } }));
assert.equal((await read(order)).data.late, undefined);

// Killed in a call
await given(processor('SYNC', { calculationNodesTags: 'dies' }));
const dies = join(['dies'], () => { dies.leave(); });
await dies.greeted;
answer = await take(order);
assert.deepEqual([answer.status, answer.body.properties.errorCode], [503, 'COMPUTE_MEMBER_DISCONNECTED']);
assert.equal((await read(order)).meta.state, 'A');

// Killed in a call that may be repeated: another member answers
await given(processor('SYNC', { calculationNodesTags: 'twice', idempotent: true }));
const lost = join(['twice'], () => { lost.leave(); });
await lost.greeted;
const saves = join(['twice'], (type, payload) => ({ payload: { type: 'JSON', data: { ...payload.payload.data, saved: true } } }));
await saves.greeted;
for (let tries = 0; tries < 2; tries++) await take(await create());
assert.equal(saves.calls.length, 2);

// Duplicate answers: the first counts
await given(processor('SYNC', { calculationNodesTags: 'double' }));
const double = join(['double'], (type, payload) => {
  for (const n of [1, 2]) double.stream.write(eventOf('EntityProcessorCalculationResponse', { requestId: payload.requestId, entityId: payload.entityId, success: true, payload: { type: 'JSON', data: { amount: n } } }));
});
await double.greeted;
const twofold = await create();
assert.equal((await take(twofold)).status, 200);
assert.equal((await read(twofold)).data.amount, 1);

// Leaving: no new calls
double.stream.write(eventOf('CalculationMemberLeaveEvent', {}));
for (let left = false; !left;) left = (await take(await create())).body?.properties?.errorCode === 'NO_COMPUTE_MEMBER_FOR_TAG';

// Its limit is its own, and the list tells of it
const limited = join(['limited'], () => undefined, { extra: { maxConcurrentCalls: 3 } });
await limited.greeted;
const members = await (await fetch(`http://${client.address}/api/v1/compute/members`, { headers: { authorization: `Bearer ${client.token}` } })).json();
assert.equal(members.items.find(m => m.tags.includes('limited')).limit, 3);
assert.ok(members.items.find(m => m.tags.includes('pay')).calls >= 4);

// Heard of by keep-alives; one that is silent is cut off
assert.ok(worker.keepAlives > 0);
const silent = join(['silent'], undefined, { echo: false });
await silent.greeted;
assert.equal((await silent.ended).code, grpc.status.DEADLINE_EXCEEDED);

// Who may not join, and how one does not
assert.equal((await join(['x'], undefined, { bearer: client.viewer }).ended).code, grpc.status.PERMISSION_DENIED);
const rude = client.service.startStreaming(client.metadataOf(client.token));
const refused = new Promise(done => rude.on('error', done).on('data', () => {}));
rude.write(eventOf('EventAckResponse', { sourceEventId: 'x' }));
assert.equal((await refused).code, grpc.status.INVALID_ARGUMENT);

await Promise.all([worker, judge, joins, failing, mute, saves, double, limited].map(m => m.leave()));
for (let isEmpty = false; !isEmpty;) {
  const listed = await (await fetch(`http://${client.address}/api/v1/compute/members`, { headers: { authorization: `Bearer ${client.token}` } })).json();
  isEmpty = listed.items.length === 0;
}
client.close();
