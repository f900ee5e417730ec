'use strict';
// The pages, as functions from data to HTML. Everything that people wrote goes through escape().

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c]);

const style = `
:root{--paper:#fbfaf7;--ink:#1d1b18;--soft:#6b655c;--line:#e4dfd5;--card:#fff;--accent:#b5532b}
@media(prefers-color-scheme:dark){:root{--paper:#14161a;--ink:#ece8e1;--soft:#a09a90;--line:#2a2e35;--card:#1b1e24;--accent:#e5865c}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.6 ui-sans-serif,system-ui,sans-serif}
main{width:min(40rem,100% - 2.5rem);margin:4rem auto}h1{font-size:2.6rem;letter-spacing:-.03em;margin:0 0 .5rem}p.lead{color:var(--soft);margin:0 0 2rem}
form.sign{display:grid;gap:.75rem;padding:1.25rem;background:var(--card);border:1px solid var(--line);border-radius:14px;margin-bottom:2rem}
label{display:grid;gap:.3rem;font-size:.9rem;color:var(--soft)}input,textarea,button{font:inherit;color:inherit}
input,textarea{padding:.6rem .75rem;background:var(--paper);border:1px solid var(--line);border-radius:9px}textarea{min-height:6rem;resize:vertical}
button{padding:.55rem 1.1rem;border:0;border-radius:9px;background:var(--accent);color:#fff;cursor:pointer;justify-self:start}button.plain{background:none;color:var(--soft);border:1px solid var(--line)}
article{padding:1rem 0;border-top:1px solid var(--line)}article p{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}article footer{color:var(--soft);font-size:.9rem}
.note{padding:.75rem 1rem;border-left:3px solid var(--accent);background:var(--card);margin-bottom:1.5rem}.row{display:flex;gap:.5rem;margin-top:.6rem}`;

const page = (title, body) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${escape(title)}</title><style>${style}</style></head><body><main>${body}</main></body></html>`;

const entry = (x, actions = '') =>
  `<article><p>${escape(x.message)}</p><footer>${escape(x.name)}, ${escape(x.at.slice(0, 10))}</footer>${actions}</article>`;

const book = (published, note) => page('Guestbook', `
<h1>Guestbook</h1><p class="lead">Leave a line. It appears when a moderator has read it.</p>
${note ? `<p class="note" role="status">${escape(note)}</p>` : ''}
<form class="sign" method="post" action="/sign">
<label>Your name <input name="name" required maxlength="80" autocomplete="name"></label>
<label>Your message <textarea name="message" required maxlength="1000"></textarea></label>
<button>Sign</button></form>
${published.map((x) => entry(x)).join('') || '<p class="lead">Nobody has been published yet: be the first.</p>'}`);

const signIn = (note) => page('Moderation', `
<h1>Moderation</h1><p class="lead">Enter the key: the variable ADMIN_KEY, or, where that is not set, the one in the application's log.</p>
${note ? `<p class="note" role="alert">${escape(note)}</p>` : ''}
<form class="sign" method="post" action="/moderate/sign-in"><label>Key <input name="key" type="password" required autocomplete="current-password"></label><button>Open</button></form>`);

const decision = (id, transition, label, plain) =>
  `<form method="post" action="/moderate"><input type="hidden" name="id" value="${escape(id)}"><input type="hidden" name="transition" value="${transition}"><button${plain ? ' class="plain"' : ''}>${label}</button></form>`;

const moderation = (pending, published, rejected) => page('Moderation', `
<h1>Moderation</h1><p class="lead">${pending.length} waiting, ${published.length} published, ${rejected.length} rejected. <a href="/">To the book</a></p>
${pending.map((x) => entry(x, `<div class="row">${decision(x.id, 'publish', 'Publish')}${decision(x.id, 'reject', 'Reject', true)}</div>`)).join('')}
${published.map((x) => entry(x, `<div class="row">${decision(x.id, 'reject', 'Take down', true)}</div>`)).join('')}
${rejected.map((x) => entry(x, `<div class="row">${decision(x.id, 'publish', 'Publish after all', true)}</div>`)).join('')}`);

const trouble = (message) => page('Guestbook', `<h1>Guestbook</h1><p class="note" role="alert">${escape(message)}</p><p><a href="/">Try again</a></p>`);

module.exports = { book, signIn, moderation, trouble };
