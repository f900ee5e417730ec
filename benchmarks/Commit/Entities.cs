using System.Text;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Commit.Benchmarks;

/// <summary>The operations measured: creates, updates and reads of entities of one tenant.</summary>
/// <param name="bytes">Of each document, about.</param>
internal sealed class Entities(IEntityLog log, int bytes)
{
    private static readonly ModelKey Model = new("order", 1);
    private readonly TenantId tenant = TenantId.New(TimeProvider.System);
    private readonly List<AppendOutcome.Committed> commits = [];
    private EntityId[] ids = [];
    private Revision[] revisions = [];

    public string Document(int n)
    {
        var text = $$"""{"number":"ORD-{{n:00000000}}","customer":"Jane Example","city":"Springfield","total":129.95,"currency":"EUR","lines":3,"paid":true,"note":""}""";
        return text.Insert(text.Length - 2, new string('x', Math.Max(0, bytes - Encoding.UTF8.GetByteCount(text))));
    }

    public async ValueTask CreateAsync(int worker, int n) =>
        await AppendAsync(EntityId.New(TimeProvider.System), Revision.None, worker ^ n);

    /// <summary>A set of entities to update and read, each with a few revisions.</summary>
    public async Task PrepareAsync(int count, int rounds)
    {
        ids = [.. Enumerable.Range(0, count).Select(_ => EntityId.New(TimeProvider.System))];
        revisions = new Revision[count];
        for (var round = 0; round < rounds; round++)
        {
            foreach (var chunk in Enumerable.Range(0, count).Chunk(512)) await Task.WhenAll(chunk.Select(i => UpdateAsync(i).AsTask()));
            commits.Add(new AppendOutcome.Committed(revisions.MaxBy(r => r.Value), TimeProvider.System.GetUtcNow()));
        }
    }

    /// <summary>Workers have entities of their own, so that nothing conflicts.</summary>
    public ValueTask UpdateAsync(int worker, int n, int workers)
    {
        var share = ids.Length / workers;
        return UpdateAsync(worker * share + n % share);
    }

    public async ValueTask ReadLatestAsync(IEntityLog from) =>
        Check(await from.ReadAsync(tenant, Any(), AsOf.Latest, CancellationToken.None));

    public async ValueTask ReadAsOfAsync(IEntityLog from)
    {
        var then = commits[Random.Shared.Next(commits.Count)];
        var asOf = Random.Shared.Next(2) == 0 ? AsOf.At(then.Revision) : AsOf.At(then.At);
        Check(await from.ReadAsync(tenant, Any(), asOf, CancellationToken.None));
    }

    private EntityId Any() => ids[Random.Shared.Next(ids.Length)];

    private async ValueTask UpdateAsync(int i) => revisions[i] = await AppendAsync(ids[i], revisions[i], i);

    private async ValueTask<Revision> AppendAsync(EntityId id, Revision expected, int n)
    {
        var write = new EntityWrite { Id = id, Model = Model, Expected = expected, State = "NEW",
            Document = JsonText.FromString(Document(n)) };
        var commit = new Strata.Entities.Log.Commit { Tenant = tenant, Id = CommitId.New(TimeProvider.System), By = "user:bench",
            Writes = [write] };
        return await log.AppendAsync(commit, CancellationToken.None) is AppendOutcome.Committed committed
            ? committed.Revision : throw new InvalidOperationException("A commit was refused.");
    }

    private static void Check(EntityRevision? read)
    {
        if (read is null) throw new InvalidOperationException("An entity was not found.");
    }
}
