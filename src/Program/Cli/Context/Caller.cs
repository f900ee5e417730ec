using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;

namespace Strata.Cli.Context;

/// <summary>Who a context's token is, as its server says.</summary>
internal sealed record Caller(JsonElement Json)
{
    private const string Path = "/api/v1/access/me";

    /// <summary>For example <c>token:ci</c>.</summary>
    public string Actor => Json.Text("actor") ?? "";

    /// <summary>Its name.</summary>
    public string Organization => Json.GetProperty("organization").Text("name") ?? "";

    /// <summary>Name of the only project that the token is for; null: it is for all.</summary>
    public string? Project => Json.TryGetProperty("project", out var project) ? project.Text("name") : null;

    public IEnumerable<string> Roles => Texts("roles");

    public IEnumerable<string> Permissions => Texts("permissions");

    /// <summary>Name of the token, and when it expires; null: it is no token of Strata's.</summary>
    public (string Name, DateTimeOffset? ExpiresAt)? Token => !Json.TryGetProperty("token", out var token) ? null
        : (token.Text("name") ?? "", token.TryGetProperty("expiresAt", out var end) ? end.GetDateTimeOffset() : null);

    public static async Task<Caller> AskAsync(Run run, CancellationToken cancellationToken)
    {
        using var answer = await run.Client.SendAsync(HttpMethod.Get, Path, cancellationToken: cancellationToken);
        return new Caller(answer!.RootElement.Clone());
    }

    private IEnumerable<string> Texts(string name) => Json.GetProperty(name).EnumerateArray().Select(x => x.GetString() ?? "");
}
