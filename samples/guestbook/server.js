'use strict';
const crypto = require('node:crypto');
const http = require('node:http');
const pages = require('./pages');
const strata = require('./strata');

const port = Number(process.env.PORT ?? 8080);
const host = process.env.HOST ?? '0.0.0.0';
const adminKey = process.env.ADMIN_KEY || crypto.randomBytes(12).toString('base64url');
const BODY_MAX = 16 * 1024;

const routes = {
  'GET /': showBook,
  'POST /sign': sign,
  'GET /moderate': showModeration,
  'POST /moderate/sign-in': signIn,
  'POST /moderate': decide,
  // Not healthy until the book can be opened, so that nobody is sent here before.
  'GET /healthz': (request, response) => send(response, ready ? 200 : 503, ready ? 'ok\n' : 'not ready\n', 'text/plain'),
};

let ready = false;
let trouble = 'The guestbook is starting.';

async function handle(request, response) {
  const { pathname } = new URL(request.url, 'http://guestbook');
  const route = routes[`${request.method === 'HEAD' ? 'GET' : request.method} ${pathname}`];
  if (!route) return send(response, 404, pages.trouble('There is no such page.'));
  if (!ready && pathname !== '/healthz') return send(response, 503, pages.trouble(trouble));
  await route(request, response);
}

async function showBook(request, response) {
  const note = new URL(request.url, 'http://guestbook').searchParams.has('signed') ? 'Thank you. Your line appears when a moderator has read it.' : '';
  send(response, 200, pages.book(await strata.entries('PUBLISHED'), note));
}

async function sign(request, response) {
  const form = await readForm(request);
  const name = (form.get('name') ?? '').trim();
  const message = (form.get('message') ?? '').trim();
  if (!name || !message || name.length > 80 || message.length > 1000) return send(response, 400, pages.trouble('A name of at most 80 and a message of at most 1000 characters are needed.'));
  await strata.sign(name, message);
  redirect(response, '/?signed');
}

async function showModeration(request, response) {
  if (!isModerator(request)) return send(response, 200, pages.signIn());
  const [pending, published, rejected] = await Promise.all(['PENDING', 'PUBLISHED', 'REJECTED'].map((state) => strata.entries(state)));
  send(response, 200, pages.moderation(pending, published, rejected));
}

async function signIn(request, response) {
  const form = await readForm(request);
  if (!isSame(form.get('key') ?? '', adminKey)) return send(response, 403, pages.signIn('That is not the key.'));
  response.setHeader('set-cookie', `moderator=${proof()}; HttpOnly; SameSite=Strict; Path=/moderate; Max-Age=28800`);
  redirect(response, '/moderate');
}

async function decide(request, response) {
  if (!isModerator(request)) return send(response, 403, pages.signIn('Sign in first.'));
  const form = await readForm(request);
  const id = form.get('id') ?? '';
  const transition = form.get('transition') ?? '';
  if (!/^[0-9a-f-]{36}$/.test(id) || !['publish', 'reject'].includes(transition)) return send(response, 400, pages.trouble('That cannot be decided.'));
  await strata.decide(id, transition);
  redirect(response, '/moderate');
}

/** What the cookie holds instead of the key: it proves the key without telling it. */
const proof = () => crypto.createHmac('sha256', adminKey).update('moderator').digest('base64url');

const isModerator = (request) => isSame(/(?:^|;\s*)moderator=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? '', proof());

function isSame(a, b) {
  const hash = (text) => crypto.createHash('sha256').update(text).digest();
  return crypto.timingSafeEqual(hash(a), hash(b));
}

async function readForm(request) {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    if (body.length > BODY_MAX) throw Object.assign(new Error('That is too long.'), { status: 413 });
  }
  return new URLSearchParams(body);
}

function send(response, status, body, type = 'text/html') {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'cache-control': 'no-store',
  });
  response.end(body);
}

function redirect(response, location) {
  response.writeHead(303, { location });
  response.end();
}

const server = http.createServer((request, response) => {
  handle(request, response).catch((error) => {
    console.error(`${request.method} ${request.url}: ${error.message}`);
    if (!response.headersSent) send(response, error.status === 413 ? 413 : 503, pages.trouble('The book cannot be reached just now.'));
  });
});

async function prepare() {
  for (let wait = 250; !ready; wait = Math.min(wait * 2, 10_000)) {
    try {
      await strata.prepare();
      ready = true;
      console.log('the book is open');
    } catch (error) {
      trouble = `The book is not ready: ${error.message}`;
      console.error(trouble);
      await new Promise((resolve) => setTimeout(resolve, wait).unref());
    }
  }
}

server.listen(port, host, () => {
  console.log(`listening on ${host}:${port}`);
  if (!process.env.ADMIN_KEY) console.log(`ADMIN_KEY is not set; moderate at /moderate with the key ${adminKey}`);
});
prepare();

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
