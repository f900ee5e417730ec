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

/// <summary>What one server tells the others of one organization's members, as a line of JSON; without groups: there are no more.</summary>
internal sealed record MemberGroupsLine(string Org, IReadOnlyList<MemberGroup> Groups)
{
    public bool TryReadTenant(out TenantId tenant) => TenantId.TryParse(Org, out tenant);
}
