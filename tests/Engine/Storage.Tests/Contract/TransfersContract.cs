using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Contract;

/// <summary>History that is brought in is as it was.</summary>
public abstract class TransfersContract(IStore store)
{
    private readonly TenantId source = Tenant();
    private readonly TenantId target = Tenant();

    protected TenantId Target => target;

    private string Lease => $"import/{target}";

    private IEntityLog Log => store.Log;

    protected ITransfers Transfers => store.Transfers;

    [Fact]
    public async Task Publish_AStagedHistory_IsAsItWas()
    {
        var (a, b) = await FillAsync();
        Assert.Equal(Revision.None, await CopyAsync());

        var (was, now) = (await HistoryAsync(source), await HistoryAsync(target));
        Assert.Equal(was.Select(Facts), now.Select(Facts));
        foreach (var (x, y) in was.Zip(now)) SameJson(x.Document.ToString(), y.Document);
        Assert.Equal(was[1].Audit, now[1].Audit);
        Assert.Null(await Log.ReadAsync(target, a));
        SameJson("""{"v":2}""", (await Log.ReadAsync(target, b))!.Document);
        SameJson("""{"v":1}""", (await Log.ReadAsync(target, b, AsOf.At(new Revision(2))))!.Document);
        Assert.Equal(b, await Log.FindAsync(target, "order", new UniqueClaim("number", "1"), default));
        Assert.Equal(await Log.SchedulesAsync(source, b, default), await Log.SchedulesAsync(target, b, default));
        Assert.Equal(was[0].Revision, await Log.FindCommitAsync(target, was[0].Commit, default));
        Assert.Equal(b, Assert.Single(await Log.ScanAsync(Scan(target))).Id);
        Assert.Empty((await Transfers.StagedAsync(target, Revision.None, 10, default)).Changes);

        var head = (await Log.ReadAsync(target, b))!.Revision;
        var next = await Log.CommitAsync(target, Update(b, head, """{"v":3}"""));
        Assert.Equal(4, next.Revision.Value);
        Assert.True(next.At >= now[^1].ChangedAt);
    }

    [Fact]
    public async Task Publish_BehindResourcesOfThePlatform_MovesTheNumbers()
    {
        await FillAsync();
        await Log.CommitAsync(target, Create(Entity(), model: new ModelKey("strata.project", 1)));
        await Log.CommitAsync(target, Create(Entity(), model: new ModelKey("strata.token", 1)));
        Assert.Equal(new Revision(2), await CopyAsync());
        Assert.Equal(
            (await HistoryAsync(source)).Select(r => r.Revision.Value + 2), (await HistoryAsync(target)).Select(r => r.Revision.Value));
        Assert.Equal(new Revision(5), await Log.HeadAsync(target, default));
    }

    [Fact]
    public async Task Publish_WhereUsersHaveSomething_ChangesNothing()
    {
        await FillAsync();
        await StageAsync();
        Assert.True(await Transfers.IsEmptyAsync(target, default));
        await Log.CommitAsync(target, Create(Entity(), model: StoredModel.Key));
        Assert.False(await Transfers.IsEmptyAsync(target, default));
        Assert.IsType<PublishOutcome.NotEmpty>(await Transfers.PublishAsync(target, new Revision(3), MarkOf, await FenceAsync(), default));
        Assert.Equal(new Revision(1), await Log.HeadAsync(target, default));
        Assert.Single(await HistoryAsync(target));
    }

    [Fact]
    public async Task Stage_Twice_IsOnce_AndNobodySeesItUntilItIsPublished()
    {
        var (_, b) = await FillAsync();
        await StageAsync();
        await StageAsync();
        Assert.Empty(await HistoryAsync(target));
        Assert.Null(await Log.ReadAsync(target, b));
        var staged = new List<EntityRevision>();
        for (var page = await Transfers.StagedAsync(target, Revision.None, 1, default); page.Changes.Count > 0; page =
            await Transfers.StagedAsync(target, page.Position, 1, default))
            staged.AddRange(page.Changes);
        Assert.Equal((await HistoryAsync(source)).Select(Facts), staged.Select(Facts));
        Assert.True(await Transfers.UnstageAsync(target, revisions: true, await FenceAsync(), default));
        Assert.Empty((await Transfers.StagedAsync(target, Revision.None, 10, default)).Changes);
        Assert.True(await Transfers.IsEmptyAsync(target, default));
    }

    [Fact]
    public async Task Stage_WithTheFenceOfAFormerHolder_ChangesNothing()
    {
        await FillAsync();
        await StageAsync();
        var stale = await FenceAsync();
        await TakeOverAsync();
        var more = (await HistoryAsync(source))[^1] with { Revision = new Revision(9) };
        var claim = new HeldClaim("", more.Id, "order", new UniqueClaim("number", "2"));
        Assert.False(await Transfers.StageAsync(target, new HistoryPart { Revisions = [more] }, stale, default));
        Assert.False(await Transfers.StageAsync(target, new HistoryPart { Claims = [claim] }, stale, default));
        Assert.False(
            await Transfers.StageAsync(
                target, new HistoryPart { Schedules = await Transfers.SchedulesAsync(source, null, 1, default) }, stale, default));
        Assert.False(await Transfers.UnstageAsync(target, revisions: true, stale, default));
        Assert.False(await Transfers.UnstageAsync(target, revisions: false, stale, default));
        var held = await FenceAsync("b");
        var outcome = await Transfers.PublishAsync(target, await Log.HeadAsync(source, default), MarkOf, held, default);
        Assert.IsType<PublishOutcome.Published>(outcome);
        Assert.Equal((await HistoryAsync(source)).Select(Facts), (await HistoryAsync(target)).Select(Facts));
        Assert.Equal(["1"], (await Transfers.ClaimsAsync(target, null, 10, default)).Select(c => c.Claim.Value));
        Assert.Equal(2, (await Transfers.SchedulesAsync(target, null, 10, default)).Count);
    }

    [Fact]
    public async Task Publish_WithTheFenceOfAFormerHolder_ChangesNothing()
    {
        await FillAsync();
        await StageAsync();
        var stale = await FenceAsync();
        await TakeOverAsync();
        Assert.IsType<PublishOutcome.Fenced>(await Transfers.PublishAsync(target, new Revision(3), MarkOf, stale, default));
        await store.Leases.ReleaseAllAsync(Lease, default);
        Assert.IsType<PublishOutcome.Fenced>(await Transfers.PublishAsync(target, new Revision(3), MarkOf, stale, default));
        Assert.Empty(await HistoryAsync(target));
        Assert.Equal(Revision.None, await Log.HeadAsync(target, default));
        Assert.Null(await store.DurableValues.ReadAsync(target, "import", default));
        Assert.NotEmpty((await Transfers.StagedAsync(target, Revision.None, 10, default)).Changes);
    }

    [Fact]
    public async Task Append_WhileAnImportIsUnderWay_TakesThePlatformsAlone()
    {
        var (old, other) = (Entity(), Tenant());
        var first = Commit(target, Create(old));
        Assert.IsType<AppendOutcome.Committed>(await Log.AppendAsync(first, default));
        var revision = (await Log.ReadAsync(target, old))!.Revision;
        Assert.True(await Transfers.CloseAsync(target, TimeProvider.System.GetUtcNow().AddHours(1), await FenceAsync(), default));

        Assert.IsType<AppendOutcome.Importing>(await Log.AppendAsync(Commit(target, Create(Entity())), default));
        Assert.IsType<AppendOutcome.Importing>(await Log.AppendAsync(Commit(target, Create(Entity(), model: StoredModel.Key)), default));
        Assert.IsType<AppendOutcome.Importing>(await Log.AppendAsync(Commit(target, Update(old, revision, "{}")), default));
        Assert.IsType<AppendOutcome.Importing>(await Log.AppendAsync(Commit(target, Delete(old, revision)), default));
        Assert.IsType<AppendOutcome.AlreadyCommitted>(await Log.AppendAsync(first, default));
        var platforms = Entity();
        await Log.CommitAsync(target, Create(platforms, model: new ModelKey("strata.token", 1)));
        await Log.CommitAsync(
            target, Update(
                platforms, (await Log.ReadAsync(target, platforms))!.Revision, "{}") with { Model = new ModelKey("strata.token", 1) });
        Assert.Equal(new Revision(3), await Log.HeadAsync(target, default));

        // Such that come at once are in one group, each has its own outcome.
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 60).Select(async i => await Log.AppendAsync(
            Commit(i % 3 == 0 ? other : target, Create(Entity(), model: i % 3 == 1 ? new ModelKey("strata.token", 1) : null)), default)));
        Assert.All(outcomes.Index(), o => Assert.Equal(o.Index % 3 == 2, o.Item is AppendOutcome.Importing));
        Assert.Equal(20, outcomes.Count(o => o is AppendOutcome.Importing));

        Assert.True(await Transfers.OpenAsync(target, await FenceAsync(), default));
        Assert.IsType<AppendOutcome.Committed>(await Log.AppendAsync(Commit(target, Update(old, revision, "{}")), default));
    }

    [Fact]
    public async Task Append_AfterAnImportHasExpired_IsAccepted()
    {
        Assert.True(await Transfers.CloseAsync(target, TimeProvider.System.GetUtcNow().AddSeconds(-1), await FenceAsync(), default));
        var entity = Entity();
        await Log.CommitAsync(target, Create(entity));
        await Log.CommitAsync(target, Update(entity, new Revision(1), "{}"));
    }

    [Fact]
    public async Task Close_IsForTheHolderOfTheLease_AndEndsWithThePublishing()
    {
        await FillAsync();
        await StageAsync();
        var stale = await FenceAsync();
        await TakeOverAsync();
        Assert.False(await Transfers.CloseAsync(target, TimeProvider.System.GetUtcNow().AddHours(1), stale, default));
        var held = await FenceAsync("b");
        Assert.True(await Transfers.CloseAsync(target, TimeProvider.System.GetUtcNow().AddHours(1), held, default));
        Assert.False(await Transfers.OpenAsync(target, stale, default));
        Assert.IsType<AppendOutcome.Importing>(await Log.AppendAsync(Commit(target, Create(Entity())), default));
        Assert.IsType<PublishOutcome.Published>(await Transfers.PublishAsync(target, new Revision(3), MarkOf, held, default));
        await Log.CommitAsync(target, Create(Entity()));
        Assert.IsType<PublishOutcome.NotEmpty>(await Transfers.PublishAsync(target, new Revision(3), MarkOf, held, default));
        await Log.CommitAsync(target, Create(Entity()));
    }

    [Fact]
    public async Task Close_ForLessThanItIs_StaysAsLong_AndExpiredAreListed()
    {
        var now = TimeProvider.System.GetUtcNow();
        Assert.True(await Transfers.CloseAsync(target, now.AddHours(1), await FenceAsync(), default));
        Assert.True(await Transfers.CloseAsync(target, now.AddHours(-1), await FenceAsync(), default));
        Assert.IsType<AppendOutcome.Importing>(await Log.AppendAsync(Commit(target, Create(Entity())), default));
        Assert.DoesNotContain(target, await Transfers.ExpiredAsync(now, null, 1000, default));

        Assert.True(await Transfers.OpenAsync(target, await FenceAsync(), default));
        Assert.True(await Transfers.CloseAsync(target, now.AddHours(-1), await FenceAsync(), default));
        Assert.Contains(target, await Transfers.ExpiredAsync(now, null, 1000, default));
        Assert.DoesNotContain(target, await Transfers.ExpiredAsync(now, target, 1000, default));
        Assert.DoesNotContain(target, await Transfers.ExpiredAsync(now.AddHours(-2), null, 1000, default));
        Assert.True(await Transfers.OpenAsync(target, await FenceAsync(), default));
        Assert.DoesNotContain(target, await Transfers.ExpiredAsync(now, null, 1000, default));
    }

    private static object Facts(EntityRevision r) =>
        (r.Id, r.Model, r.Revision, r.Commit, r.State, r.CreatedAt, r.ChangedAt, r.ChangedBy, r.Transition, r.Deleted);

    /// <summary>Two entities: one is deleted in the end, the other holds a key and a schedule.</summary>
    protected async Task<(EntityId Deleted, EntityId Living)> FillAsync()
    {
        var (a, b) = (Entity(), Entity());
        var due = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var first = await Log.CommitAsync(source, Create(b, """{"v":0}"""), Create(a, """{"v":1.50}""") with { Audit = [new AuditEvent("TRANSITION_MAKE", "NEW", "x"), new AuditEvent("CANCEL", null, null, "$.a = 1", "it is 2")] });
        var second = await Log.CommitAsync(source, Update(b, first.Revision, """{"v":1}"""));
        await Log.CommitAsync(source, Delete(a, first.Revision), Update(b, second.Revision, """{"v":2}""") with
        {
            Claims = [new UniqueClaim("number", "1")],
            Schedules = [new ScheduledTransition("late", due), new ScheduledTransition("later", due.AddDays(1), due.AddDays(2))],
        });
        return (a, b);
    }

    private async Task<Revision?> CopyAsync()
    {
        await StageAsync();
        var outcome = await Transfers.PublishAsync(target, await Log.HeadAsync(source, default), MarkOf, await FenceAsync(), default);
        return (outcome as PublishOutcome.Published)?.End;
    }

    protected async Task StageAsync()
    {
        var fence = await FenceAsync();
        Assert.True(await Transfers.StageAsync(target, new HistoryPart { Revisions = await HistoryAsync(source) }, fence, default));
        var (claims, schedules) = (
            await Transfers.ClaimsAsync(source, null, 10, default), await Transfers.SchedulesAsync(source, null, 1, default));
        var rest = await Transfers.SchedulesAsync(source, schedules[0].Cursor, 10, default);
        Assert.True(
            await Transfers.StageAsync(target, new HistoryPart { Claims = claims, Schedules = [.. schedules, .. rest] }, fence, default));
    }

    protected async Task<IReadOnlyList<EntityRevision>> HistoryAsync(TenantId tenant) =>
        (await Log.FollowAsync(
            new Follow { Tenant = tenant, After = Revision.None, Limit = 1000, Models = ModelFilter.UsersAndDefinitions, WithAudit = true },
            default)).Changes;

    protected async Task<Fence> FenceAsync(string holder = "a") =>
        new(Lease, (await store.Leases.TryHoldAsync(Lease, holder, TimeSpan.FromHours(1), default))!.Value);

    protected async Task TakeOverAsync() => await store.Leases.TakeOverAsync(Lease, "b", TimeSpan.FromHours(1), default);

    protected static DurableValue MarkOf(Revision end) => new("import", JsonText.FromString($$"""{"end":{{end.Value}}}"""));
}

public sealed class MemoryTransfersTests(MemoryStore store) : TransfersContract(store), IClassFixture<MemoryStore>;

public sealed class PostgresTransfersTests(PostgresDatabase store) : TransfersContract(store), IClassFixture<PostgresDatabase>
{
    /// <summary>Also where the lease passes on between the first check and the last one.</summary>
    [Fact]
    public async Task Publish_WhoseLeaseIsTakenMeanwhile_ChangesNothing()
    {
        await FillAsync();
        await StageAsync();
        var stale = await FenceAsync();
        DurableValue TakenMeanwhile(Revision end)
        {
            Task.Run(TakeOverAsync).GetAwaiter().GetResult();
            return MarkOf(end);
        }
        Assert.IsType<PublishOutcome.Fenced>(await Transfers.PublishAsync(Target, new Revision(3), TakenMeanwhile, stale, default));
        Assert.Empty(await HistoryAsync(Target));
        Assert.NotEmpty((await Transfers.StagedAsync(Target, Revision.None, 10, default)).Changes);
    }
}
