using Strata.Api.Auth.Administrators;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Identity.Providers;

/// <summary>
/// Active identity providers: whom they make an administrator is for them to say, so each counts. One without an audience is not believed.
/// </summary>
internal sealed class ProviderAdministrators(ResourceStore<ProviderSpec, Nothing> providers) : IAdministratorSource
{
    public Kind Kind => ProviderKind.Kind;

    public Condition? Where => null;

    public bool Admits(EntityRevision revision) =>
        revision.State == ProviderKind.Active && providers.TryToResource(revision)?.Spec.ExpectedAudiences.Count > 0;
}
