using Strata.Api.Auth.Administrators;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Identity.Providers;

/// <summary>
/// Active identity providers: they decide who is an administrator, so each counts. One without an audience is not trusted.
/// </summary>
internal sealed class ProviderAdministrators(ResourceStore<ProviderSpec, Nothing> providers) : IAdministratorSource
{
    public Kind Kind => ProviderKind.Kind;

    public Condition? Where => null;

    public bool Admits(EntityRevision revision) =>
        revision.State == ProviderKind.Active && providers.TryToResource(revision)?.Spec.ExpectedAudiences.Count > 0;
}
