import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { StrataError } from './errors.js';

const DefaultUrl = 'http://127.0.0.1:8080';
const FileBytesMax = 65_536;

interface Context { server: string; token: string | undefined; isLocal: boolean }

/**
 * The address and the token of a client: arguments win over STRATA_URL and STRATA_TOKEN, and those over the local context, the file that the
 * command line keeps in its data folder. A token goes only to the server that it belongs to: the context's to the context's server, and
 * STRATA_TOKEN to STRATA_URL if that is set, otherwise to an address argument or the cloud of this machine.
 */
export function connection(
  url?: string, token?: string, variables: NodeJS.ProcessEnv = process.env,
): { url: URL; token: string | undefined } {
  const [variable, secret] = [variables['STRATA_URL'] || undefined, variables['STRATA_TOKEN'] || undefined];
  const given = url || variable;
  if (token) return { url: address(given ?? localContext(variables)?.server ?? DefaultUrl), token };
  if (secret && given && (!variable || isSame(given, variable))) return { url: address(given), token: secret };
  const context = localContext(variables);
  const target = given ?? context?.server ?? DefaultUrl;
  // Alone it is for the cloud of this machine: not for another one that the context names.
  if (secret && !variable && context?.isLocal !== false) return { url: address(target), token: secret };
  return { url: address(target), token: context && isSame(target, context.server) ? context.token : undefined };
}

/** undefined if there is no file. */
function localContext(variables: NodeJS.ProcessEnv): Context | undefined {
  const path = join(variables['STRATA_HOME'] || join(home(), '.strata'), 'context.json');
  const text = contentOf(path);
  if (text === undefined) return undefined;
  try {
    if (text.length > FileBytesMax) throw new RangeError('too long');
    const file = JSON.parse(text.toString()) as Record<string, unknown>;
    const { server, token } = file;
    if (typeof server !== 'string' || !(token === undefined || token === null || typeof token === 'string')) throw new TypeError('no server');
    if (token && /\p{Cc}/u.test(token)) throw new RangeError('control characters');
    const others = ((file['others'] ?? []) as { name?: unknown; server: string }[]).filter(other => isSame(server, other.server));
    return { server, token: token || undefined, isLocal: [file, ...others].map(nameOf).includes('local') };
  } catch {
    throw new StrataError('CONTEXT_INVALID', `${path} is not a valid context file.`, 0, false, 'Move it away, and sign in again: strata login URL.');
  }
}

function nameOf(context: { name?: unknown }): string {
  const { name = 'local' } = context;
  if (typeof name !== 'string') throw new TypeError('no name');
  return name;
}

/** The beginning of a file, one byte more than may be there; undefined if there is no file. */
function contentOf(path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    if (!statSync(path).isFile()) throw new Error('it is not a regular file'); // to open a pipe would wait for a writer
    file = openSync(path, 'r');
    const buffer = Buffer.alloc(FileBytesMax + 1);
    return buffer.subarray(0, readSync(file, buffer));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new StrataError('CONTEXT_UNREADABLE', `${path} cannot be read: ${message}`, 0, false, 'Set STRATA_URL and STRATA_TOKEN, or STRATA_HOME.');
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function home(): string {
  try {
    return homedir();
  } catch {
    return '/nonexistent'; // a user without a home has no context
  }
}

function address(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new StrataError(
    'ADDRESS_INVALID', `"${text}" is not the address of a server.`, 0, false,
    'Use one that begins with http:// or https://, such as http://127.0.0.1:8080.');
}

function isSame(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).origin === new URL(other).origin;
}
