using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Certificates.Kinds;

/// <summary>
/// Users create certificates of their own, which they then bring. What the cloud signs, or orders in its name, is decided by the hosts
/// that a project has claimed alone.
/// </summary>
internal sealed class CertificateAdmission : ISpecAdmission
{
    public Kind Kind => CertificateKinds.Certificate;

    public ValueTask<Result<ValidationError?>> CheckAsync(
        Principal principal, TenantId tenant, JsonElement spec, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Result.Of(Fault(spec)));

    private static ValidationError? Fault(JsonElement spec)
    {
        if (!spec.TryGetProperty("own", out var own) || own.ValueKind != JsonValueKind.True)
            return new ValidationError("spec.own", CertificateKinds.OwnOnly);
        return spec.TryGetProperty("hosts", out var hosts) && hosts.ValueKind == JsonValueKind.Array && hosts.GetArrayLength() > 0
            ? new ValidationError("spec.hosts", "Leave it out: your own certificate says itself which hosts it is for.") : null;
    }
}
