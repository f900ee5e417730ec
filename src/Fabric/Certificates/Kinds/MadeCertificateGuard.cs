using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Certificates.Kinds;

/// <summary>What the cloud makes ends with its host: removed by hand, it would be ordered again at once.</summary>
internal sealed class MadeCertificateGuard : IDeletionGuard
{
    public Kind Kind => CertificateKinds.Certificate;

    public string Guarded => "a certificate that the cloud makes, which no force removes";

    public WriteCheck? CheckOf(Principal principal, EntityRevision resource) => ForcedOf(resource);

    public WriteCheck? ForcedOf(EntityRevision resource) => CertificateKinds.MadeByHost.KeysOf(resource).Count == 0
        ? null : (_, _) => ValueTask.FromResult<Error?>(CertificateErrors.Needed(ResourceDocument.NameOf(resource)));
}
