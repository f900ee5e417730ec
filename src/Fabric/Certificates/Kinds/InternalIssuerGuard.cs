using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Certificates.Kinds;

/// <summary>The cloud's own authority stays: those who have installed its certificate trust no other.</summary>
internal sealed class InternalIssuerGuard : IDeletionGuard
{
    public Kind Kind => CertificateKinds.Issuer;

    public string Guarded => "the cloud's own authority, which no force removes";

    public WriteCheck? CheckOf(Principal principal, EntityRevision resource) => ForcedOf(resource);

    public WriteCheck? ForcedOf(EntityRevision resource) => ResourceDocument.NameOf(resource) != IssuerSpec.Internal
        ? null : (_, _) => ValueTask.FromResult<Error?>(CertificateErrors.AuthorityNeeded);
}
