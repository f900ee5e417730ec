using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Strata.Api.Docs;

/// <summary>Writes the errors of <see cref="ErrorCatalog"/> as pages and as JSON. Stateless.</summary>
internal static partial class ErrorPages
{
    public static string Html(DocumentedError error) => Page(error.Code, $"""
        <p class="muted">Status {error.Status} · {Text(error.Section)}</p>
        <p>{Text(error.Meaning)}</p>
        <h2>What to do</h2>
        <p>{Text(error.Action)}</p>
        <p class="muted"><a href="{ErrorCatalog.Root}">All errors</a> · <a href="/docs">API reference</a></p>
        """);

    public static string HtmlOfNone(string code) => Page("Not found", $"""
        <p>There is no error <code>{WebUtility.HtmlEncode(code)}</code>.</p>
        <p class="muted"><a href="{ErrorCatalog.Root}">All errors</a> · <a href="/docs">API reference</a></p>
        """);

    public static string HtmlOfAll()
    {
        var body = new StringBuilder("<p class=\"muted\"><a href=\"/docs\">API reference</a></p>\n");
        foreach (var section in ErrorCatalog.All.GroupBy(e => e.Section))
        {
            body.Append($"<h2>{Text(section.Key)}</h2>\n<table>\n");
            foreach (var error in section)
                body.Append($"<tr><td><a href=\"{error.Path}\"><code>{error.Code}</code></a></td><td>{error.Status}</td>")
                    .Append($"<td>{Text(error.Meaning)}</td></tr>\n");
            body.Append("</table>\n");
        }
        return Page("Errors", body.ToString());
    }

    public static void Write(Utf8JsonWriter json, DocumentedError error)
    {
        json.WriteStartObject();
        json.WriteString("code", error.Code);
        json.WriteString("type", error.Path);
        json.WriteNumber("status", error.Status);
        json.WriteString("section", error.Section);
        json.WriteString("meaning", Plain(error.Meaning));
        json.WriteString("action", Plain(error.Action));
        json.WriteEndObject();
    }

    public static void WriteAll(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var error in ErrorCatalog.All) Write(json, error);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Page(string title, string body) => $"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{title} · Strata API</title>
        <link rel="stylesheet" href="/docs/assets/docs.css">
        </head>
        <body class="page">
        <h1>{title}</h1>
        {body}
        </body>
        </html>
        """;

    private static string Plain(string text) => text.Replace("`", "", StringComparison.Ordinal);

    private static string Text(string text) => Code().Replace(WebUtility.HtmlEncode(text), "<code>$1</code>");

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
