using Strata.Core;
using Strata.Entities.Log;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Contract;

/// <summary>What every log must do: commits, reads, history, followers.</summary>
public abstract partial class LogContract(IStore store)
{
    private readonly TenantId tenant = Tenant();

    private IEntityLog Log => store.Log;

    [Fact]
    public async Task Append_Creation_IsReadBack()
    {
        var id = Entity();
        var write = Create(id, """{"name":"Zoë","n":1.50,"deep":{"a":[1,null,true]}}""", "OPEN", new ModelKey("order", 3)) with { Transition = "open" };
        var commit = Commit(tenant, write);
        var outcome = await Log.CommitAsync(commit);

        var read = await Log.ReadAsync(tenant, id);
        Assert.NotNull(read);
        Assert.Equal(new Revision(1), outcome.Revision);
        Assert.Equal(outcome.Revision, read.Revision);
        Assert.Equal((tenant, id, commit.Id), (read.Tenant, read.Id, read.Commit));
        Assert.Equal((outcome.At, outcome.At), (read.CreatedAt, read.ChangedAt));
        Assert.Equal(("OPEN", "open", "user:test", new ModelKey("order", 3)), (read.State, read.Transition, read.ChangedBy, read.Model));
        SameJson("""{"name":"Zoë","n":1.50,"deep":{"a":[1,null,true]}}""", read.Document);
        Assert.Contains("1.50", read.Document.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Append_Update_KeepsCreatedAtAndMovesOn()
    {
        var id = Entity();
        var first = await Log.CommitAsync(tenant, Create(id, """{"v":1}"""));
        var second = await Log.CommitAsync(tenant, Update(id, first.Revision, """{"v":2}""", "DONE"));

        var read = await Log.ReadAsync(tenant, id);
        Assert.Equal((new Revision(2), first.At, second.At), (read!.Revision, read.CreatedAt, read.ChangedAt));
        Assert.True(second.At >= first.At);
        SameJson("""{"v":2}""", read.Document);
    }

    [Fact]
    public async Task Append_WithAStaleExpectation_IsAConflictAndWritesNothing()
    {
        var (id, other) = (Entity(), Entity());
        var first = await Log.CommitAsync(tenant, Create(id));
        await Log.CommitAsync(tenant, Update(id, first.Revision));

        var outcome = await Log.AppendAsync(Commit(tenant, Create(other), Update(id, first.Revision)), CancellationToken.None);
        Assert.Equal(new AppendOutcome.Conflict(id), outcome);
        Assert.Null(await Log.ReadAsync(tenant, other));
        Assert.Equal(new Revision(2), await Log.HeadAsync(tenant, CancellationToken.None));
    }

    [Fact]
    public async Task Append_CreationOfWhatExists_IsAConflict()
    {
        var id = Entity();
        await Log.CommitAsync(tenant, Create(id));
        Assert.Equal(new AppendOutcome.Conflict(id), await Log.AppendAsync(Commit(tenant, Create(id)), CancellationToken.None));
        Assert.Equal(
            new AppendOutcome.Conflict(id), await Log.AppendAsync(Commit(tenant, Update(id, new Revision(9))), CancellationToken.None));
    }

    [Fact]
    public async Task Append_WithAStaleRead_IsAConflict()
    {
        var (seen, id) = (Entity(), Entity());
        var first = await Log.CommitAsync(tenant, Create(seen));
        var fresh = Commit(tenant,
            Create(id)) with { Reads = [new EntityExpectation(seen, first.Revision), new EntityExpectation(Entity(), Revision.None)] };
        await Log.CommitAsync(fresh);

        await Log.CommitAsync(tenant, Update(seen, first.Revision));
        var stale = Commit(tenant, Create(Entity())) with { Reads = [new EntityExpectation(seen, first.Revision)] };
        Assert.Equal(new AppendOutcome.Conflict(seen), await Log.AppendAsync(stale, CancellationToken.None));
    }

    [Fact]
    public async Task Append_SameCommitAgain_FindsTheFirstOutcome()
    {
        var id = Entity();
        var commit = Commit(tenant, Create(id, """{"v":1}"""), Create(Entity()));
        var first = await Log.CommitAsync(commit);
        var already = new AppendOutcome.AlreadyCommitted(first.Revision, first.At);
        Assert.Equal(already, await Log.AppendAsync(commit, CancellationToken.None));

        var update = await Log.CommitAsync(tenant, Update(id, first.Revision, """{"v":2}"""));
        Assert.Equal(already, await Log.AppendAsync(commit, CancellationToken.None));

        await Log.CommitAsync(tenant, Delete(id, update.Revision));
        Assert.Equal(already, await Log.AppendAsync(commit, CancellationToken.None));
        Assert.Null(await Log.ReadAsync(tenant, id));
        Assert.Equal(first.Revision, await Log.FindCommitAsync(tenant, commit.Id, CancellationToken.None));
        Assert.Null(await Log.FindCommitAsync(tenant, CommitId.New(TimeProvider.System), CancellationToken.None));
    }

    [Fact]
    public async Task Append_AnotherWriteUnderTheSameCommitId_IsAlreadyCommitted()
    {
        var (id, other) = (Entity(), Entity());
        var commit = Commit(tenant, Create(id));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(
            i => Task.Run(
                async () => await Log.AppendAsync(i == 0 ? commit : commit with { Writes = [Create(Entity())] }, CancellationToken.None))));
        var first = Assert.Single(outcomes.OfType<AppendOutcome.Committed>());
        var already = new AppendOutcome.AlreadyCommitted(first.Revision, first.At);
        Assert.Equal(9, outcomes.Count(o => already.Equals(o)));
        Assert.Equal(already, await Log.AppendAsync(commit with { Writes = [Create(other)] }, CancellationToken.None));
        Assert.Null(await Log.ReadAsync(tenant, other));
        Assert.Equal(new Revision(1), await Log.HeadAsync(tenant, CancellationToken.None));
    }

    [Fact]
    public async Task Append_Deletion_HidesTheEntityAndKeepsItsHistory()
    {
        var id = Entity();
        var created = await Log.CommitAsync(tenant, Create(id, """{"v":1}"""));
        var deleted = await Log.CommitAsync(tenant, Delete(id, created.Revision, """{"v":2}"""));

        Assert.Null(await Log.ReadAsync(tenant, id));
        Assert.Empty(await Log.ScanAsync(Scan(tenant)));
        Assert.NotNull(await Log.ReadAsync(tenant, id, AsOf.At(created.Revision)));
        var history = await Log.HistoryAsync(tenant, id, null, 10, CancellationToken.None);
        Assert.Equal([deleted.Revision, created.Revision], history.Select(r => r.Revision));
        Assert.True(history[0].Deleted);
        SameJson("""{"v":2}""", history[0].Document);
        Assert.Equal(
            new AppendOutcome.Conflict(id), await Log.AppendAsync(Commit(tenant, Update(id, deleted.Revision)), CancellationToken.None));
    }

    [Fact]
    public async Task Append_CreationAfterDeletion_BeginsANewLife()
    {
        var id = Entity();
        var created = await Log.CommitAsync(tenant, Create(id));
        await Log.CommitAsync(tenant, Delete(id, created.Revision));
        var again = await Log.CommitAsync(tenant, Create(id, """{"life":2}"""));

        var read = await Log.ReadAsync(tenant, id);
        Assert.Equal((again.Revision, again.At), (read!.Revision, read.CreatedAt));
        Assert.Null(await Log.ReadAsync(tenant, id, AsOf.At(new Revision(2))));
        Assert.Equal(3, (await Log.HistoryAsync(tenant, id, null, 10, CancellationToken.None)).Count);
    }

    [Fact]
    public async Task Append_OfOtherTenants_NumbersEachLogByItself()
    {
        var other = Tenant();
        var id = Entity();
        await Log.CommitAsync(tenant, Create(id));
        var outcome = await Log.CommitAsync(other, Create(id, """{"of":"other"}"""));
        Assert.Equal(new Revision(1), outcome.Revision);
        SameJson("{}", (await Log.ReadAsync(tenant, id))!.Document);
        SameJson("""{"of":"other"}""", (await Log.ReadAsync(other, id))!.Document);
    }

    [Fact]
    public async Task Append_Misuse_Throws()
    {
        var id = Entity();
        await Assert.ThrowsAsync<ArgumentException>(async () => await Log.AppendAsync(Commit(tenant), CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await Log.AppendAsync(Commit(tenant, Create(id), Create(id)), CancellationToken.None));
    }

    [Fact]
    public async Task Append_ManyAtOnce_NumbersThemWithoutGaps()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => Task.Run(() => Log.CommitAsync(tenant, Create(Entity())))));
        Assert.Equal(Enumerable.Range(1, 500), outcomes.Select(o => (int)o.Revision.Value).Order());
        var inOrder = outcomes.OrderBy(o => o.Revision).Select(o => o.At).ToList();
        Assert.Equal(inOrder.Order(), inOrder);
    }

    [Fact]
    public async Task Append_CreationsOfSeveralTenantsAtOnce_RefusesOnlyWhatExists()
    {
        var (other, taken, gone) = (Tenant(), Entity(), Entity());
        await Log.CommitAsync(tenant, Create(taken));
        var first = await Log.CommitAsync(tenant, Create(gone));
        await Log.CommitAsync(tenant, Delete(gone, first.Revision));
        var commits = Enumerable.Range(0, 60).Select(
            i => Commit(i % 2 == 0 ? tenant : other, Create(i switch { 20 => taken, 40 => gone, _ => Entity() }), Create(Entity())))
                .ToList();
        var outcomes = await Task.WhenAll(commits.Select(c => Log.AppendAsync(c, CancellationToken.None).AsTask()));
        Assert.Equal(new AppendOutcome.Conflict(taken), outcomes[20]);
        Assert.Equal(59, outcomes.OfType<AppendOutcome.Committed>().Count());
        Assert.Equal(new Revision(3 + 29), await Log.HeadAsync(tenant, CancellationToken.None));
        Assert.Equal(new Revision(30), await Log.HeadAsync(other, CancellationToken.None));
        for (var i = 0; i < commits.Count; i++)
            Assert.Equal(
                i != 20, await Log.ReadAsync(commits[i].Tenant, commits[i].Writes[1].Id) is { } read
                    && read.Revision == ((AppendOutcome.Committed)outcomes[i]).Revision);
    }

    [Fact]
    public async Task Append_ManyOfOneEntityAtOnce_LetsOneWin()
    {
        var id = Entity();
        var created = await Log.CommitAsync(tenant, Create(id));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(
            i => Task.Run(async () => await Log.AppendAsync(Commit(tenant, Update(id, created.Revision, $$"""{"i":{{i}}}""")), CancellationToken.None))));
        Assert.Single(outcomes.OfType<AppendOutcome.Committed>());
        Assert.Equal(49, outcomes.OfType<AppendOutcome.Conflict>().Count());
    }

    [Fact]
    public async Task Append_ALargeCommit_IsWhole()
    {
        var ids = Enumerable.Range(0, 3000).Select(_ => Entity()).ToArray();
        var outcome = await Log.CommitAsync(tenant, [.. ids.Select((id, i) => Create(id, $$"""{"i":{{i}}}"""))]);
        var followed = await Log.FollowAsync(tenant, Revision.None, 10, CancellationToken.None);
        Assert.Equal(ids, followed.Select(r => r.Id));
        Assert.All(followed, r => Assert.Equal(outcome.Revision, r.Revision));
    }

    [Fact]
    public async Task Read_AsOf_FindsTheRevisionOfThen()
    {
        var id = Entity();
        var commits = new List<AppendOutcome.Committed> { await Log.CommitAsync(tenant, Create(id, """{"v":0}""")) };
        for (var v = 1; v < 5; v++)
        {
            await Log.CommitAsync(tenant, Create(Entity()));
            commits.Add(await Log.CommitAsync(tenant, Update(id, commits[^1].Revision, $$"""{"v":{{v}}}""")));
        }

        for (var v = 0; v < 5; v++)
        {
            SameJson($$"""{"v":{{v}}}""", (await Log.ReadAsync(tenant, id, AsOf.At(commits[v].Revision)))!.Document);
            var last = commits.FindLastIndex(c => c.At <= commits[v].At);
            SameJson($$"""{"v":{{last}}}""", (await Log.ReadAsync(tenant, id, AsOf.At(commits[v].At)))!.Document);
            SameJson($$"""{"v":{{last}}}""", (await Log.ReadAsync(tenant, id, AsOf.At(commits[v].At.ToOffset(TimeSpan.FromHours(5)))))!.Document);
        }
        Assert.Null(await Log.ReadAsync(tenant, id, AsOf.At(Revision.None)));
        Assert.Null(await Log.ReadAsync(tenant, id, AsOf.At(commits[0].At.AddMicroseconds(-1))));
        Assert.NotNull(await Log.ReadAsync(tenant, id, AsOf.At(DateTimeOffset.MaxValue)));
        Assert.Null(await Log.ReadAsync(tenant, id, AsOf.At(DateTimeOffset.MinValue)));
    }

    [Fact]
    public async Task Read_AsOfTimes_InALongLog_AgreesWithTheHistory()
    {
        var id = Entity();
        var commits = new List<AppendOutcome.Committed> { await Log.CommitAsync(tenant, Create(id, """{"v":0}""")) };
        for (var v = 1; v < 600; v++) commits.Add(await Log.CommitAsync(tenant, Update(id, commits[^1].Revision, $$"""{"v":{{v}}}""")));
        for (var v = 0; v < commits.Count; v += 7)
        {
            foreach (var time in (DateTimeOffset[])[commits[v].At, commits[v].At.AddMicroseconds(-1), commits[v].At.AddMicroseconds(1)])
            {
                var last = commits.FindLastIndex(c => c.At <= time);
                var read = await Log.ReadAsync(tenant, id, AsOf.At(time));
                Assert.Equal(last < 0 ? null : commits[last].Revision, read?.Revision);
            }
        }
    }

    [Fact]
    public async Task Read_OfWhatDoesNotExist_IsNull()
    {
        Assert.Null(await Log.ReadAsync(tenant, Entity()));
        Assert.Equal(Revision.None, await Log.HeadAsync(tenant, CancellationToken.None));
        Assert.Empty(await Log.HistoryAsync(tenant, Entity(), null, 10, CancellationToken.None));
        Assert.Empty(await Log.FollowAsync(tenant, Revision.None, 10, CancellationToken.None));
        Assert.DoesNotContain(await Log.HeadsAsync(CancellationToken.None), h => h.Tenant == tenant);
    }

    [Fact]
    public async Task History_WithAudit_PagesFromTheNewest()
    {
        var id = Entity();
        var audit = new[] { new AuditEvent("TRANSITION_MAKE", "NEW", "open"),
            new AuditEvent("SCHEDULED_TRANSITION_ARM", "NEW", "late", null, "2026-11-20T15:00:00Z"),
            new AuditEvent("TRANSITION_NOT_MATCH_CRITERION", "NEW", "on", "$.é EQUALS 1", null),
            new AuditEvent("STATE_MACHINE_FINISH", null, null) };
        var last = (await Log.CommitAsync(tenant, Create(id) with { Audit = audit })).Revision;
        for (var i = 0; i < 4; i++) last = (await Log.CommitAsync(tenant, Update(id, last))).Revision;

        var page = await Log.HistoryAsync(tenant, id, null, 3, CancellationToken.None);
        var rest = await Log.HistoryAsync(tenant, id, page[^1].Revision, 3, CancellationToken.None);
        Assert.Equal([5, 4, 3], page.Select(r => r.Revision.Value));
        Assert.Equal([2, 1], rest.Select(r => r.Revision.Value));
        Assert.Equal(audit, rest[1].Audit);
        Assert.Empty(rest[0].Audit);
        Assert.Empty((await Log.ReadAsync(tenant, id, AsOf.At(new Revision(1))))!.Audit);
        var trail = await Log.TrailAsync(tenant, id, page[^1].Revision, 3, CancellationToken.None);
        Assert.Equal(rest.Select(r => (r.Revision, r.State, r.Commit, r.ChangedBy, r.Audit.Count)),
            trail.Select(r => (r.Revision, r.State, r.Commit, r.ChangedBy, r.Audit.Count)));
        Assert.All(trail, r => Assert.Equal("{}", r.Document.ToString()));
    }

    [Fact]
    public async Task Follow_InPages_GivesWholeCommitsInOrder()
    {
        var (a, b, c) = (Entity(), Entity(), Entity());
        var first = await Log.CommitAsync(tenant, Create(c), Create(a), Create(b));
        var second = await Log.CommitAsync(tenant, Update(b, first.Revision));
        var third = await Log.CommitAsync(tenant, Delete(a, first.Revision), Update(c, first.Revision));

        Assert.Equal([c, a, b], (await Log.FollowAsync(tenant, Revision.None, 1, CancellationToken.None)).Select(r => r.Id));
        Assert.Equal([c, a, b], (await Log.FollowAsync(tenant, Revision.None, 3, CancellationToken.None)).Select(r => r.Id));
        Assert.Equal([c, a, b, b], (await Log.FollowAsync(tenant, Revision.None, 5, CancellationToken.None)).Select(r => r.Id));
        var rest = await Log.FollowAsync(tenant, second.Revision, 5, CancellationToken.None);
        Assert.Equal([(a, true), (c, false)], rest.Select(r => (r.Id, r.Deleted)));
        Assert.Empty(await Log.FollowAsync(tenant, third.Revision, 5, CancellationToken.None));
        Assert.Contains(new TenantHead(tenant, third.Revision), await Log.HeadsAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Extent_AfterACommit_HasGrown()
    {
        var before = await Log.ExtentAsync(CancellationToken.None);
        await Log.CommitAsync(tenant, Create(Entity()));
        await Log.CommitAsync(tenant, Create(Entity()));
        var after = await Log.ExtentAsync(CancellationToken.None); // other tests may commit too
        Assert.True(after.Tenants > before.Tenants && after.Revisions >= before.Revisions + 2, $"{before} {after}");
    }

    [Fact]
    public async Task OnCommit_AfterACommit_CallsBackUntilDisposed()
    {
        var heads = new System.Collections.Concurrent.ConcurrentQueue<TenantHead>();
        var broken = Log.OnCommit(_ => throw new InvalidOperationException("a follower's fault"));
        var subscription = Log.OnCommit(heads.Enqueue);
        var outcome = await Log.CommitAsync(tenant, Create(Entity()));
        Assert.Contains(new TenantHead(tenant, outcome.Revision), heads); // of this server's own commit: before its outcome

        subscription.Dispose();
        broken.Dispose();
        await Log.CommitAsync(tenant, Create(Entity()));
        Assert.DoesNotContain(heads, h => h.Tenant == tenant && h.Revision.Value == 2);
    }
}
