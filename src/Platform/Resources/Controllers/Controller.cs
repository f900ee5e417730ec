using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Resources.Controllers;

/// <summary>
/// Drives each resource of one kind to where it should be. Idempotent; takes no input but what the resource is now; woken by signal (the
/// change feed) and by period. One file holds one. The host runs a controller on exactly one server at a time (a lease) and cancels the
/// token when the lease is lost; it never runs two reconciliations of one resource at once, and after a failure tries again with
/// exponential back-off.
/// </summary>
public abstract class Controller<TSpec, TStatus>
{
    /// <summary>Of the lease and the actor (<c>controller:NAME</c>).</summary>
    public abstract string Name { get; }

    public abstract Kind<TSpec, TStatus> Kind { get; }

    /// <summary>Every resource is looked at this often even without a signal, from memory.</summary>
    public virtual TimeSpan Period => TimeSpan.FromSeconds(30);

    /// <summary>Resources worked on at once.</summary>
    public virtual int Parallelism => 8;

    /// <summary>Other kinds whose changes concern a resource of this kind, and which.</summary>
    public virtual IReadOnlyList<Related> Related => [];

    /// <summary>
    /// Called at once for each change of the kind and of related kinds, also for a resource that is being worked on, so that long work can
    /// end early. Must not wait; a change may be missed, so nothing but speed may depend on it. May be called while this server does not
    /// hold the lease.
    /// </summary>
    public virtual void Notice(EntityRevision change)
    {
    }

    /// <summary>
    /// The fence of this server's term; null outside of one (in tests). Set by the host, which runs one term after the other.
    /// </summary>
    protected Fence? Term { get; private set; }

    /// <summary>
    /// When this server's term began; before all time outside of one. What a controller waits for may have had no server to speak to
    /// before.
    /// </summary>
    protected DateTimeOffset TermBegan { get; private set; }

    /// <summary>To be called before the first reconciliation of each term.</summary>
    public void BeginTerm(Fence? term, DateTimeOffset now) => (Term, TermBegan) = (term, now);

    /// <summary>
    /// Who this controller is in an organization's log. Everything that it writes must be written so: when another server has taken the
    /// controller over, the commit is refused.
    /// </summary>
    protected Caller CallerIn(TenantId tenant) => new(tenant, "controller:" + Name) { Fence = Term };

    /// <returns>When to look again even without a signal; null: by period.</returns>
    public abstract Task<TimeSpan?> ReconcileAsync(Resource<TSpec, TStatus> resource, CancellationToken cancellationToken);
}

/// <summary>A kind whose changes wake a controller of another kind.</summary>
/// <param name="Affects">From a changed entity to the resources to reconcile; quick, from the entity and the informers alone.</param>
public sealed record Related(Kind Kind, Func<EntityRevision, IEnumerable<ResourceKey>> Affects)
{
    /// <summary>One resource of the same organization, which the changed entity names by its id.</summary>
    /// <param name="of">The kind of what is affected.</param>
    /// <param name="idOf">Null: nothing is affected.</param>
    public static Related ById(Kind kind, Kind of, Func<EntityRevision, string?> idOf) => new(
        kind, change => idOf(change) is { } text && of.TryParseId(text, out var id) ? [new ResourceKey(change.Tenant, id)] : []);
}
