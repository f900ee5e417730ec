using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Administrators;

/// <summary>
/// A kind whose resources give someone rights. Who has fewer does not take them away either: an administrator of an organization could
/// otherwise throw the cloud's operators out.
/// </summary>
public interface IHeldRights
{
    Kind Kind { get; }

    /// <returns>FORBIDDEN where the resource, as it is, gives more than the caller has.</returns>
    ValueTask<Error?> RefuseAsync(Principal principal, EntityRevision resource, CancellationToken cancellationToken);
}
