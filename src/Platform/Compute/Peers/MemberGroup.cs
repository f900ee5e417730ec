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
/// What one server sends the others about one organization's members, as a line of JSON; without groups: it has no members left.
/// </summary>
internal sealed record MemberGroupsLine(string Org, IReadOnlyList<MemberGroup> Groups)
{
    /// <summary>Of one line.</summary>
    internal const int BytesMax = 64 << 10;

    /// <summary>What a line has beside its groups, at most.</summary>
    private const int EnvelopeBytes = 128;

    /// <summary>
    /// As many groups as <see cref="BytesMax"/> hold, those with the highest limits first. Groups that are left out get calls from their
    /// own server only.
    /// </summary>
    public static IReadOnlyList<MemberGroup> Fitting(IReadOnlyList<MemberGroup> groups)
    {
        var (fitting, bytes) = (new List<MemberGroup>(), EnvelopeBytes);
        foreach (var group in groups.OrderByDescending(g => g.Limit))
        {
            bytes += JsonSerializer.SerializeToUtf8Bytes(group, WireJson.Of<MemberGroup>()).Length + 1;
            if (bytes > BytesMax) break;
            fitting.Add(group);
        }
        return fitting;
    }

    /// <summary>With its line feed; the groups are those that are <see cref="Fitting"/>.</summary>
    public static byte[] Write(TenantId tenant, IReadOnlyList<MemberGroup> groups)
    {
        var line = new MemberGroupsLine(tenant.ToString(), groups);
        return [.. JsonSerializer.SerializeToUtf8Bytes(line, WireJson.Of<MemberGroupsLine>()), (byte)'\n'];
    }

    /// <returns>False if it is not such a line: another version of the program may have written it.</returns>
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
