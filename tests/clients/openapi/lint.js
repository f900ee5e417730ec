// Checks an OpenAPI description by the rules that Redocly and Spectral recommend: node lint.js FILE. Prints {"redocly": […], "spectral": […],
// "unused": […]}, all empty when all is well. These are the engines of their command lines, which would also look for updates of themselves.
import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectralCore from '@stoplight/spectral-core';
import rulesets from '@stoplight/spectral-rulesets';

const file = process.argv[2];
const source = readFileSync(file, 'utf8');
const { ignored, off } = JSON.parse(readFileSync(new URL('./ignored.json', import.meta.url), 'utf8'));
const used = new Set();

/** Whether a finding is one that ignored.json names, with its reason. */
function isIgnored(tool, rule, pointer) {
  const match = ignored.find(i => i.tool === tool && i.rule === rule && pointer.includes(i.at));
  if (match) used.add(match);
  return match !== undefined;
}

const redocly = await lintFromString({
  source, absoluteRef: file, config: await createConfig({ extends: ['recommended'], rules: off.redocly ?? {} }),
});
const ofRedocly = redocly.map(p => ({ severity: p.severity, rule: p.ruleId, message: p.message, at: p.location[0]?.pointer ?? '' }))
  .filter(p => !isIgnored('redocly', p.rule, p.at));

const spectral = new spectralCore.Spectral();
spectral.setRuleset({ extends: [[rulesets.oas, 'recommended']], rules: off.spectral ?? {} });
const severities = ['error', 'warn', 'information', 'hint'];
const ofSpectral = (await spectral.run(JSON.parse(source)))
  .map(r => ({ severity: severities[r.severity], rule: String(r.code), message: r.message, at: '#/' + r.path.join('/') }))
  .filter(r => !isIgnored('spectral', r.rule, r.at));

console.log(JSON.stringify({ redocly: ofRedocly, spectral: ofSpectral, unused: ignored.filter(i => !used.has(i)) }));
