using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.Invitations;
using Strata.Identity.Keys;
using Strata.Identity.Memberships;
using Strata.Identity.OAuth;
using Strata.Identity.Sessions;
using Strata.Identity.StepUp;
using Strata.Identity.Tokens;
using Strata.Resources.Background;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.People;

/// <summary>
/// Ends what has to end without anyone asking: memberships and sessions of people who are removed, and then the people; sessions of those
/// who are disabled; sessions, invitations, requests of programs and key pairs that have expired. Several servers may do so at once: what
/// one has ended is as good for the other. All people are looked through rarely, because there can be a million; in between only those
/// who have changed.
/// </summary>
internal sealed class PeopleKeeper(
    PersonStore people, MembershipStore memberships, SessionStore sessions, InvitationStore invitations, DeviceRequests requests,
    UsedCodes codes, ClientAssertions assertions, StepUpRequests stepUps, SigningKeys keys, Supervisor supervisor, TimeProvider time)
    : SupervisedService(supervisor, "people")
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromHours(1);

    private const int DueMax = 10_000;

    private readonly Lock gate = new();
    private readonly HashSet<EntityId> due = [];
    private bool areAllDue = true; // what ran before this start may have been cut off
    private long? sweptAt;

    /// <summary>To be called when a person has been removed or disabled.</summary>
    public void LookAt(EntityId person)
    {
        lock (gate)
        {
            if (due.Count < DueMax) due.Add(person);
            else areAllDue = true;
        }
    }

    /// <summary>To be called when changes may have gone by unseen.</summary>
    public void LookAtAll()
    {
        lock (gate) areAllDue = true;
    }

    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await RunAsync(stoppingToken);
            work.Succeeded();
        }
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var isSweep = sweptAt is not { } last || time.GetElapsedTime(last) >= SweepInterval;
        List<Func<CancellationToken, Task>> steps =
            [stop => EndAsync(isSweep, stop), requests.SweepAsync, codes.SweepAsync, assertions.SweepAsync, stepUps.SweepAsync];
        if (isSweep)
            steps.AddRange([stop => sessions.SweepAsync(CallerIn(TenantId.Platform), stop),
                stop => invitations.SweepAsync(CallerIn, stop), keys.SweepAsync]);
        var failures = new List<Exception>();
        foreach (var step in steps)
        {
            try
            {
                await step(cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                failures.Add(e); // one that fails does not keep the others from what they end
            }
        }
        if (failures.Count > 0) throw new AggregateException(failures);
        if (isSweep) sweptAt = time.GetTimestamp();
    }

    private async Task EndAsync(bool isSweep, CancellationToken cancellationToken)
    {
        var (some, isAll) = TakeDue();
        try
        {
            if (isAll || isSweep)
            {
                await foreach (var person in people.RemovingAsync(cancellationToken)) await EndAsync(person, cancellationToken);
                await foreach (var person in people.DisabledAsync(cancellationToken)) await EndAsync(person, cancellationToken);
            }
            else
            {
                foreach (var id in some)
                    if (await people.FindAsync(id, cancellationToken) is { } person) await EndAsync(person, cancellationToken);
            }
        }
        catch
        {
            if (isAll) LookAtAll();
            foreach (var id in some) LookAt(id);
            throw;
        }
    }

    private (IReadOnlyList<EntityId> Some, bool IsAll) TakeDue()
    {
        lock (gate)
        {
            var taken = ((IReadOnlyList<EntityId>)[.. due], areAllDue);
            due.Clear();
            areAllDue = false;
            return taken;
        }
    }

    private async Task EndAsync(PersonResource person, CancellationToken cancellationToken)
    {
        if (person.State == PersonKind.Removing) await RemoveAsync(person, cancellationToken);
        else await sessions.EndIfDisabledAsync(person, cancellationToken);
    }

    private async Task RemoveAsync(PersonResource person, CancellationToken cancellationToken)
    {
        await sessions.RemoveAsync(CallerIn(TenantId.Platform), person.Status.Sessions);
        foreach (var id in person.Status.Organizations)
        {
            if (!TenantId.TryParse(id, out var tenant)) continue;
            if (await memberships.FindAsync(tenant, person, cancellationToken) is not { } membership) continue;
            var ended = await memberships.EndAsync(CallerIn(tenant), membership.Id, cancellationToken);
            if (!ended.IsOk) throw ended.Error.ToException();
        }
        await people.DeleteAsync(CallerIn(TenantId.Platform), person, cancellationToken);
    }

    private static Caller CallerIn(TenantId tenant) => new(tenant, "system:people");
}
