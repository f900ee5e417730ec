using System.Collections.Concurrent;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Storage.Tests.Contract;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Properties;

/// <summary>Random commits by many workers at once, against a model; on PostgreSQL by two servers that share the tenant.</summary>
public sealed class RandomHistoryTests(MemoryStore memory, PostgresDatabase postgres)
    : IClassFixture<MemoryStore>, IClassFixture<PostgresDatabase>
{
    private const int Workers = 12;
    private const int CommitsPerWorker = 60;

    [Fact]
    public Task Memory_RandomHistory_IsLegal() => RunAsync([memory.Log]);

    [Fact]
    public Task Postgres_RandomHistory_IsLegal() => RunAsync([postgres.Log]);

    [Fact]
    public async Task Postgres_RandomHistoryByTwoServers_IsLegal()
    {
        await using var other = await postgres.OpenAsync();
        await RunAsync([postgres.Log, other.Log]);
    }

    private static async Task RunAsync(IEntityLog[] logs)
    {
        var random = Seeded.Random();
        var run = new Run(logs, random);
        using var done = new CancellationTokenSource();
        var follower = run.FollowAsync(logs[^1], done.Token);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(w => Task.Run(() => run.WorkAsync(w, Seeded.Random(w + 1)))));
        await done.CancelAsync();
        await run.CheckAsync(await follower, random);
    }

    private sealed class Run(IEntityLog[] logs, Random random)
    {
        private static readonly string[] Names = ["red", "green", "blue"];
        private readonly TenantId tenant = Tenant();
        private readonly EntityId[] ids = [.. Enumerable.Range(0, 8 + random.Next(30)).Select(_ => Entity())];
        private readonly ConcurrentDictionary<CommitId, Commit> asked = new();
        private readonly ConcurrentDictionary<CommitId, AppendOutcome> outcomes = new();

        public async Task WorkAsync(int worker, Random mine)
        {
            var log = logs[worker % logs.Length];
            for (var i = 0; i < CommitsPerWorker; i++)
            {
                var commit = await MakeAsync(log, mine);
                asked[commit.Id] = commit;
                outcomes[commit.Id] = await log.AppendAsync(commit, CancellationToken.None);
                if (mine.Next(10) == 0) await AgainAsync(logs[mine.Next(logs.Length)], commit);
            }
        }

        /// <summary>Reads whole commits until all is done and nothing is left.</summary>
        public async Task<List<EntityRevision>> FollowAsync(IEntityLog log, CancellationToken done)
        {
            var seen = new List<EntityRevision>();
            while (true)
            {
                var isLast = done.IsCancellationRequested;
                var page = await log.FollowAsync(tenant, seen.Count == 0 ? Revision.None : seen[^1].Revision, 5, CancellationToken.None);
                seen.AddRange(page);
                if (page.Count == 0 && isLast) return seen;
                if (page.Count == 0) await Task.Delay(1, CancellationToken.None);
            }
        }

        public async Task CheckAsync(List<EntityRevision> followed, Random check)
        {
            var model = new HistoryModel(followed, asked);
            var committed = followed.GroupBy(r => r.Commit)
                .ToDictionary(g => g.Key, g => new AppendOutcome.Committed(g.First().Revision, g.First().ChangedAt));
            foreach (var (id, outcome) in outcomes) CheckOutcome(model, asked[id], outcome, committed.GetValueOrDefault(id));
            foreach (var log in logs) await CheckReadsAsync(log, model, followed, check);
            await CheckClaimsAsync(model);
        }

        private static void CheckOutcome(HistoryModel model, Commit commit, AppendOutcome outcome, AppendOutcome.Committed? logged)
        {
            Assert.Equal(logged is not null, outcome is AppendOutcome.Committed);
            if (logged is not null) Assert.Equal(logged, outcome);
            if (outcome is not AppendOutcome.Conflict conflict) return;
            var expected = commit.Writes.Select(w => new EntityExpectation(w.Id, w.Expected)).Concat(commit.Reads)
                .Single(e => e.Id == conflict.Id).Expected;
            Assert.True(model.MayConflict(conflict.Id, expected), $"{commit.Id} was refused for no reason");
        }

        private async Task CheckReadsAsync(IEntityLog log, HistoryModel model, List<EntityRevision> followed, Random check)
        {
            for (var i = 0; i < 200; i++)
            {
                var id = check.Pick<EntityId>(ids);
                var then = check.Pick<EntityRevision>([.. followed]);
                Same(model.At(id, then.Revision), await log.ReadAsync(tenant, id, AsOf.At(then.Revision)));
                Same(model.At(id, then.ChangedAt), await log.ReadAsync(tenant, id, AsOf.At(then.ChangedAt)));
                Same(model.At(id, new Revision(long.MaxValue)), await log.ReadAsync(tenant, id));
            }
            foreach (var then in Enumerable.Range(0, 10).Select(_ => check.Pick<EntityRevision>([.. followed]).Revision))
            {
                var expected = ids.Select(id => model.At(id, then)).OfType<EntityRevision>().OrderBy(r => r.Id.Value)
                    .Select(r => (r.Id, r.Revision));
                Assert.Equal(
                    expected, (await log.ScanAsync(Scan(tenant) with { AsOf = AsOf.At(then), Limit = 1000 }))
                        .Select(r => (r.Id, r.Revision)));
            }
        }

        /// <summary>Whoever holds a name lives and was the last to say so.</summary>
        private async Task CheckClaimsAsync(HistoryModel model)
        {
            foreach (var name in Names)
            {
                var holders = model.Entities.Where(id => model.At(id, new Revision(long.MaxValue)) is { } r && HolderName(r) == name)
                    .ToList();
                var holder = await logs[0].FindAsync(tenant, "order", new UniqueClaim("name", name), CancellationToken.None);
                Assert.Equal(holders, holder is { } one ? [one] : []);
            }
        }

        private static string? HolderName(EntityRevision revision)
        {
            using var document = revision.Document.Parse();
            return document.RootElement.TryGetProperty("name", out var name) ? name.GetString() : null;
        }

        private async Task AgainAsync(IEntityLog log, Commit commit)
        {
            if (outcomes[commit.Id] is AppendOutcome.Committed first)
                Assert.Equal(
                    new AppendOutcome.AlreadyCommitted(first.Revision, first.At), await log.AppendAsync(commit, CancellationToken.None));
        }

        private async Task<Commit> MakeAsync(IEntityLog log, Random mine)
        {
            var chosen = ids.OrderBy(_ => mine.Next()).Take(1 + (mine.Next(3) == 0 ? mine.Next(4) : 0)).ToList();
            var current = new List<EntityExpectation>();
            foreach (var id in chosen) current.Add(new EntityExpectation(id, (await log.ReadAsync(tenant, id))?.Revision ?? Revision.None));
            var writes = 1 + mine.Next(chosen.Count);
            return Commit(tenant, [.. current.Take(writes).Select(e => Write(e, mine))]) with { Reads = [.. current.Skip(writes)] };
        }

        /// <summary>The document says which name the entity holds, and every write says it anew.</summary>
        private static EntityWrite Write(EntityExpectation entity, Random mine)
        {
            if (entity.Expected != Revision.None && mine.Next(8) == 0) return Delete(entity.Id, entity.Expected);
            var name = mine.Next(4) == 0 ? mine.Pick<string>(Names) : null;
            var document = name is null ? $$"""{"n":{{mine.Next(1000)}}}""" : $$"""{"name":"{{name}}"}""";
            return Update(entity.Id, entity.Expected, document) with { Claims = name is null ? [] : [new UniqueClaim("name", name)] };
        }

        private static void Same(EntityRevision? expected, EntityRevision? found)
        {
            Assert.Equal((expected?.Revision, expected?.Commit, expected?.CreatedAt), (found?.Revision, found?.Commit, found?.CreatedAt));
            if (expected is not null) SameJson(expected.Document.ToString(), found!.Document);
        }
    }
}
