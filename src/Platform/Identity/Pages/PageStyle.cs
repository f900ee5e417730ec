using System.Security.Cryptography;
using System.Text;

namespace Strata.Identity.Pages;

/// <summary>The style of the pages, and its hash: a page may have this style and no other (Content-Security-Policy).</summary>
internal static class PageStyle
{
    public const string Css = """
        :root { color-scheme: light dark; --text: #1a1d21; --muted: #5a636e; --back: #f4f5f7; --card: #ffffff; --line: #d3d8de;
          --accent: #1a56c4; --on-accent: #ffffff; --bad: #b3261e; --bad-back: #fdecea; --good-back: #e7f4ea; --warn-back: #fff4d6; }
        @media (prefers-color-scheme: dark) {
          :root { --text: #e8eaed; --muted: #a8b0ba; --back: #14171a; --card: #1d2125; --line: #3a4149; --accent: #8ab4f8;
            --on-accent: #10233f; --bad: #f2b8b5; --bad-back: #412120; --good-back: #1d3524; --warn-back: #3d3317; } }
        * { box-sizing: border-box; }
        body { margin: 0; min-height: 100vh; display: grid; place-items: start center; padding: 8vh 1rem 4rem; color: var(--text);
          background: var(--back); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
        main { width: 100%; max-width: 26rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
          padding: 2rem; overflow-wrap: anywhere; }
        main.wide { max-width: 46rem; }
        .brand { margin: 0 0 1.5rem; font-weight: 700; letter-spacing: .02em; color: var(--accent); }
        h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
        h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
        label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
        input, select { width: 100%; padding: .6rem .75rem; font: inherit; color: inherit; background: var(--card);
          border: 1px solid var(--muted); border-radius: 8px; }
        input[readonly] { background: var(--back); }
        button { margin-top: 1.25rem; padding: .6rem 1.1rem; font: inherit; font-weight: 600; color: var(--on-accent);
          background: var(--accent); border: 1px solid var(--accent); border-radius: 8px; cursor: pointer; }
        button.quiet { color: var(--accent); background: transparent; }
        button.small { margin: 0; padding: .25rem .6rem; font-size: .9rem; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        .or { display: flex; align-items: center; gap: .75rem; margin: 1.25rem 0 0; color: var(--muted); }
        .or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
        .row { display: flex; gap: .75rem; flex-wrap: wrap; }
        .muted { color: var(--muted); font-size: .92rem; font-weight: 400; }
        .error, .notice, .warning { padding: .6rem .9rem; border-radius: 8px; }
        .error { color: var(--bad); background: var(--bad-back); }
        .bad { color: var(--bad); }
        .notice { background: var(--good-back); }
        .warning { background: var(--warn-back); }
        .code { font: 600 1.4rem/1.4 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; letter-spacing: .12em; }
        input.code { text-transform: uppercase; }
        .key { font-size: 1rem; }
        .qr { background: #ffffff; padding: 8px; border-radius: 8px; }
        .codes { columns: 2; padding-left: 1.2rem; font: 1rem/1.9 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
        code, pre { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; font-size: .9em; }
        pre { padding: .75rem 1rem; background: var(--back); border-radius: 8px; overflow-x: auto; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
        dt { color: var(--muted); }
        dd { margin: 0; }
        table { width: 100%; border-collapse: collapse; }
        th, td { padding: .4rem .6rem .4rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: middle; }
        td, th { overflow-wrap: normal; }
        .scroll { overflow-x: auto; }
        th { font-size: .85rem; color: var(--muted); font-weight: 600; }
        a { color: var(--accent); }
        .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        """;

    /// <summary>As a source of the policy.</summary>
    public static string Hash { get; } = $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Css)))}'";
}
