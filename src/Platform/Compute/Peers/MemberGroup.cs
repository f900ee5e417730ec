using System.Text.Json;
using Strata.Core;

namespace Strata.Compute.Peers;

/// <summary>Members of one organization on one server that serve the same, together. Immutable.</summary>
/// <param name="Project">Of the models that they are asked about; null: of the whole organization.</param>
/// <param name="Limit">Calls that they work on at once.</param>
/// <param name="InFlight">Calls that they work on.</param>
public sealed record MemberGroup(string? Project, IReadOnlyList<string> Tags, int Members, int Limit, int InFlight)
{
    public bool Serves(IReadOnlyList<string> tags) => tags.Count == 0 || tags.Any(Tags.Contains);

    public bool IsFor(string? project) => Project is null || Project == project;
}

/// <summary>
/// What one server sends the others about one organization's members, as a line of JSON; without groups: it has no members any more.
/// </summary>
internal sealed record MemberGroupsLine(string Org, IReadOnlyList<MemberGroup> Groups)
{
    /// <summary>Of one line.</summary>
    internal const int BytesMax = 1 << 20;

    /// <summary>
    /// At most <see cref="BytesMax"/>: where an organization's groups do not fit, some are left out, and get calls from their own server
    /// only.
    /// </summary>
    public static byte[] Write(TenantId tenant, IReadOnlyList<MemberGroup> groups)
    {
        while (true)
        {
            var told = new MemberGroupsLine(tenant.ToString(), groups);
            var line = JsonSerializer.SerializeToUtf8Bytes(told, WireJson.Of<MemberGroupsLine>());
            if (line.Length <= BytesMax || groups.Count == 0) return line;
            groups = [.. groups.Take(groups.Count / 2)];
        }
    }

    /// <returns>False where it is no such line: another version of the program may have written it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> line, out TenantId tenant, out IReadOnlyList<MemberGroup> groups)
    {
        (tenant, groups) = (default, []);
        try
        {
            if (JsonSerializer.Deserialize(line, WireJson.Of<MemberGroupsLine>()) is not { Groups: not null } read) return false;
            if (!read.Groups.All(g => g is { Tags: not null }) || !TenantId.TryParse(read.Org, out tenant)) return false;
            groups = read.Groups;
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
