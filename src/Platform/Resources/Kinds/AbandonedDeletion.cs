using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Informers;

namespace Strata.Resources.Kinds;

/// <summary>
/// Removes the mark of an unfinished deletion, whose server died or lost the database in between: nothing can be created in what is marked,
/// and an organization's tokens are refused meanwhile. A deletion that is only slow loses nothing by it: it deletes the revision that it
/// has marked and no other, so it fails and can be repeated.
/// </summary>
internal abstract class AbandonedDeletion<TSpec>(ResourceStore<TSpec, Nothing> store, Kind<TSpec, Nothing> kind, TimeProvider time)
    : Controller<TSpec, Nothing>
{
    /// <summary>A deletion takes milliseconds from its mark on.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public override string Name => kind.Name + "-deletion";

    public override Kind<TSpec, Nothing> Kind => kind;

    /// <summary>Rarely: a mark wakes it, and it runs first at the start.</summary>
    public override TimeSpan Period => TimeSpan.FromMinutes(10);

    public override Task<TimeSpan?> ReconcileAsync(Resource<TSpec, Nothing> resource, CancellationToken cancellationToken) =>
        RestoreAsync(resource, cancellationToken);

    private protected async Task<TimeSpan?> RestoreAsync(Resource<TSpec, Nothing> resource, CancellationToken cancellationToken)
    {
        var mark = kind.Deleting!;
        if (resource.State != mark.State) return null;
        var left = resource.UpdatedAt + Patience - time.GetUtcNow();
        if (left > TimeSpan.Zero) return left;
        if (!TenantId.TryParse(resource.Org, out var tenant)) tenant = TenantId.Platform;
        var restored = await store.ChangeAsync(
            CallerIn(tenant), resource.Id, x => x, mark.Cancel, new Revision(resource.Revision), cancellationToken);
        ThrowUnlessOvertaken(restored.Error);
        return null;
    }

    /// <summary>What was deleted meanwhile needs nothing more; what was changed wakes this controller again.</summary>
    private protected static void ThrowUnlessOvertaken(Error? error)
    {
        if (error is { Kind: not (ErrorKind.PreconditionFailed or ErrorKind.Conflict or ErrorKind.NotFound) }) throw error.ToException();
    }
}

internal sealed class AbandonedEnvironmentDeletion(ResourceStore<EnvironmentSpec, Nothing> store, TimeProvider time)
    : AbandonedDeletion<EnvironmentSpec>(store, EnvironmentKind.Kind, time);

internal sealed class AbandonedOrganizationDeletion(ResourceStore<OrganizationSpec, Nothing> store, TimeProvider time)
    : AbandonedDeletion<OrganizationSpec>(store, OrganizationKind.Kind, time);

/// <summary>
/// Also deletes a project whose organization is deleted: a server that dies between the two looks at the organization that creating a
/// project takes leaves
/// one behind. No token is valid for it, so it should be empty; one that is not is left for an operator to inspect.
/// </summary>
internal sealed class AbandonedProjectDeletion(
    ResourceStore<ProjectSpec, Nothing> store, Informer<OrganizationSpec, Nothing> organizations, IEntityLog log, OwnedResources belongings,
    TimeProvider time)
    : AbandonedDeletion<ProjectSpec>(store, ProjectKind.Kind, time)
{
    private readonly TimeProvider time = time;
    private readonly ResourceStore<ProjectSpec, Nothing> store = store;

    public override async Task<TimeSpan?> ReconcileAsync(Resource<ProjectSpec, Nothing> resource, CancellationToken cancellationToken)
    {
        if (!TenantId.TryParse(resource.Org, out var tenant) || IsThere(tenant) || !await log.IsDeletedAsync(tenant, cancellationToken))
            return await RestoreAsync(resource, cancellationToken);
        var left = resource.CreatedAt + Patience - time.GetUtcNow(); // the server that creates it may be about to take it away itself
        if (left > TimeSpan.Zero) return left;
        var project = await log.ReadAsync(tenant, ProjectKind.Kind.EntityOf(resource.Id), AsOf.Latest, cancellationToken);
        if (project is null) return null;
        if (await belongings.CheckAsync(ProjectKind.Kind, project, cancellationToken) is not null)
            return await RestoreAsync(resource, cancellationToken);
        await DeleteAsync(CallerIn(tenant), resource, cancellationToken);
        return null;
    }

    /// <summary>From memory: the log is asked for an organization that was deleted or never there.</summary>
    private bool IsThere(TenantId tenant) =>
        organizations.Untyped.Get(new ResourceKey(TenantId.Platform, new EntityId(tenant.Value))) is not null;

    /// <summary>
    /// Marked before the check that counts, as by a user's DELETE: what is created in it from then on is refused, and what was created
    /// before is seen. A mark that stays because this fails is taken up by the next look.
    /// </summary>
    private async Task DeleteAsync(Caller caller, Resource<ProjectSpec, Nothing> resource, CancellationToken cancellationToken)
    {
        var mark = ProjectKind.Kind.Deleting!;
        var revision = new Revision(resource.Revision);
        if (resource.State != mark.State)
        {
            var marked = await store.ChangeAsync(caller, resource.Id, x => x, mark.Begin, revision, cancellationToken);
            if (!marked.IsOk)
            {
                ThrowUnlessOvertaken(marked.Error);
                return;
            }
            revision = new Revision(marked.Value.Revision);
        }
        var project = await log.ReadAsync(caller.Tenant, ProjectKind.Kind.EntityOf(resource.Id), AsOf.Latest, cancellationToken);
        if (project is null || project.Revision != revision) return; // overtaken
        if (await belongings.CheckAsync(ProjectKind.Kind, project, cancellationToken) is null)
            ThrowUnlessOvertaken((await store.DeleteAsync(caller, resource.Id, revision, cancellationToken)).Error);
        else
            ThrowUnlessOvertaken((await store.ChangeAsync(caller, resource.Id, x => x, mark.Cancel, revision, cancellationToken)).Error);
    }
}
