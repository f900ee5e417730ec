import { StrataError } from './errors.js';

const keysMax = 16;

/**
 * What to sort by, in the language of the command line and of every client library: the keys in the form of the entity API, "path" or "path:desc".
 *
 * "amount" and "amount:asc" ascend, "amount:desc" and "-amount" descend; the entity's own facts begin with @, as in "-@creationDate". Several are
 * separated by commas, or come as an array; the first counts most.
 */
export function sortKeys(sort: string | readonly string[] = []): string[] {
  const expressions = typeof sort === 'string' ? [sort] : sort;
  const keys = expressions.flatMap(split).map(text => key(text.trim()));
  if (keys.length > keysMax) throw invalid(`There are ${keys.length} fields to sort by, and ${keysMax} is the most.`);
  return keys;
}

/** At commas, but not at those inside of a quoted name: $['a,b']. */
function split(expression: string): string[] {
  const parts = [''];
  let quoted = false;
  for (const character of expression) {
    if (character === "'") quoted = !quoted;
    if (character === ',' && !quoted) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

function key(text: string): string {
  const direction = [':desc', ':asc'].find(end => text.toLowerCase().endsWith(end)) ?? '';
  const rest = text.slice(0, text.length - direction.length);
  const negative = rest.startsWith('-');
  const field = (negative ? rest.slice(1) : rest).trim();
  if (field === '' || field === '@') throw invalid(`"${text.slice(0, 60)}" names no field to sort by.`);
  if (negative && direction) throw invalid(`"${text.slice(0, 60)}" gives two directions for ${field.slice(0, 60)}: - and ${direction}.`);
  return negative || direction === ':desc' ? `${field}:desc` : field;
}

function invalid(message: string): StrataError {
  const next = 'Write FIELD or FIELD:asc to ascend, -FIELD or FIELD:desc to descend; separate several by commas: -amount,customer.name.';
  return new StrataError('INVALID_SORT', message, 0, false, next);
}
