import assert from 'node:assert/strict';
import test from 'node:test';
import { member } from './handlers.js';

test('greet', async () => assert.deepEqual(await member.call('processor', 'greet', { name: 'Ann' }), { name: 'Ann', text: 'Hello Ann' }));
test('has-name', async () => assert.equal(await member.call('criterion', 'has-name', {}), false));
