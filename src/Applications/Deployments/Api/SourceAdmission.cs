using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Blobs;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Build;
using Strata.Deployments.Kinds;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Api;

/// <summary>What a release may be made from, besides what its text shows.</summary>
internal sealed class SourceAdmission(IBlobStore blobs, DeploymentStores stores, DeploymentViews views) : ISpecAdmission
{
    private const string Archive = "source.archive";
    private const string Release = "source.release";

    public Kind Kind => DeploymentKinds.Release;

    public async ValueTask<Result<ValidationError?>> CheckAsync(
        Principal principal, TenantId tenant, JsonElement spec, CancellationToken cancellationToken)
    {
        if (TextOf(spec, Archive) is { } archive) return await CheckArchiveAsync(principal, tenant, archive, cancellationToken);
        if (TextOf(spec, Release) is not { } release || TextOf(spec, "deployment") is not { } deployment) return default(ValidationError?);
        return await CheckReleaseAsync(tenant, release, deployment, cancellationToken) is { } fault
            ? new ValidationError("spec." + Release, fault) : default(ValidationError?);
    }

    /// <summary>
    /// A token of one project builds only archives that the project has uploaded: another project's archive does not exist for it.
    /// </summary>
    private async ValueTask<Result<ValidationError?>> CheckArchiveAsync(
        Principal principal, TenantId tenant, string archive, CancellationToken cancellationToken)
    {
        if (principal.Project is not { } project || principal.MayInAll("blobs.read")) return default(ValidationError?);
        if (!Digest.TryParse(archive, out var digest)) return default(ValidationError?);
        return (await blobs.IsGrantedAsync(tenant, digest, project, cancellationToken))
            .Then<ValidationError?>(granted => granted
                ? default(ValidationError?) : new ValidationError("spec." + Archive, BlobErrors.NotFound(digest).Message));
    }

    /// <summary>
    /// One of the same deployment, and only while none of it is being built: the new release would end that build, because it is later, and
    /// run older files.
    /// </summary>
    private async ValueTask<string?> CheckReleaseAsync(
        TenantId tenant, string release, string nameOrId, CancellationToken cancellationToken)
    {
        var caller = new Caller(tenant, "system:releases");
        var found = await stores.Deployments.GetAsync(caller, nameOrId, AsOf.Latest, cancellationToken);
        if (!found.TryGet(out var deployment, out _)) return null; // which is what is reported
        var source = await stores.Releases.GetAsync(caller, release, AsOf.Latest, cancellationToken);
        if (ReleaseOfRelease.FaultOf(release, source.IsOk ? source.Value : null, deployment) is { } fault) return fault;
        await views.Hub.CatchUpWithStoreAsync(tenant, cancellationToken);
        var building = new[] { deployment.Id, deployment.Name }
            .SelectMany(reference => views.Releases.Find(DeploymentViews.ReleasesByDeployment, tenant, reference))
            .FirstOrDefault(r => !ReleaseStates.IsEnd(r.State));
        return building is null ? null
            : $"\"{building.Name}\" is being built. It gets the variables of now if its build has not begun; otherwise send this once it is done.";
    }

    private static string? TextOf(JsonElement spec, string field) =>
        SpecReferences.Find(spec, field) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
