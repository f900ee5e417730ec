using System.Security.Cryptography;
using System.Text;

namespace Strata.Core;

/// <summary>
/// A resource as every part of Strata and the HTTP API sees it: one shape for all kinds. On the wire in camelCase JSON, times in RFC 3339
/// UTC. What was asked for is <see cref="Spec"/>, what is so is <see cref="Status"/>; only the platform's own parts write the status.
/// </summary>
public sealed record Resource<TSpec, TStatus>
{
    /// <summary>Prefix and base 32, for example <c>dep_01k9…</c>. See <see cref="IdText"/>.</summary>
    public required string Id { get; init; }

    /// <summary>Singular name of the kind, for example <c>deployment</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Unique per kind and organization: 1 to 63 of a-z, 0-9 and "-", starting with a letter and not ending with "-".</summary>
    public required string Name { get; init; }

    /// <summary>The organization's id (<c>org_…</c>).</summary>
    public required string Org { get; init; }

    /// <summary>The project's id (<c>prj_…</c>); null for kinds outside projects.</summary>
    public string? Project { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The state in the kind's workflow, UPPER_SNAKE_CASE.</summary>
    public required string State { get; init; }

    /// <summary>The revision of the organization's log that holds it; its ETag.</summary>
    public required long Revision { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public required string UpdatedBy { get; init; }

    /// <summary>The transition of the latest save; null where there was none.</summary>
    public string? Transition { get; init; }

    /// <summary>True only in history and watch: this revision removed it.</summary>
    public bool Deleted { get; init; }

    public required TSpec Spec { get; init; }
    public required TStatus Status { get; init; }
}

/// <summary>What a client sends to create a resource.</summary>
public sealed record NewResource<TSpec>
{
    public required string Name { get; init; }

    /// <summary>Name or id; required by kinds that belong to a project.</summary>
    public string? Project { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public required TSpec Spec { get; init; }
}

/// <summary>For a kind without a spec or a status of its own.</summary>
public sealed record Nothing
{
    public static readonly Nothing Instance = new();
}

/// <summary>Names of resources.</summary>
public static class ResourceName
{
    public const int LengthMax = 63;
    private const int HashCharacters = 8;

    public static bool IsValid(string? name) =>
        name is { Length: >= 1 and <= LengthMax }
        && char.IsAsciiLetterLower(name[0]) && name[^1] != '-'
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    /// <summary>A name by which people recognize a text: <c>shop.example.com</c> becomes <c>shop-example-com-a379a6f6</c>.</summary>
    /// <param name="text">Of any characters; at least one.</param>
    /// <param name="distinct">No two of these have the same name; null: the text.</param>
    public static string Of(string text, string? distinct = null)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(distinct ?? text)))[..HashCharacters];
        var words = new string([.. text.Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-')]);
        if (!char.IsAsciiLetterLower(words[0])) words = "h-" + words;
        return words.Start(LengthMax - HashCharacters - 1).TrimEnd('-') + "-" + hash;
    }
}
