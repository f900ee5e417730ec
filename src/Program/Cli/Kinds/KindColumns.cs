using System.Globalization;
using System.Text.Json;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Kinds;

/// <summary>What a table shows of a resource besides its name, state and age. A kind that is not named here shows nothing more.</summary>
internal static class KindColumns
{
    /// <param name="Show">The cell's text; ids among it are replaced by names.</param>
    public sealed record Column(string Header, Func<AnyResource, string> Show);

    private static readonly Column[] Certificate =
    [
        new("HOSTS", Hosts), new("ISSUER", r => r.Spec.IsTrue("own") ? "own" : r.Status.Text("issuer")),
        new("EXPIRES", r => Day(r.Status, "notAfter")), new(Message, r => r.Status.Text("message")),
    ];

    private static readonly Column[] Issuer =
    [
        new("DIRECTORY", r => r.Spec.Text("directory") is { Length: > 0 } url ? url : "this cloud"),
        new("ORDER", r => r.Spec.Text("order")), new(Message, r => r.Status.Text("message")),
    ];

    private static readonly Dictionary<string, Column[]> ByKind = new(StringComparer.Ordinal)
    {
        ["deployment"] =
        [
            new("RELEASE", r => r.Status.Text("release")),
            new("REPLICAS", Replicas),
            new("URL", r => r.Status.Text("url")),
            new(Message, r => r.Status.Text("message")),
        ],
        ["release"] =
        [
            new("DEPLOYMENT", r => r.Spec.Text("deployment")),
            new("TYPE", r => r.Status.Text("detected")),
            new("SIZE", r => r.Status.Number("imageBytes") is > 0 and var bytes ? ByteCount.Short(bytes) : ""),
            new("SOURCE", Source),
            new(Message, r => r.State == "QUEUED" && r.Status.Text("queuePlace") is { Length: > 0 } place
                ? "place " + place + " in the queue" : r.Status.Text("message")),
        ],
        ["instance"] =
        [
            new("DEPLOYMENT", r => r.Spec.Text("deployment")),
            new("RELEASE", r => r.Spec.Text("release")),
            new("NODE", r => r.Spec.Text("node")),
            new("ADDRESS", r => r.Status.Text("address") is { Length: > 0 } address ? $"{address}:{r.Status.Text("port")}" : ""),
            new("RESTARTS", r => r.Status.Text("restarts")),
            new(Message, r => r.Status.Text("message")),
        ],
        ["route"] = [new("HOST", r => r.Spec.Text("host")), new("PATH", r => r.Spec.Text("path")),
            new("DEPLOYMENT", r => r.Spec.IsTrue("api") ? "(API)" : r.Spec.Text("redirectTo") is { Length: > 0 } to ? to
                : r.Spec.Text("deployment"))],
        ["certificate"] = Certificate,
        ["issuer"] = Issuer,
        ["node"] =
        [
            new("ADDRESS", r => r.Status.Text("address")),
            new("RUNTIMES", r => r.Status.Text("runtimes")),
            new("CPUS", r => r.Status.Text("cpus")),
            new("MEMORY", r => r.Status.Number("memoryBytes") is { } bytes ? ByteCount.Short(bytes) : ""),
        ],
        ["server"] = [new("ADDRESS", r => r.Status.Text("address")), new("VERSION", r => r.Status.Text("version")),
            new("STARTED", r => Time(r.Status, "startedAt"))],
        ["role"] = [new("PERMISSIONS", r => r.Spec.Text("permissions")), new("DESCRIPTION", r => r.Spec.Text("description"))],
        ["membership"] = [new("EMAIL", r => r.Spec.Text("email")), new("ROLES", r => r.Spec.Text("roles")),
            new("PROJECT", r => r.Spec.Text("project"))],
        ["team"] = [new("MEMBERS", r => r.Spec.Text("members")), new("DESCRIPTION", r => r.Spec.Text("description"))],
        ["binding"] = [new("ROLES", r => r.Spec.Text("roles")), new("WHO", r => r.Spec.Text("subjects")),
            new("PROJECT", r => r.Spec.Text("project")), new("LABELS", Labels), new("ENDS", Ends), new("REASON", r =>
                r.Spec.Text("reason"))],
        ["secret"] = [new("VERSION", r => Newest(r)?.Text("number") ?? "none"),
            new("SET", r => Newest(r) is { } version ? Time(version, "createdAt") : ""), new("BY", r => Newest(r)?.Text("createdBy") ?? ""),
            new("DESCRIPTION", r => r.Spec.Text("description"))],
        ["invitation"] = [new("EMAIL", r => r.Spec.Text("email")), new("ROLES", r => r.Spec.Text("roles")),
            new("PROJECT", r => r.Spec.Text("project")), new("EXPIRES", r => Time(r.Spec, "expiresAt"))],
        ["person"] = [new("EMAIL", r => r.Spec.Text("email")), new("DISABLED", r => r.Spec.IsTrue("disabled") ? "yes" : ""),
            new("SIGNED IN", r => Time(r.Status, "lastSignInAt"))],
        ["session"] = [new("PERSON", r => r.Spec.Text("person")), new("PROGRAM", r => r.Spec.Text("client")),
            new("FROM", r => r.Spec.Text("address")), new("EXPIRES", r => Time(r.Status, "expiresAt"))],
        ["token"] = [new("ROLES", r => r.Spec.Text("roles")), new("PROJECT", r => r.Spec.Text("project")),
            new("EXPIRES", r => Time(r.Spec, "expiresAt")), new("LAST USED", r => Day(r.Status, "lastUsedAt"))],
    };

    /// <summary>The last column, because it is the longest: nothing is padded to its width, and it is the first to be cut.</summary>
    public const string Message = "MESSAGE";

    public static IReadOnlyList<Column> Of(KindInfo kind) => ByKind.GetValueOrDefault(kind.Name, []);

    /// <summary>A static site needs no instances.</summary>
    private static string Replicas(AnyResource deployment) => deployment.Status.IsTrue("static")
        ? "static"
        : $"{deployment.Status.Number("readyReplicas") ?? 0}/{deployment.Spec.Number("run.replicas") ?? 1}";

    private static string Hosts(AnyResource certificate) =>
        certificate.Status.Text("hosts") is { Length: > 0 } covered ? covered : certificate.Spec.Text("hosts");

    private static string Labels(AnyResource binding) =>
        binding.Spec.TryGetProperty("labels", out var labels) && labels.ValueKind == JsonValueKind.Object
            ? string.Join(", ", labels.EnumerateObject().Select(l => $"{l.Name}={l.Value}")) : "";

    private static string Ends(AnyResource binding) => binding.Spec.Time("expiresAt") is not { } end ? ""
        : end <= TimeProvider.System.GetUtcNow() ? "ended " + Time(binding.Spec, "expiresAt") : Time(binding.Spec, "expiresAt");

    private static JsonElement? Newest(AnyResource secret) =>
        secret.Status.TryGetProperty("versions", out var versions) && versions.GetArrayLength() > 0 ? versions[0] : null;

    private static string Source(AnyResource release) =>
        release.Spec.Text("source.git.url") is { Length: > 0 } url
            ? $"{url}@{Shorten(release.Status.Text("commit"))}"
            : release.Spec.Text("source.archive") is { Length: > 0 } digest ? Shorten(digest.Replace("sha256:", ""))
            : release.Spec.Text("source.release") is { Length: > 0 } ? "variables" : "";

    private static string Time(JsonElement json, string path) =>
        json.Time(path) is { } time ? TimeText.Stamp(ToSecond(time)) : json.Text(path);

    private static string Day(JsonElement json, string path) =>
        json.Time(path) is { } time ? time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : "";

    /// <summary>A table has no room for more; JSON has it exactly.</summary>
    private static DateTimeOffset ToSecond(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));

    private static string Shorten(string hash) => hash.Length > 8 ? hash[..8] : hash;
}
