using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Core;
using Strata.Deployments.Blobs;
using Strata.Deployments.Kinds;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Api;

/// <summary>A token of one project builds only archives that the project has put: the archive of another one does not exist for it.</summary>
internal sealed class ArchiveAdmission(BlobGrants grants) : ISpecAdmission
{
    private const string Field = "source.archive";

    public Kind Kind => DeploymentKinds.Release;

    public SpecFault? Check(Principal principal, TenantId tenant, JsonElement spec)
    {
        if (principal.Project is not { } project || SpecReferences.Find(spec, Field) is not { ValueKind: JsonValueKind.String } archive) return null;
        return !Digest.TryParse(archive.GetString(), out var digest) || grants.Has(tenant, project, digest)
            ? null : new SpecFault("spec." + Field, BlobErrors.NotFound(digest).Message);
    }
}
