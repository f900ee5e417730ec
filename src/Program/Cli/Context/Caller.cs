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
    /// <summary>Address of the person who signed in; null: it is none.</summary>
    public string? Person { get; init; }

    /// <summary>The roles that they hold for a part of the organization or for a while, the first hundred.</summary>
    public IReadOnlyList<BoundRoles> Bindings { get; init; } = [];

    private const string Path = "/api/v1/access/me";
    private const int TextLengthMax = 300;
    private const int TextsMax = 2000;

    /// <exception cref="StrataException">UNEXPECTED_ANSWER: what answers is no Strata server, or an older one.</exception>
    public static async Task<Caller> AskAsync(Run run, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await run.Client.SendAsync(HttpMethod.Get, Path, cancellationToken: cancellationToken);
            return Read(answer!.RootElement.Clone());
        }
        catch (StrataException e) when (e.Error.Code == "NO_SUCH_ENDPOINT")
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
            json, Plain(json.GetProperty("actor")), Plain(json.GetProperty("organization").GetProperty("name")),
            json.TryGetProperty("project", out var project) ? Plain(project.GetProperty("name")) : null, Texts(json, "roles"),
            Texts(json, "permissions").ToHashSet(StringComparer.Ordinal), hasToken ? Plain(token.GetProperty("name")) : null,
            hasToken && token.TryGetProperty("expiresAt", out var end) ? end.GetDateTimeOffset() : null)
        {
            Person = json.TryGetProperty("person", out var person) ? Plain(person.GetProperty("email")) : null,
            Bindings = json.TryGetProperty("bindings", out var bindings) && bindings.GetArrayLength() <= TextsMax
                ? [.. bindings.EnumerateArray().Select(BoundRoles.Read)] : [],
        };
    }

    private static Error Unexpected(Run run) => new(
        ErrorKind.Unavailable, ClientErrors.UnexpectedAnswer, $"No Strata API answers at {run.Context.Server}, or one of an earlier version.",
        "Check the address.");

    private static List<string> Texts(JsonElement json, string name) =>
        json.GetProperty(name).GetArrayLength() <= TextsMax ? [.. json.GetProperty(name).EnumerateArray().Select(Plain)]
            : throw new FormatException();

    /// <summary>What is printed in a line of its own: of a server that is not one, it could be anything.</summary>
    private static string Plain(JsonElement json) =>
        json.GetString() is { Length: > 0 and <= TextLengthMax } text && !text.Any(char.IsControl) ? text : throw new FormatException();

    /// <summary>Of a text that may be long, such as many labels, as much as is shown.</summary>
    private static string Shown(JsonElement json) =>
        string.Concat((json.GetString() ?? "").Select(c => char.IsControl(c) ? '?' : c)).Shortened(TextLengthMax);

    /// <param name="By">For example <c>the binding on-call</c>.</param>
    /// <param name="Scope">For which resources; null: all of the organization.</param>
    internal sealed record BoundRoles(string Roles, string By, string? Scope, DateTimeOffset? ExpiresAt)
    {
        public static BoundRoles Read(JsonElement json) => new(
            string.Join(", ", json.GetProperty("roles").EnumerateArray().Select(Shown)), Shown(json.GetProperty("by")),
            json.TryGetProperty("scope", out var scope) ? Shown(scope) : null,
            json.TryGetProperty("expiresAt", out var end) ? end.GetDateTimeOffset() : null);
    }
}
