using System.CommandLine;
using System.Text;
using System.Text.Json;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata api METHOD PATH</c>: a raw call with the context's token.</summary>
internal static class ApiCommand
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

    private static readonly Argument<string> First =
        new("method-or-path") { Description = "GET, POST, PUT, PATCH or DELETE; a path alone is a GET" };
    private static readonly Argument<string?> Second =
        new("path") { Description = "Such as /api/v1/deployments", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> Data =
        new("--data", "-d") { Description = "Body; @FILE reads a file, @- standard input", HelpName = "BODY" };
    private static readonly Option<string> ContentType = new(
        "--content-type") { Description = "Content type of the body", DefaultValueFactory = _ => "application/json", HelpName = "TYPE" };

    public static Command Create(Terminal terminal) =>
        new Command("api", "Call the HTTP API directly") { First, Second, Data, ContentType }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var (method, path) = Read(run.Parse.GetRequiredValue(First), run.Parse.GetValue(Second));
        var body = await ReadBodyAsync(run.Parse.GetValue(Data), cancellationToken);
        var answer = await run.Client.SendBytesAsync(
            new HttpMethod(method), path, body, run.Parse.GetRequiredValue(ContentType), cancellationToken: cancellationToken);
        if (answer.IsEmpty) return CommandRunner.Done;
        var text = Encoding.UTF8.GetString(answer.Span);
        await run.Terminal.Out.WriteAsync(run.Terminal.OutIsTerminal || run.Format != OutputFormat.Table ? Pretty(run, text) : text + "\n");
        return CommandRunner.Done;
    }

    private static (string Method, string Path) Read(string first, string? second)
    {
        if (second is null) return ("GET", Rooted(first));
        var method = first.ToUpperInvariant();
        return Methods.Contains(method)
            ? (method, Rooted(second))
            : throw UsageErrors.Of($"\"{first}\" is not a method.", "Use one of " + string.Join(", ", Methods) + ".").ToException();
    }

    private static string Rooted(string path) => path.StartsWith('/') ? path : "/api/v1/" + path;

    private static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(string? data, CancellationToken cancellationToken)
    {
        if (data is null) return null;
        if (!data.StartsWith('@')) return Encoding.UTF8.GetBytes(data);
        if (data == "@-") return Encoding.UTF8.GetBytes(await Console.In.ReadToEndAsync(cancellationToken));
        return File.Exists(data[1..])
            ? await File.ReadAllBytesAsync(data[1..], cancellationToken)
            : throw UsageErrors.Of($"There is no file {data[1..]}.", "Name a file after @, or @- for standard input.").ToException();
    }

    private static string Pretty(Run run, string text)
    {
        try
        {
            var value = JsonElement.Parse(text);
            return run.Format == OutputFormat.Yaml ? YamlText.Write(value) : Run.Indent(value);
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
