using Strata.Core;
using Strata.Entities.Log;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Contract;

/// <summary>Unique keys and scheduled transitions.</summary>
public abstract partial class LogContract
{
    private static readonly UniqueClaim Blue = new("name", "blue");
    private static readonly UniqueClaim Red = new("name", "red");

    [Fact]
    public async Task Append_AClaimThatIsHeld_IsADuplicate()
    {
        var (holder, other) = (Entity(), Entity());
        await Log.CommitAsync(tenant, Create(holder) with { Claims = [Blue] });
        Assert.Equal(holder, await FindAsync(Blue));

        var outcome = await Log.AppendAsync(
            Commit(tenant, Create(Entity()), Create(other) with { Claims = [Red, Blue] }), CancellationToken.None);
        Assert.Equal(new AppendOutcome.Duplicate(other, Blue), outcome);
        Assert.Null(await FindAsync(Red));
        Assert.Null(await Log.ReadAsync(tenant, other));
    }

    [Fact]
    public async Task Append_AClaimOfAnotherModelOrTenantOrKey_IsFree()
    {
        await Log.CommitAsync(tenant, Create(Entity()) with { Claims = [Blue] });
        await Log.CommitAsync(tenant, Create(Entity(), model: new ModelKey("customer", 1)) with { Claims = [Blue] });
        await Log.CommitAsync(tenant, Create(Entity()) with { Claims = [Blue with { Key = "colour" }] });
        await Log.CommitAsync(Tenant(), Create(Entity()) with { Claims = [Blue] });
        var sameModel = await Log.AppendAsync(
            Commit(tenant, Create(Entity(), model: new ModelKey("order", 2)) with { Claims = [Blue] }), CancellationToken.None);
        Assert.IsType<AppendOutcome.Duplicate>(sameModel);
    }

    [Fact]
    public async Task Append_ClaimsOfAnUpdate_ReplaceTheFormerOnes()
    {
        var id = Entity();
        var first = await Log.CommitAsync(tenant, Create(id) with { Claims = [Blue] });
        var asBefore = await Log.CommitAsync(tenant, Update(id, first.Revision));
        Assert.Equal(id, await FindAsync(Blue));

        var renamed = await Log.CommitAsync(tenant, Update(id, asBefore.Revision) with { Claims = [Red] });
        Assert.Equal((null, id), (await FindAsync(Blue), await FindAsync(Red)));

        var same = await Log.CommitAsync(tenant, Update(id, renamed.Revision) with { Claims = [Red, Blue] });
        Assert.Equal((id, id), (await FindAsync(Blue), await FindAsync(Red)));

        await Log.CommitAsync(tenant, Update(id, same.Revision) with { Claims = [] });
        Assert.Equal((null, null), (await FindAsync(Blue), await FindAsync(Red)));
    }

    [Fact]
    public async Task Append_Deletion_ReleasesItsClaims()
    {
        var id = Entity();
        var created = await Log.CommitAsync(tenant, Create(id) with { Claims = [Blue] });
        await Log.CommitAsync(tenant, Delete(id, created.Revision));
        Assert.Null(await FindAsync(Blue));
        await Log.CommitAsync(tenant, Create(Entity()) with { Claims = [Blue] });
    }

    [Fact]
    public async Task Append_ClaimsExchangedInOneCommit_ChangeHands()
    {
        var (a, b) = (Entity(), Entity());
        var created = await Log.CommitAsync(tenant, Create(a) with { Claims = [Blue] }, Create(b) with { Claims = [Red] });
        await Log.CommitAsync(
            tenant, Update(a, created.Revision) with { Claims = [Red] }, Update(b, created.Revision) with { Claims = [Blue] });
        Assert.Equal((b, a), (await FindAsync(Blue), await FindAsync(Red)));
    }

    [Fact]
    public async Task Append_TheSameClaimTwiceInOneCommit_IsADuplicate()
    {
        var second = Entity();
        var commit = Commit(tenant, Create(Entity()) with { Claims = [Blue, Blue] }, Create(second) with { Claims = [Blue] });
        Assert.Equal(new AppendOutcome.Duplicate(second, Blue), await Log.AppendAsync(commit, CancellationToken.None));
    }

    [Fact]
    public async Task Append_ManyClaimsOfOneValueAtOnce_LetsOneWin()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(
            _ => Task.Run(
                async () => await Log.AppendAsync(Commit(tenant, Create(Entity()) with { Claims = [Blue] }), CancellationToken.None))));
        Assert.Single(outcomes.OfType<AppendOutcome.Committed>());
        Assert.Equal(39, outcomes.OfType<AppendOutcome.Duplicate>().Count());
    }

    [Fact]
    public async Task Append_ARefusedCommit_LeavesClaimsAndSchedules()
    {
        var id = Entity();
        var due = DateTimeOffset.UnixEpoch.AddDays(1);
        var created = await Log.CommitAsync(
            tenant, Create(id) with { Claims = [Blue], Schedules = [new ScheduledTransition("expire", due)] });
        var moved = await Log.CommitAsync(tenant, Update(id, created.Revision));
        var stale = Update(id, created.Revision) with { Claims = [Red], Schedules = [] };
        Assert.IsType<AppendOutcome.Conflict>(await Log.AppendAsync(Commit(tenant, stale), CancellationToken.None));
        Assert.Equal((id, null), (await FindAsync(Blue), await FindAsync(Red)));
        Assert.Single(await DueAsync(due));
        await Log.CommitAsync(tenant, Delete(id, moved.Revision));
    }

    [Fact]
    public async Task Due_ByTime_GivesTheLongestDueFirst()
    {
        var (a, b) = (Entity(), Entity());
        var start = DateTimeOffset.UnixEpoch.AddYears(40);
        var late = new ScheduledTransition("remind", start.AddSeconds(2), start.AddHours(1));
        var early = new ScheduledTransition("cancel", start.AddSeconds(1));
        var first = await Log.CommitAsync(tenant, Create(a) with { Schedules = [late] });
        await Log.CommitAsync(tenant, Create(b) with { Schedules = [early, late] });

        Assert.Equal([early, late], await Log.SchedulesAsync(tenant, b, CancellationToken.None));
        Assert.Empty(await Log.SchedulesAsync(tenant, Entity(), CancellationToken.None));
        Assert.Empty(await DueAsync(start));
        Assert.Equal([new DueTransition(tenant, b, early)], await DueAsync(start.AddSeconds(1)));
        var all = await DueAsync(start.AddSeconds(2));
        Assert.Equal((3, new DueTransition(tenant, b, early)), (all.Count, all[0]));
        Assert.Contains(new DueTransition(tenant, a, late), all);

        var kept = await Log.CommitAsync(tenant, Update(a, first.Revision));
        Assert.Equal(3, (await DueAsync(start.AddSeconds(2))).Count);
        var moved = await Log.CommitAsync(tenant, Update(a, kept.Revision) with { Schedules = [late with { DueAt = start.AddDays(1) }] });
        Assert.Equal(2, (await DueAsync(start.AddSeconds(2))).Count);
        await Log.CommitAsync(tenant, Delete(a, moved.Revision));
        Assert.Equal(2, (await DueAsync(start.AddDays(2))).Count);
        Assert.Empty(await Log.SchedulesAsync(tenant, a, CancellationToken.None));
    }

    [Fact]
    public async Task Due_InTurn_GivesTheFirstOfAllTenantsBeforeTheSecondOfAny()
    {
        var start = DateTimeOffset.UnixEpoch.AddYears(-60); // longer due than whatever other tests leave in the store
        var (busy, quiet) = (Tenant(), Tenant());
        var first = await ArmAsync(busy, 0);
        foreach (var second in Enumerable.Range(1, 4)) await ArmAsync(busy, second);
        await ArmAsync(quiet, 9);
        Assert.Equal([(busy, 0), (busy, 1), (busy, 2)], await DueInTurnAsync(null, 3));
        Assert.Equal([(busy, 0), (quiet, 9), (busy, 1)], await DueInTurnAsync(3, 3));
        Assert.Equal([(busy, 0), (quiet, 9), (busy, 1)], await DueInTurnAsync(2, 1000));
        Assert.Equal([(busy, 1), (busy, 2)], await DueInTurnAsync(null, 2, first));
        Assert.Equal([(busy, 1), (quiet, 9), (busy, 2)], await DueInTurnAsync(2, 1000, first));

        async Task<EntityId> ArmAsync(TenantId of, int second)
        {
            var id = Entity();
            await Log.CommitAsync(of, Create(id) with { Schedules = [new ScheduledTransition("remind", start.AddSeconds(second))] });
            return id;
        }

        async Task<IReadOnlyList<(TenantId, int)>> DueInTurnAsync(int? eachMax, int limit, params EntityId[] except)
        {
            var query = new DueQuery(start.AddSeconds(9), limit) { EachMax = eachMax, Except = except };
            return [.. (await Log.DueAsync(query, CancellationToken.None))
                .Select(d => (d.Tenant, (int)(d.Schedule.DueAt - start).TotalSeconds))];
        }
    }

    [Fact]
    public async Task NextDue_IsTheFirstAfterATime()
    {
        var start = DateTimeOffset.UnixEpoch.AddYears(-50); // before whatever other tests leave in the store
        await Log.CommitAsync(tenant, Create(Entity()) with { Schedules = [new ScheduledTransition("a", start.AddSeconds(1)),
            new ScheduledTransition("b", start.AddSeconds(3))] });
        Assert.Equal(start.AddSeconds(1), await Log.NextDueAsync(start, CancellationToken.None));
        Assert.Equal(start.AddSeconds(3), await Log.NextDueAsync(start.AddSeconds(1), CancellationToken.None));
        Assert.Null(await Log.NextDueAsync(DateTimeOffset.UnixEpoch.AddYears(5000), CancellationToken.None));
    }

    private ValueTask<EntityId?> FindAsync(UniqueClaim claim) => Log.FindAsync(tenant, "order", claim, CancellationToken.None);

    private async Task<IReadOnlyList<DueTransition>> DueAsync(DateTimeOffset now) =>
        [.. (await Log.DueAsync(new DueQuery(now, 1000), CancellationToken.None)).Where(d => d.Tenant == tenant)];
}
