// A stranger's program over the types that openapi-typescript made of /openapi.json (schema.ts): node program.js URL TOKEN.
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

const [url, token] = process.argv.slice(2);
const strata = createClient<paths>({ baseUrl: url!, headers: { Authorization: `Bearer ${token}` } });

function done<T>(what: string, answer: { data?: T; error?: components['schemas']['Problem'] | undefined }): T {
  if (answer.data === undefined) throw new Error(`${what}: ${answer.error?.code} ${answer.error?.detail}`);
  return answer.data;
}

const spec: components['schemas']['WebhookSpec'] = { url: 'https://books.example/hook' };
const created = done('create', await strata.POST('/api/v1/webhooks', { body: { name: 'typed', spec } }));
const changed = done('patch', await strata.PATCH('/api/v1/webhooks/{nameOrId}', {
  params: { path: { nameOrId: created.id } }, body: { labels: { tier: 'web' } }, headers: { 'Content-Type': 'application/merge-patch+json' },
}));
const page = done('list', await strata.GET('/api/v1/webhooks', { params: { query: { limit: 10 } } }));
const names: string[] = page.items.map(item => item.name);

const problem = await strata.GET('/api/v1/webhooks/{nameOrId}', { params: { path: { nameOrId: 'no-such-webhook' } } });
const gone = done('delete', await strata.DELETE('/api/v1/webhooks/{nameOrId}', { params: { path: { nameOrId: created.id } } }));

const imported = await strata.POST('/api/model/import/{dataFormat}/{converter}/{entityName}/{modelVersion}', {
  params: { path: { dataFormat: 'JSON', converter: 'SAMPLE_DATA', entityName: 'typed', modelVersion: 1 } }, body: { title: 'A' },
});
done('import', imported);
done('lock', await strata.PUT('/api/model/{entityName}/{modelVersion}/lock', { params: { path: { entityName: 'typed', modelVersion: 1 } } }));
const written = done('entity', await strata.POST('/api/entity/JSON/{entityName}/{modelVersion}', {
  params: { path: { entityName: 'typed', modelVersion: 1 } }, body: { title: 'B' },
}));
const entity = done('read', await strata.GET('/api/entity/{entityId}', { params: { path: { entityId: written[0]!.entityIds![0]! } } }));

console.log(JSON.stringify({
  names, label: changed.labels?.['tier'], code: problem.error?.code, type: problem.error?.type, deleted: gone.name, entity: entity.data,
  state: entity.meta.state,
}));
