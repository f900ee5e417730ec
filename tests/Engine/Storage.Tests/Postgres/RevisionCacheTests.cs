using Npgsql;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Storage.Postgres;
using Strata.Storage.Tests.Contract;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Postgres;

/// <summary>Reads that find in memory what the database says is the answer, and the bound of that memory.</summary>
public sealed class RevisionCacheTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    private readonly TenantId tenant = Tenant();

    [Fact]
    public async Task Read_Again_BringsNoDocumentFromTheDatabase()
    {
        var id = Entity();
        await database.Log.CommitAsync(tenant, Create(id, """{"n":1}"""));
        await database.Log.ReadAsync(tenant, id);
        await RunAsync($$"""update strata.head set document = '{"n":"changed behind our back"}' where entity = '{{id.Value}}'""");
        SameJson("""{"n":1}""", (await database.Log.ReadAsync(tenant, id))!.Document);
    }

    [Fact]
    public async Task Read_OfWhatAnotherServerChanged_IsWhatItLeft()
    {
        await using var other = await database.OpenAsync();
        var id = Entity();
        await database.Log.CommitAsync(tenant, Create(id, """{"n":1}"""));
        for (var n = 2; n < 20; n++)
        {
            var before = (await database.Log.ReadAsync(tenant, id))!;
            await other.Log.CommitAsync(tenant, Update(id, before.Revision, $$"""{"n":{{n}}}"""));
            SameJson($$"""{"n":{{n}}}""", (await database.Log.ReadAsync(tenant, id))!.Document);
            SameJson($$"""{"n":{{n - 1}}}""", (await database.Log.ReadAsync(tenant, id, AsOf.At(before.Revision)))!.Document);
            SameJson($$"""{"n":{{n - 1}}}""", (await database.Log.ReadAsync(tenant, id, AsOf.At(before.ChangedAt)))!.Document);
        }
        await other.Log.CommitAsync(tenant, Delete(id, (await database.Log.ReadAsync(tenant, id))!.Revision));
        Assert.Null(await database.Log.ReadAsync(tenant, id));
        Assert.Null(await database.Log.ReadAsync(Tenant(), id));
    }

    [Fact]
    public void Guess_IsTheNewestWithinTheBounds()
    {
        var cache = new RevisionCache(1 << 20);
        var id = Entity();
        foreach (var revision in (long[])[30, 10, 20]) cache.Add(RevisionOf(id, revision));
        Assert.Equal(30, Guess(AsOf.Latest));
        Assert.Equal(20, Guess(AsOf.At(new Revision(29))));
        Assert.Equal(10, Guess(AsOf.At(DateTimeOffset.UnixEpoch.AddSeconds(19))));
        Assert.Null(Guess(AsOf.At(new Revision(9))));
        cache.Forget(tenant, id);
        Assert.Null(Guess(AsOf.Latest));

        long? Guess(AsOf asOf) => cache.Guess(new ReadKey(tenant, id, asOf))?.Revision.Value;
    }

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(0)]
    public void Add_OfMoreThanTheBound_KeepsNoMoreThanThat(int bound)
    {
        var cache = new RevisionCache(bound);
        var ids = Enumerable.Range(0, 10_000).Select(_ => Entity()).ToList();
        foreach (var id in ids) cache.Add(RevisionOf(id, 1));
        var held = ids.Count(id => cache.Guess(new ReadKey(tenant, id, AsOf.Latest)) is not null);
        Assert.InRange(held, bound / 4096, bound / 512);
    }

    [Fact]
    public void Add_OfManyRevisionsOfOneEntity_KeepsTheNewest()
    {
        var cache = new RevisionCache(1 << 20);
        var id = Entity();
        for (var revision = 1; revision <= 100; revision++) cache.Add(RevisionOf(id, revision));
        Assert.Null(cache.Guess(new ReadKey(tenant, id, AsOf.At(new Revision(50)))));
        Assert.Equal(100, cache.Guess(new ReadKey(tenant, id, AsOf.Latest))!.Revision.Value);
    }

    [Fact]
    public void What_IsUsed_StaysWhileOthersGo()
    {
        var cache = new RevisionCache(1 << 20);
        var id = Entity();
        cache.Add(RevisionOf(id, 1));
        for (var i = 0; i < 10_000; i++)
        {
            cache.Add(RevisionOf(Entity(), 1));
            if (i % 100 == 0) Assert.NotNull(cache.Guess(new ReadKey(tenant, id, AsOf.Latest)));
        }
    }

    /// <summary>What a hostile tenant would do: large revisions behind small newest ones, long names, and all of it kept in use.</summary>
    [Fact]
    public void Held_StaysWithinTheBound_WhateverIsReadAgain()
    {
        const int bound = 1 << 20;
        var cache = new RevisionCache(bound);
        var large = JsonText.FromString($$"""{"x":"{{new string('x', 40_000)}}"}""");
        var ids = Enumerable.Range(0, 300).Select(_ => Entity()).ToList();
        foreach (var id in ids)
        {
            for (var revision = 1; revision < 8; revision++) cache.Add(RevisionOf(id, revision) with { Document = large });
            cache.Add(RevisionOf(id, 8) with { State = new string('s', 256) });
            foreach (var earlier in ids) cache.Guess(new ReadKey(tenant, earlier, AsOf.Latest));
        }
        var held = ids.SelectMany(id => Enumerable.Range(1, 8).Select(r => cache.Guess(new ReadKey(tenant, id, AsOf.At(new Revision(r))))))
            .OfType<EntityRevision>().Distinct();
        Assert.InRange(held.Sum(h => h.Document.Utf8.Length + 2 * h.State.Length), 0, 2 * bound);
    }

    private EntityRevision RevisionOf(EntityId id, long revision) => new()
    {
        Tenant = tenant, Id = id, Model = Order, Revision = new Revision(revision), Commit = CommitId.New(TimeProvider.System),
        State = "NEW",
        Document = JsonText.EmptyObject, CreatedAt = DateTimeOffset.UnixEpoch, ChangedAt = DateTimeOffset.UnixEpoch.AddSeconds(revision),
        ChangedBy = "user:jane",
    };

    private async Task RunAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
