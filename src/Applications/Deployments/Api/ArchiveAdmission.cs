using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Blobs;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Api;

/// <summary>
/// A token of one project builds only archives that the project has uploaded: another project's archive does not exist for it.
/// </summary>
internal sealed class ArchiveAdmission(IBlobStore blobs) : ISpecAdmission
{
    private const string Field = "source.archive";

    public Kind Kind => DeploymentKinds.Release;

    public async ValueTask<Result<ValidationError?>> CheckAsync(
        Principal principal, TenantId tenant, JsonElement spec, CancellationToken cancellationToken)
    {
        if (principal.Project is not { } project || principal.MayInAll("blobs.read")
            || SpecReferences.Find(spec, Field) is not { ValueKind: JsonValueKind.String } archive)
            return default(ValidationError?);
        if (!Digest.TryParse(archive.GetString(), out var digest)) return default(ValidationError?);
        return (await blobs.IsGrantedAsync(tenant, digest, project, cancellationToken))
            .Then<ValidationError?>(granted => granted
                ? default(ValidationError?) : new ValidationError("spec." + Field, BlobErrors.NotFound(digest).Message));
    }
}
