using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Identity.Bindings;

/// <summary>
/// Deletes bindings a week after they expired, and takes out of them who is gone: people who are no members any more, teams and clients
/// that were deleted. Another one of the same name must not get what they had.
/// </summary>
internal sealed class BindingController(ResourceStore<BindingSpec, Nothing> bindings, BindingSubjects subjects, TimeProvider time)
    : Controller<BindingSpec, Nothing>
{
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(7);

    public override string Name => "bindings";

    public override Kind<BindingSpec, Nothing> Kind => BindingKind.Kind;

    public override TimeSpan Period => TimeSpan.FromMinutes(5);

    /// <summary>Housekeeping leaves capacity to work that users wait for.</summary>
    public override int Parallelism => 1;

    public override async Task<TimeSpan?> ReconcileAsync(Resource<BindingSpec, Nothing> resource, CancellationToken cancellationToken)
    {
        if (!TenantId.TryParse(resource.Org, out var tenant)) return null;
        var gone = new List<string>();
        foreach (var subject in resource.Spec.Subjects)
            if (!await subjects.ExistsAsync(tenant, subject, cancellationToken)) gone.Add(subject);
        var isOver = resource.Spec.ExpiresAt is { } end && time.GetUtcNow() - end > KeptFor;
        if (gone.Count == 0 && !isOver) return null;
        var left = resource.Spec.Subjects.Except(gone, StringComparer.Ordinal).ToList();
        Error? error;
        if (isOver || left.Count == 0)
            error = (await bindings.DeleteAsync(CallerIn(tenant), resource.Id, new Revision(resource.Revision), cancellationToken)).Error;
        else
            error = (await bindings.ChangeAsync(
                CallerIn(tenant), resource.Id, now => now with { Spec = now.Spec with { Subjects = left } }, null,
                new Revision(resource.Revision), cancellationToken)).Error;
        // Changed meanwhile: looked at again.
        if (error is { Kind: not (ErrorKind.PreconditionFailed or ErrorKind.Conflict or ErrorKind.NotFound) }) throw error.ToException();
        return null;
    }
}
