using Strata.Core;

namespace Strata.Api.Auth.Explaining;

/// <summary>Something that opens an organization's API, with what each of its roles grants: a token, or an OAuth client.</summary>
/// <param name="Kind">Of the resource, for example <c>token</c>.</param>
/// <param name="Name">By which people know it.</param>
/// <param name="Principal">Who calls with it; null: it opens nothing now, because it has expired.</param>
public sealed record AccessHolder(string Kind, string Name, string Actor, IReadOnlyList<HeldRole> Roles, Principal? Principal);

/// <param name="Permissions">Null: there is no such role.</param>
public sealed record HeldRole(string Name, IReadOnlySet<string>? Permissions)
{
    /// <summary>What it is held by, beside the holder's own; null: it is the holder's own.</summary>
    public HeldBy? By { get; init; }
}

/// <param name="Text">For people, such as <c>the binding oncall</c>.</param>
/// <param name="Grants">What the role grants by it.</param>
public sealed record HeldBy(string Text, IReadOnlyList<Grant> Grants);

/// <summary>All that open an organization's API and are of one kind.</summary>
public interface IAccessHolders
{
    /// <summary>For example <c>token</c>.</summary>
    string Kind { get; }

    IAsyncEnumerable<AccessHolder> AllAsync(TenantId organization, CancellationToken cancellationToken);

    /// <returns>Null: the organization has none of that name or id.</returns>
    ValueTask<AccessHolder?> FindAsync(TenantId organization, string nameOrId, CancellationToken cancellationToken);
}
