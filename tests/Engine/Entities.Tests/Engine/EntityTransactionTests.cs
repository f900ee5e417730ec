using System.Globalization;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;

namespace Strata.Entities.Tests.Engine;

public class EntityTransactionTests
{
    [Fact]
    public async Task Commit_SeveralWrites_AreOneCommit()
    {
        var test = new TestEngine();
        var present = (await test.CreateAsync("1")).Value;
        var gone = (await test.CreateAsync("2")).Value;
        var transaction = await BeginAsync(test);
        var id = test.NewId();
        await transaction.CreateAsync(Some.Model, id, Some.Json("3"), null, default);
        await transaction.UpdateAsync(null, present.Id, _ => Some.Json("4"), null, null, default);
        await transaction.DeleteAsync(null, gone.Id, null, default);
        Assert.Null(await test.ReadAsync(id));
        var written = (await transaction.CommitAsync(default)).Value;
        Assert.Equal([3, 3, 3], written.Select(revision => revision.Revision.Value));
        Assert.Single(written.Select(revision => revision.Commit).Distinct());
        Assert.Equal("3", (await test.ReadAsync(id))?.Document.ToString());
        Assert.Equal("4", (await test.ReadAsync(present.Id))?.Document.ToString());
        Assert.Null(await test.ReadAsync(gone.Id));
    }

    [Fact]
    public async Task Read_SeesTheSnapshotAndItsOwnWrites()
    {
        var test = new TestEngine();
        var entity = (await test.CreateAsync("\"old\"")).Value;
        var transaction = await BeginAsync(test);
        var late = (await test.CreateAsync("\"late\"")).Value;
        await test.UpdateAsync(entity.Id, "\"new\"");
        Assert.Equal("\"old\"", (await transaction.ReadAsync(entity.Id, default)).Value.Document.ToString());
        Assert.Equal("ENTITY_NOT_FOUND", (await transaction.ReadAsync(late.Id, default)).Error?.Code);
        await transaction.UpdateAsync(null, entity.Id, current => Some.Json($"[{current.Document}]"), null, null, default);
        await transaction.UpdateAsync(null, entity.Id, current => Some.Json($"[{current.Document}]"), "UPDATE", null, default);
        Assert.Equal("[[\"old\"]]", (await transaction.ReadAsync(entity.Id, default)).Value.Document.ToString());
        await transaction.DeleteAsync(null, entity.Id, null, default);
        Assert.Equal("ENTITY_NOT_FOUND", (await transaction.ReadAsync(entity.Id, default)).Error?.Code);
    }

    [Fact]
    public async Task Commit_EntityReadMovedOn_IsAConflictAndWritesNothing()
    {
        var test = new TestEngine();
        var (read, written) = ((await test.CreateAsync("1")).Value, (await test.CreateAsync("2")).Value);
        var transaction = await BeginAsync(test);
        await transaction.ReadAsync(read.Id, default);
        await transaction.UpdateAsync(null, written.Id, _ => Some.Json("3"), null, null, default);
        await test.UpdateAsync(read.Id, "4");
        var error = (await transaction.CommitAsync(default)).Error;
        Assert.Equal(("CONFLICT", true), (error?.Code, error?.Retryable));
        Assert.Equal("2", (await test.ReadAsync(written.Id))?.Document.ToString());
        Assert.Equal("TRANSACTION_NOT_FOUND", (await transaction.CommitAsync(default)).Error?.Code);
    }

    [Fact]
    public async Task Commit_WhatWasMissingAppeared_IsAConflict()
    {
        var test = new TestEngine();
        var id = test.NewId();
        var transaction = await BeginAsync(test);
        Assert.False((await transaction.ReadAsync(id, default)).IsOk);
        await transaction.CreateAsync(Some.Model, test.NewId(), Some.Json("1"), null, default);
        await test.CreateAsync("{}", id: id);
        Assert.Equal("CONFLICT", (await transaction.CommitAsync(default)).Error?.Code);
    }

    [Fact]
    public async Task Commit_CreatedAndDeletedAgain_WritesNothing()
    {
        var test = new TestEngine();
        var transaction = await BeginAsync(test);
        var id = test.NewId();
        await transaction.CreateAsync(Some.Model, id, Some.Json("1"), null, default);
        await transaction.DeleteAsync(null, id, null, default);
        Assert.Empty((await transaction.CommitAsync(default)).Value);
        Assert.Equal(0, test.Counted.Appends);
    }

    [Fact]
    public async Task Scan_SeesTheSnapshotWithItsOwnWrites_PageByPage()
    {
        var test = new TestEngine();
        var ids = new List<EntityId>();
        for (var i = 0; i < 6; i++) ids.Add((await test.CreateAsync($$"""{"n":{{i}}}""")).Value.Id);
        var transaction = await BeginAsync(test);
        await test.CreateAsync("""{"n":100}""");
        var created = test.NewId();
        await transaction.CreateAsync(Some.Model, created, Some.Json("""{"n":7}"""), null, default);
        await transaction.UpdateAsync(null, ids[1], _ => Some.Json("""{"n":-1}"""), null, null, default);
        await transaction.DeleteAsync(null, ids[2], null, default);
        var positive = new Condition.Compare(new Field.Path(JsonPath.Parse("$.n")), Operator.GreaterOrEqual, [Some.Json("0")]);

        var seen = new List<EntityId>();
        while (true)
        {
            var page = (await transaction.ScanAsync(Some.Model, positive, seen.Count == 0 ? null : seen[^1], 2, default)).Value;
            seen.AddRange(page.Select(entity => entity.Id));
            if (page.Count < 2) break;
        }
        Assert.Equal(new[] { ids[0], ids[3], ids[4], ids[5], created }.OrderBy(id => id.Value), seen);
        await test.UpdateAsync(ids[4], "{}");
        Assert.Equal("CONFLICT", (await transaction.CommitAsync(default)).Error?.Code);
    }

    [Fact]
    public async Task Commit_SameUniqueKeyTwice_IsAViolation()
    {
        var test = new TestEngine(keys: [new("name", [JsonPath.Parse("$.name")])]);
        var transaction = await BeginAsync(test);
        await transaction.CreateAsync(Some.Model, test.NewId(), Some.Json("""{"name":"a"}"""), null, default);
        await transaction.CreateAsync(Some.Model, test.NewId(), Some.Json("""{"name":"a"}"""), null, default);
        Assert.Equal("UNIQUE_VIOLATION", (await transaction.CommitAsync(default)).Error?.Code);
    }

    [Fact]
    public async Task Bounds_EntitiesBytesAndLifetime_AreKept()
    {
        var time = new FakeTime();
        var test = new TestEngine(
            time: time,
            limits: new EngineLimits { TransactionEntitiesMax = 2, TransactionBytesMax = 10, TransactionLifetime =
                TimeSpan.FromSeconds(5) });
        var transaction = await BeginAsync(test);
        Assert.Equal(
            "TRANSACTION_TOO_LARGE",
            (await transaction.CreateAsync(Some.Model, test.NewId(), Some.Json("\"123456789\""), null, default)).Error?.Code);
        transaction = await BeginAsync(test);
        Assert.True((await transaction.CreateAsync(Some.Model, test.NewId(), Some.Json("1"), null, default)).IsOk);
        Assert.True((await transaction.CreateAsync(Some.Model, test.NewId(), Some.Json("1"), null, default)).IsOk);
        Assert.Equal(
            "TRANSACTION_TOO_LARGE", (await transaction.CreateAsync(Some.Model, test.NewId(), Some.Json("1"), null, default)).Error?.Code);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("TRANSACTION_EXPIRED", (await transaction.CommitAsync(default)).Error?.Code);
        Assert.Equal(0, test.Counted.Appends);
    }

    /// <summary>
    /// Two accounts may together not fall below zero. Each transaction reads both and takes from one: with the reads not validated, two at
    /// once would each see enough.
    /// </summary>
    [Fact]
    public async Task Commit_ManyAtOnce_AdmitsNoWriteSkewAndLosesNothing() => await Seeded.CheckAsync(10, async random =>
    {
        var test = new TestEngine();
        EntityId[] accounts = [(await test.CreateAsync("20")).Value.Id, (await test.CreateAsync("20")).Value.Id];
        var taken = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Seeded.Random(random.Next())).Select(own => Task.Run(async () =>
        {
            for (var i = 0; i < 30; i++)
            {
                var amount = own.Next(1, 4);
                var transaction = await BeginAsync(test);
                var sum = 0;
                foreach (var account in accounts) sum += Read((await transaction.ReadAsync(account, default)).Value);
                if (sum < amount) continue;
                await transaction.UpdateAsync(null, own.Pick(accounts),
                    current => Some.Json((Read(current) - amount).ToString(CultureInfo.InvariantCulture)), null, null, default);
                if ((await transaction.CommitAsync(default)).IsOk) Interlocked.Add(ref taken, amount);
            }
        })));
        var left = 0;
        foreach (var account in accounts) left += Read((await test.ReadAsync(account))!);
        Assert.True(left >= 0);
        Assert.Equal(40, left + taken);
    });

    private static int Read(EntityRevision entity) => int.Parse(entity.Document.ToString(), CultureInfo.InvariantCulture);

    private static async Task<EntityTransaction> BeginAsync(TestEngine test) => await test.Engine.BeginAsync(Some.Caller, default);
}
