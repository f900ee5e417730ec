using Strata.Api.Auth;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>Refuses a user's DELETE that is most likely a mistake, unless the request says <c>?force=true</c>.</summary>
public interface IDeletionGuard
{
    Kind Kind { get; }

    /// <summary>What it guards, for the description of <c>force</c>: for example <c>the token of this call</c>.</summary>
    string Guarded { get; }

    /// <returns>Null: this deletion needs no check. Otherwise what it reads in the deletion's transaction must still be so when the
    /// deletion takes effect.</returns>
    WriteCheck? CheckOf(Principal principal, EntityRevision resource);

    /// <summary>What a forced deletion does besides, in its transaction; null: nothing.</summary>
    WriteCheck? ForcedOf(EntityRevision resource) => null;
}
