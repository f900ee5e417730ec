// The same cases hold the client libraries of .NET and Python.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { StrataError } from '@strata/client';
import { sortKeys } from '../src/sorting.js';

const cases = JSON.parse(readFileSync(new URL('../../../../tests/clients/sort-expressions.json', import.meta.url), 'utf8')) as
  { given: string[]; keys?: string[]; error?: string }[];

test('sort expressions are read in the language of all clients', () => {
  for (const { given, keys, error } of cases) {
    if (keys) assert.deepEqual(sortKeys(given), keys);
    else assert.throws(() => sortKeys(given), (thrown: StrataError) => thrown.code === 'INVALID_SORT' && thrown.message === error && /-FIELD/.test(thrown.next!));
  }
  assert.deepEqual(sortKeys('-amount,customer'), ['amount:desc', 'customer']);
  assert.deepEqual(sortKeys(), []);
});
