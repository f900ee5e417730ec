import { execFileSync } from 'node:child_process';
// The cases of sdk/context-cases.json, which every client library and the command line pass.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { StrataError } from '@strata/client';
import { connection } from '../src/context.js';

interface Case {
  name: string; file?: object; text?: string; environment?: Record<string, string>; arguments?: { url?: string; token?: string };
  expected: { url?: string; token?: string; error?: string };
}

const cases = JSON.parse(readFileSync(new URL('../../../context-cases.json', import.meta.url), 'utf8')) as Case[];

for (const { name, file, text, environment, arguments: given, expected } of cases) {
  test(name, () => {
    const home = mkdtempSync(join(tmpdir(), 'strata-context-'));
    try {
      if (file ?? text) writeFileSync(join(home, 'context.json'), text ?? JSON.stringify(file));
      const act = () => connection(given?.url, given?.token, { STRATA_HOME: home, ...environment });
      if (expected.error) assert.throws(act, (error: unknown) => error instanceof StrataError && error.code === expected.error);
      else assert.deepEqual({ url: act().url.origin, token: act().token }, { url: expected.url, token: expected.token });
    } finally {
      rmSync(home, { recursive: true });
    }
  });
}

test('a context that is too long, or that cannot be read', () => {
  const home = mkdtempSync(join(tmpdir(), 'strata-context-'));
  writeFileSync(join(home, 'context.json'), JSON.stringify({ server: 'http://127.0.0.1:9001', token: 'x'.repeat(70_000) }));
  assert.throws(() => connection(undefined, undefined, { STRATA_HOME: home }), { code: 'CONTEXT_INVALID' });
  rmSync(join(home, 'context.json'));
  mkdirSync(join(home, 'context.json'));
  assert.throws(() => connection(undefined, undefined, { STRATA_HOME: home }), { code: 'CONTEXT_UNREADABLE' });
  rmSync(join(home, 'context.json'), { recursive: true });
  execFileSync('mkfifo', [join(home, 'context.json')]);
  assert.throws(() => connection(undefined, undefined, { STRATA_HOME: home }), { code: 'CONTEXT_UNREADABLE' });
  rmSync(home, { recursive: true });
});
