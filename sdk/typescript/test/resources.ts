// Against a real server: resources are created, listed, watched, changed and deleted. Run by Strata's own tests.
import assert from 'node:assert/strict';
import { Strata, StrataError } from '@strata/client';

const projects = new Strata().resources('projects');
const name = `sdk-ts-${Date.now().toString(36)}`;
const made = await projects.create({ name, labels: { by: 'typescript' }, spec: {} });
const listed = [];
for await (const one of projects.list({ 'labels.by': 'typescript' })) listed.push(one.id);
assert.ok(listed.includes(made.id));
let count = 0;
for await (const _ of projects.list({ limit: 1 })) count++;
assert.equal(count, 1);

const ending = new AbortController();
const seen: string[] = [];
let changed = false;
try {
  for await (const event of projects.watch({ 'labels.by': 'typescript' }, ending.signal)) {
    if (event.type === 'ready' && !changed) {
      changed = true;
      await projects.patch(name, { labels: { tier: 'web' } });
    } else if (event.type === 'item') {
      seen.push(event.resource.id);
      if (event.resource.labels['tier'] === 'web') ending.abort();
    }
  }
} catch (error) {
  if (!ending.signal.aborted) throw error;
}
assert.ok(seen.length >= 2);
assert.equal((await projects.get(name)).labels['tier'], 'web');
await projects.delete(name);
await assert.rejects(projects.get(`${name}-nobody`), (error: StrataError) => error.code === 'NOT_FOUND');
