using Strata.Api.Auth.Administrators;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Identity.Providers;

/// <summary>Active identity providers: whom they make an administrator is for them to say, so each counts.</summary>
internal sealed class ProviderAdministrators : IAdministratorSource
{
    public Kind Kind => ProviderKind.Kind;

    public Condition? Where => null;

    public bool Admits(EntityRevision revision) => revision.State == ProviderKind.Active;
}
