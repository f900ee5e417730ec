using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Administrators;

/// <summary>
/// A kind of resource that can let an administrator into its organization: tokens, clients with ROLE_ADMIN, identity providers.
/// </summary>
public interface IAdministratorSource
{
    Kind Kind { get; }

    /// <summary>Narrows the search for those that let an administrator in; null: all of the kind are looked at.</summary>
    Condition? Where { get; }

    /// <summary>Whether this one, as it is now, lets an administrator of the whole organization in.</summary>
    bool Admits(EntityRevision revision);

    /// <summary>Whether one that does can be used now, as a person who is not disabled. Asked of those that would remain.</summary>
    ValueTask<bool> IsUsableAsync(EntityRevision revision, CancellationToken cancellationToken) => ValueTask.FromResult(true);
}
