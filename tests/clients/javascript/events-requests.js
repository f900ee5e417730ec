// Every type of request, over every call that suits it.
import { randomUUID } from 'node:crypto';
import { assert, connect, eventOf, grpc } from './events-client.js';

const client = connect(process.argv.slice(2));
const model = { name: 'parcel', version: 1 };

// Models
const imported = await client.ask('entityModelManage', 'EntityModelImportRequest', { id: randomUUID(), model, converter: 'SAMPLE_DATA', dataFormat: 'JSON', payload: { weight: 1.5, to: 'Bern' } });
assert.ok(imported.success && imported.modelId, JSON.stringify(imported));
assert.deepEqual((await client.ask('entityModelManage', 'EntityModelSetUniqueKeysRequest', { id: '1', model, uniqueKeys: [{ id: 'to', fields: ['$.to'] }] })).success, true);
const locked = await client.ask('entityModelManage', 'EntityModelTransitionRequest', { id: '1', model, transition: 'LOCK' });
assert.deepEqual([locked.success, locked.state, locked.modelId], [true, 'LOCKED', imported.modelId]);
const all = await client.ask('entityModelManage', 'EntityModelGetAllRequest', { id: '1' });
assert.deepEqual(all.models.map(m => [m.id, m.name, m.version, m.state]), [[imported.modelId, 'parcel', 1, 'LOCKED']]);
const exported = await client.ask('entityModelManage', 'EntityModelExportRequest', { id: '1', model, converter: 'SIMPLE_VIEW' });
assert.ok(exported.payload.model.$['.to'], JSON.stringify(exported));

// Entities, in both encodings; numbers keep their digits
const created = await client.ask('entityManage', 'EntityCreateRequest', { id: 'r1', dataFormat: 'JSON', payload: { model, data: { weight: 2, to: 'Basel' } } }, { binary: true });
assert.deepEqual([created.success, created.requestId, created.transactionInfo.entityIds.length], [true, 'r1', 1]);
const id = created.transactionInfo.entityIds[0];
const duplicate = await client.ask('entityManage', 'EntityCreateRequest', { id: 'r2', dataFormat: 'JSON', payload: { model, data: { weight: 2, to: 'Basel' } } });
assert.deepEqual([duplicate.success, duplicate.error.code], [false, 'CLIENT_ERROR']);
assert.match(duplicate.error.message, /^UNIQUE_VIOLATION: /);
const updated = await client.ask('entityManage', 'EntityUpdateRequest', { id: '1', dataFormat: 'JSON', payload: { entityId: id, data: { weight: 3, to: 'Basel' }, transition: 'UPDATE' } });
assert.ok(updated.success && updated.transactionInfo.transactionId, JSON.stringify(updated));
const patched = await client.ask('entityManage', 'EntityPatchRequest', { id: '1', patchFormat: 'MERGE_PATCH', payload: { entityId: id, patch: { weight: 4 } } });
assert.ok(patched.success, JSON.stringify(patched));

// Reads; a get on the call for changes too, as some clients send it
for (const rpc of ['entitySearch', 'entityManage', 'entityModelManage']) {
  const got = await client.ask(rpc, 'EntityGetRequest', { id: '1', entityId: id });
  assert.deepEqual([got.payload.data.weight, got.payload.meta.id, got.payload.meta.state], [4, id, 'CREATED']);
}
const missing = await client.ask('entitySearch', 'EntityGetRequest', { id: '1', entityId: randomUUID() });
assert.match(missing.error.message, /^ENTITY_NOT_FOUND: /);

// Collections
const many = await client.askMany('entityManageCollection', 'EntityCreateCollectionRequest', {
  id: '1', dataFormat: 'JSON', transactionWindow: 2, payloads: ['a', 'b', 'c'].map(to => ({ model, data: { weight: 1, to } })),
});
assert.deepEqual(many.map(t => t.transactionInfo.entityIds.length), [2, 1]);
const [first] = many[0].transactionInfo.entityIds;
const changed = await client.askMany('entityManageCollection', 'EntityUpdateCollectionRequest', { id: '1', dataFormat: 'JSON', payloads: [{ entityId: first, data: { weight: 9, to: 'a' }, transition: 'UPDATE' }] });
assert.ok(changed[0].success, JSON.stringify(changed));
for (const rpc of ['entitySearchCollection', 'entityManageCollection'])
  assert.equal((await client.askMany(rpc, 'EntityGetAllRequest', { id: '1', model, pageSize: 10 })).length, 4);
const onUnary = await client.ask('entityManage', 'EntityGetAllRequest', { id: '1', model });
assert.deepEqual([onUnary.success, onUnary.error.code], [false, 'CLIENT_ERROR']);

// Searches
const condition = { type: 'simple', jsonPath: '$.weight', operatorType: 'GREATER_THAN', value: 3 };
const found = await client.askMany('entitySearchCollection', 'EntitySearchRequest', { id: '1', model, condition, orderBy: [{ path: 'weight', desc: true }] });
assert.deepEqual(found.map(f => f.payload.data.weight), [9, 4]);
const refused = await client.askMany('entitySearchCollection', 'EntitySearchRequest', { id: '1', model, condition: { type: 'nonsense' } });
assert.deepEqual([refused.length, refused[0].success], [1, false]);
let snapshot = (await client.ask('entitySearch', 'EntitySnapshotSearchRequest', { id: '1', model, condition })).status;
while (snapshot.status === 'RUNNING') snapshot = (await client.ask('entitySearch', 'SnapshotGetStatusRequest', { id: '1', snapshotId: snapshot.snapshotId })).status;
assert.deepEqual([snapshot.status, snapshot.entitiesCount], ['SUCCESSFUL', 2]);
assert.equal((await client.askMany('entitySearchCollection', 'SnapshotGetRequest', { id: '1', snapshotId: snapshot.snapshotId })).length, 2);
assert.match((await client.ask('entitySearch', 'SnapshotCancelRequest', { id: '1', snapshotId: snapshot.snapshotId })).error.message, /^SEARCH_JOB_ALREADY_TERMINAL: /);

// Statistics and changes
assert.deepEqual((await client.askMany('entitySearchCollection', 'EntityStatsGetRequest', { id: '1', model })).map(s => [s.modelName, s.modelVersion, s.count]), [['parcel', 1, 4]]);
assert.deepEqual((await client.askMany('entitySearchCollection', 'EntityStatsByStateGetRequest', { id: '1' })).map(s => [s.state, s.count]), [['CREATED', 4]]);
const changes = await client.askMany('entitySearchCollection', 'EntityChangesMetadataGetRequest', { id: '1', entityId: id });
assert.deepEqual(changes.map(c => c.changeMeta.changeType), ['UPDATE', 'UPDATE', 'CREATE']);

// A request that is sent again with its Idempotency-Key takes effect once
const metadata = { 'idempotency-key': randomUUID() };
const send = () => client.ask('entityManage', 'EntityUpdateRequest', { id: '1', dataFormat: 'JSON', payload: { entityId: id, data: { weight: 5, to: 'Basel' } } }, { metadata });
const [once, twice] = [await send(), await send()];
assert.ok(once.success, JSON.stringify(once));
assert.deepEqual(twice.transactionInfo, once.transactionInfo);
assert.equal((await client.askMany('entitySearchCollection', 'EntityChangesMetadataGetRequest', { id: '1', entityId: id })).length, 4);

// Transitions and deletion
const taken = await client.ask('entityManage', 'EntityTransitionRequest', { id: '1', entityId: id, transition: 'UPDATE' });
assert.deepEqual(taken.availableTransitions.sort(), ['DELETE', 'UPDATE']);
const deleted = await client.ask('entityManage', 'EntityDeleteRequest', { id: '1', entityId: id });
assert.deepEqual([deleted.entityId, deleted.model.name], [id, 'parcel']);
const rest = await client.askMany('entityManageCollection', 'EntityDeleteAllRequest', { id: '1', model });
assert.deepEqual([rest[0].numDeleted, rest[0].entityIds.length], [3, 3]);
assert.ok((await client.ask('entityModelManage', 'EntityModelTransitionRequest', { id: '1', model, transition: 'UNLOCK' })).success);
assert.ok((await client.ask('entityModelManage', 'EntityModelDeleteRequest', { id: '1', model })).success);

// What is no request, and who may not ask
assert.match((await client.ask('entityManage', 'NoSuchRequest', { id: '1' })).error.message, /^BAD_REQUEST: /);
assert.match((await client.ask('entityManage', 'EntityCreateRequest', { id: '1' })).error.message, /payload/);
const garbage = await new Promise((resolve, reject) => client.service.entityManage({ ...eventOf('EntityCreateRequest', {}), text_data: '{"a":1,"a":2}' }, client.metadataOf(client.token), (e, a) => (e ? reject(e) : resolve(JSON.parse(a.text_data)))));
assert.equal(garbage.success, false);
const forbidden = await client.ask('entityManage', 'EntityDeleteRequest', { id: '1', entityId: id }, { bearer: client.viewer });
assert.match(forbidden.error.message, /^FORBIDDEN: /);
const stranger = await client.ask('entityManage', 'EntityGetRequest', { id: '1', entityId: id }, { bearer: 'nonsense' }).catch(error => error);
assert.equal(stranger.code, grpc.status.UNAUTHENTICATED);
assert.match(stranger.details, /token/);
client.close();
