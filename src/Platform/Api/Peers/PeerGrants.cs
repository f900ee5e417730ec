using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Strata.Api.Auth;

namespace Strata.Api.Peers;

/// <summary>
/// A principal's grants as JSON, with their scopes; what cannot be read whole is refused, because a scope that is lost would widen a grant.
/// </summary>
internal static class PeerGrants
{
    private const int DepthMax = 16;

    public static string Write(IReadOnlyList<Grant> grants) => new JsonArray([
        .. grants.Select(g => new JsonObject { ["may"] = new JsonArray([.. g.Permissions.Select(p => JsonValue.Create(p))]),
            ["scope"] = Write(g.Scope), ["until"] = g.Until }),
    ]).ToJsonString();

    /// <exception cref="FormatException">It is not what <see cref="Write(IReadOnlyList{Grant})"/> writes.</exception>
    public static IReadOnlyList<Grant> Read(string text)
    {
        try
        {
            return [.. JsonNode.Parse(text)!.AsArray().Select(g => new Grant(
                g!["may"]!.AsArray().Select(p => p!.GetValue<string>()).ToFrozenSet(StringComparer.Ordinal),
                ReadScope(g["scope"]!.AsObject(), DepthMax)) { Until = g["until"]?.GetValue<DateTimeOffset>() })];
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new FormatException("The grants cannot be read.", e);
        }
    }

    private static JsonObject Write(GrantScope scope) => scope switch
    {
        GrantScope.OfProject project => new JsonObject { ["project"] = project.Project },
        GrantScope.OfNode node => new JsonObject { ["node"] = node.Node },
        GrantScope.WithLabels labels => new JsonObject { ["labels"] = Write(labels.Labels) },
        GrantScope.Both both => new JsonObject { ["both"] = new JsonArray(Write(both.First), Write(both.Second)) },
        _ when scope == GrantScope.Organization => new JsonObject { ["organization"] = true },
        _ => throw new NotSupportedException($"The scope {scope.GetType().Name} cannot be passed on: add it to {nameof(PeerGrants)}."),
    };

    private static JsonObject Write(IReadOnlyDictionary<string, string> labels) =>
        new(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)));

    private static GrantScope ReadScope(JsonObject scope, int depth)
    {
        if (scope.Count != 1 || depth == 0) throw new FormatException("A scope has one member.");
        var (kind, value) = scope.Single();
        return kind switch
        {
            "organization" => GrantScope.Organization,
            "project" => new GrantScope.OfProject(value!.GetValue<string>()),
            "node" => new GrantScope.OfNode(value!.GetValue<string>()),
            "labels" => new GrantScope.WithLabels(value!.AsObject().ToDictionary(l => l.Key, l => l.Value!.GetValue<string>())),
            "both" when value is JsonArray { Count: 2 } parts =>
                new GrantScope.Both(ReadScope(parts[0]!.AsObject(), depth - 1), ReadScope(parts[1]!.AsObject(), depth - 1)),
            _ => throw new FormatException($"The scope {kind} is not known."),
        };
    }
}
