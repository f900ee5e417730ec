using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Context;

/// <summary>Who a context's token is, as its server says.</summary>
/// <param name="Json">The whole answer.</param>
/// <param name="Actor">For example <c>token:ci</c>.</param>
/// <param name="Organization">Its name.</param>
/// <param name="Project">Name of the only project that the token is for; null: it is for all.</param>
/// <param name="Token">Its name; null: it is no token of Strata's.</param>
internal sealed record Caller(
    JsonElement Json, string Actor, string Organization, string? Project, IReadOnlyList<string> Roles, IReadOnlySet<string> Permissions,
    string? Token, DateTimeOffset? ExpiresAt)
{
    private const string Path = "/api/v1/access/me";

    /// <exception cref="StrataException">UNEXPECTED_ANSWER: what answers is no Strata server, or an older one.</exception>
    public static async Task<Caller> AskAsync(Run run, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await run.Client.SendAsync(HttpMethod.Get, Path, cancellationToken: cancellationToken);
            return Read(answer!.RootElement.Clone());
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            throw Unexpected(run).ToException();
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException or NullReferenceException)
        {
            throw Unexpected(run).ToException();
        }
    }

    private static Caller Read(JsonElement json)
    {
        var hasToken = json.TryGetProperty("token", out var token);
        return new Caller(
            json, json.GetProperty("actor").GetString()!, json.GetProperty("organization").GetProperty("name").GetString()!,
            json.TryGetProperty("project", out var project) ? project.Text("name") : null, Texts(json, "roles"),
            Texts(json, "permissions").ToHashSet(StringComparer.Ordinal), hasToken ? token.Text("name") : null,
            hasToken && token.TryGetProperty("expiresAt", out var end) ? end.GetDateTimeOffset() : null);
    }

    private static Error Unexpected(Run run) => new(
        ErrorKind.Unavailable, ClientErrors.UnexpectedAnswer, $"{run.Context.Server} does not say whose token it is.",
        "Check the address; a server of an earlier version does not know this command.");

    private static List<string> Texts(JsonElement json, string name) =>
        [.. json.GetProperty(name).EnumerateArray().Select(x => x.GetString() ?? "")];
}
