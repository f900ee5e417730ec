using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Identity.Invitations;
using Strata.Identity.Keys;
using Strata.Identity.Memberships;
using Strata.Identity.OAuth;
using Strata.Identity.Sessions;
using Strata.Identity.StepUp;
using Strata.Identity.Tokens;
using Strata.Resources.Background;

namespace Strata.Identity.People;

/// <summary>
/// Ends what has to end without anyone asking: memberships and sessions of people who are removed, and then the people; sessions of those
/// who are disabled; sessions, invitations, requests of programs and key pairs that have expired. Several servers may do so at once: what
/// one has ended is as good for the other. People are looked through only when there may be something to end: there can be a million.
/// </summary>
internal sealed class PeopleKeeper(
    PersonStore people, MembershipStore memberships, SessionStore sessions, InvitationStore invitations, DeviceRequests requests,
    UsedCodes codes, ClientAssertions assertions, StepUpRequests stepUps, SigningKeys keys, Supervisor supervisor, TimeProvider time)
    : SupervisedService(supervisor, "people")
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromHours(1);

    private long? sweptAt;

    // 1: someone may have to be ended. What ran before this start was cut off.
    private int isDue = 1;

    /// <summary>To be called when a person has been removed or disabled, or when changes may have gone by unseen.</summary>
    public void LookAgain() => Volatile.Write(ref isDue, 1);

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
        if (Interlocked.Exchange(ref isDue, 0) == 1 || isSweep) await EndAsync(cancellationToken);
        await requests.SweepAsync(cancellationToken);
        await codes.SweepAsync(cancellationToken);
        await assertions.SweepAsync(cancellationToken);
        await stepUps.SweepAsync(cancellationToken);
        if (!isSweep) return;
        await sessions.SweepAsync(CallerIn(TenantId.Platform), cancellationToken);
        await invitations.SweepAsync(CallerIn, cancellationToken);
        await keys.SweepAsync(cancellationToken);
        sweptAt = time.GetTimestamp();
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RemoveAsync(cancellationToken);
            await foreach (var person in people.DisabledAsync(cancellationToken))
                await sessions.EndIfDisabledAsync(person, cancellationToken);
        }
        catch
        {
            LookAgain();
            throw;
        }
    }

    private async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await foreach (var person in people.RemovingAsync(cancellationToken))
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
    }

    private static Caller CallerIn(TenantId tenant) => new(tenant, "system:people");
}
