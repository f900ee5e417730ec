namespace Strata.Api.OpenApi;

/// <summary>The reference page at /docs: one file, nothing from elsewhere, made of /openapi.json in the reader's browser.</summary>
internal static class DocsPage
{
    public const string Policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'";

    public const string Html = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Strata API</title>
        <style>
          :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 15%, transparent); }
          body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
          h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
          details { border-bottom: 1px solid var(--line); padding: .3rem 0; }
          summary { cursor: pointer; } summary code { font-weight: 600; }
          pre { overflow: auto; padding: .7rem; border: 1px solid var(--line); border-radius: 6px; }
          table { border-collapse: collapse; } td { padding: .1rem .8rem .1rem 0; vertical-align: top; }
          .method { display: inline-block; width: 4.2rem; text-transform: uppercase; font-size: .8rem; }
          nav a { margin-right: .8rem; } .muted { opacity: .7; }
        </style>
        <h1>Strata API</h1>
        <p>Every call carries <code>Authorization: Bearer TOKEN</code>; <code>strata token</code> prints one. Errors are problem details with a stable
        <code>code</code> and, where it helps, the <code>next</code> step. The description itself: <a href="/openapi.json">/openapi.json</a>.</p>
        <nav id="nav"></nav><main id="main">Loading …</main>
        <script>
          const el = (tag, text, cls) => { const e = document.createElement(tag); if (text) e.textContent = text; if (cls) e.className = cls; return e; };
          const block = (title, value) => { const d = el('div'); d.append(el('div', title, 'muted')); d.append(el('pre', JSON.stringify(value, null, 2))); return d; };
          fetch('/openapi.json').then(r => r.json()).then(api => {
            const main = document.getElementById('main'), nav = document.getElementById('nav'), tags = {};
            const open = (s) => s && s.$ref ? api.components.schemas[s.$ref.split('/').pop()] : s;
            main.textContent = '';
            for (const [path, item] of Object.entries(api.paths))
              for (const [method, op] of Object.entries(item)) (tags[op.tags[0]] ??= []).push({ path, method, op });
            for (const [tag, operations] of Object.entries(tags).sort()) {
              const link = el('a', tag); link.href = '#' + tag; nav.append(link);
              const h = el('h2', tag); h.id = tag; main.append(h);
              for (const { path, method, op } of operations) {
                const d = el('details'), s = el('summary');
                s.append(el('span', method, 'method'), el('code', path), ' ', el('span', op.summary, 'muted')); d.append(s);
                d.append(el('p', op['x-permission'] ? 'Permission: ' + op['x-permission'] : 'Open to everyone.', 'muted'));
                const table = el('table');
                for (const p of op.parameters ?? []) {
                  const row = el('tr'); row.append(el('td', p.name), el('td', p.in, 'muted'), el('td', p.description ?? '')); table.append(row);
                }
                if (table.childElementCount) d.append(table);
                for (const [type, c] of Object.entries(op.requestBody?.content ?? {})) d.append(block('Body, ' + type, c.example ?? open(c.schema)));
                for (const [status, r] of Object.entries(op.responses))
                  for (const [type, c] of Object.entries(r.content ?? {})) d.append(block('Answer ' + status + ', ' + type, open(c.schema)));
                main.append(d);
              }
            }
          }).catch(e => { document.getElementById('main').textContent = 'The description could not be loaded: ' + e; });
        </script>
        </html>
        """;
}
