// Creates a letter. Its workflow calls the member, which has to run: strata dev
import { readFile } from 'node:fs/promises';
import { Strata, StrataError } from '@strata/client';
import type { Letter } from './handlers.js';

const model = '$name$-letter';
const strata = new Strata();

try {
  await prepare();
  const letters = strata.entities<Letter>(model);
  const id = await letters.create({ name: process.argv[2] ?? 'Ann' });
  const letter = await letters.get(id);
  console.log(`${letter.meta.state}: ${letter.data.text}`);
} catch (error) {
  if (!(error instanceof StrataError)) throw error;
  console.error(`${error.code}: ${error.message}${error.next ? `\n  Next: ${error.next}` : ''}`);
  process.exitCode = 1;
}

/** The model, learnt from sample.json, with the workflow of workflow.json. */
async function prepare(): Promise<void> {
  const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'));
  try {
    await strata.request('POST', `/api/model/import/JSON/SAMPLE_DATA/${model}/1`, { body: await json('sample.json') });
    await strata.request('PUT', `/api/model/${model}/1/lock`);
  } catch (error) {
    if (!(error instanceof StrataError) || error.status !== 409) throw error; // 409: it exists and is locked
  }
  await strata.request('POST', `/api/model/${model}/1/workflow/import`, { body: await json('workflow.json') });
}
