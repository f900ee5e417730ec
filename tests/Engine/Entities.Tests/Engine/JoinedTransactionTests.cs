using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;
using Strata.Entities.Workflows;

namespace Strata.Entities.Tests.Engine;

/// <summary>Whom a call asks reads and writes in the transaction that waits for the answer.</summary>
public class JoinedTransactionTests
{
    private const string Workflow = """
        {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[
          {"name":"go","next":"B","manual":true,"processors":[{"name":"p","executionMode":"SYNC","config":{"responseTimeoutMs":60000}}]},
          {"name":"ask","next":"B","manual":true,"criterion":{"type":"function","function":{"name":"f"}}},
          {"name":"pause","next":"B","manual":true,"processors":[{"name":"c","executionMode":"COMMIT_BEFORE_DISPATCH"}]},
          {"name":"both","next":"B","manual":true,"processors":[{"name":"p","executionMode":"SYNC"},{"name":"c","executionMode":"COMMIT_BEFORE_DISPATCH"}]},
          {"name":"aside","next":"B","manual":true,"processors":[{"name":"n","executionMode":"ASYNC_NEW_TX"}]}]},
          "B":{"transitions":[{"name":"back","next":"A","manual":true}]}}}
        """;

    private readonly TestEngine test = new(Workflow);

    [Fact]
    public async Task What_AMemberWrites_TakesEffectWithItsAnswer_InOneCommit()
    {
        var (id, other) = (test.NewId(), test.NewId());
        Process(async (call, caller) =>
        {
            var written = (await CreateAsync(caller, other, """{"of":"member"}""")).Value;
            Assert.Null(await test.ReadAsync(other)); // nobody else sees it
            Assert.Equal(written.Commit, (await ReadAsync(caller, other)).Value.Commit);
            Assert.Equal("A", (await ReadAsync(caller, call.Entity.Id)).Value.State); // nor is what it is asked about there for others
            return Some.Json("{}");
        });
        var created = (await test.CreateAsync("{}", "go", id)).Value;
        Assert.Equal(id, created.Id);
        Assert.Equal(1, test.Counted.Appends);
        Assert.Equal(created.Commit, (await test.ReadAsync(other))?.Commit);
    }

    [Fact]
    public async Task Failure_UndoesWhatTheMemberDid()
    {
        var other = (await test.CreateAsync("""{"n":1}""")).Value;
        Process(async (_, caller) =>
        {
            Assert.True((await UpdateAsync(caller, other.Id, """{"n":2}""")).IsOk);
            return new Error(ErrorKind.Invalid, "WORKFLOW_FAILED", "No.");
        });
        var id = test.NewId();
        Assert.False((await test.CreateAsync("{}", "go", id)).IsOk);
        Assert.Null(await test.ReadAsync(id));
        Assert.Equal("""{"n":1}""", (await test.ReadAsync(other.Id))?.Document.ToString());
    }

    [Fact]
    public async Task NewTransaction_ThatFails_LeavesNothing_AndTheTransitionIsTaken()
    {
        var other = test.NewId();
        Process(async (_, caller) => (await CreateAsync(caller, other, "{}")).IsOk
            ? new Error(ErrorKind.Invalid, "WORKFLOW_FAILED", "No.") : Some.Json("{}"));
        Assert.Equal("B", (await test.CreateAsync("{}", "aside")).Value.State);
        Assert.Null(await test.ReadAsync(other));
    }

    [Fact]
    public async Task Criterion_MayLook_ButNotWrite()
    {
        var (other, seen) = ((await test.CreateAsync("""{"n":1}""")).Value, "");
        test.Computation.Match = async (_, call, _) =>
        {
            var caller = Some.Caller with { Join = await call.Join!.OfferAsync() };
            Assert.True((await UpdateAsync(caller, other.Id, """{"n":2}""")).IsOk);
            seen = (await ReadAsync(caller, other.Id)).Value.Document.ToString();
            return true;
        };
        Assert.Equal("B", (await test.CreateAsync("{}", "ask")).Value.State);
        Assert.Equal("""{"n":2}""", seen);
        Assert.Equal("""{"n":1}""", (await test.ReadAsync(other.Id))?.Document.ToString());
    }

    [Fact]
    public async Task Request_ThatFails_LeavesTheOthers()
    {
        var (first, second) = (test.NewId(), test.NewId());
        Process(async (_, caller) =>
        {
            Assert.True((await CreateAsync(caller, first, "{}")).IsOk);
            var both = await test.Engine.TransactAsync(caller, async (transaction, ct) =>
            {
                Assert.True((await transaction.CreateAsync(Some.Model, second, Some.Json("{}"), null, ct)).IsOk);
                return (await transaction.UpdateAsync(null, first, _ => Some.Json("""{"x":1}"""), "nowhere", null, ct)).Error;
            }, default);
            Assert.Equal("TRANSITION_NOT_FOUND", both.Error?.Code);
            Assert.Equal("ENTITY_NOT_FOUND", (await ReadAsync(caller, second)).Error?.Code);
            return Some.Json("{}");
        });
        Assert.True((await test.CreateAsync("{}", "go")).IsOk);
        Assert.Equal("{}", (await test.ReadAsync(first))?.Document.ToString());
        Assert.Null(await test.ReadAsync(second));
    }

    [Fact]
    public async Task Request_ThatFailsOnWhatWasLookedForBefore_LeavesTheTransactionAsItWas()
    {
        var missing = test.NewId();
        Process(async (_, caller) =>
        {
            var looked = await test.Engine.TransactAsync(
                caller, async (transaction, ct) => (await transaction.ReadAsync(missing, ct)).IsOk
                    ? EngineErrors.NothingToJoin() : null, default);
            Assert.Empty(looked.Value);
            Assert.Equal(
                "TRANSITION_NOT_FOUND",
                (await test.Engine.CreateAsync(caller, Some.Model, missing, Some.Json("{}"), "nowhere", default)).Error?.Code);
            return (await CreateAsync(caller, missing, "{}")).IsOk ? Some.Json("{}") : new Error(ErrorKind.Internal, "X", "No.");
        });
        Assert.Null((await test.CreateAsync("{}", "go")).Error);
        Assert.NotNull(await test.ReadAsync(missing));
    }

    [Fact]
    public async Task SecondPart_IsNotBoundByWhatTheFirstHadRead()
    {
        var other = (await test.CreateAsync("""{"n":1}""")).Value;
        test.Computation.Process = async (processor, call, _) =>
        {
            if (processor.Name == "p") return (await UpdateAsync(Some.Caller with { Join = await call.Join!.OfferAsync() }, other.Id, """{"n":2}""")).Error is { } error ? error : (JsonText?)null;
            Assert.Equal("""{"n":2}""", (await test.ReadAsync(other.Id))?.Document.ToString());
            Assert.True((await test.UpdateAsync(other.Id, """{"n":3}""")).IsOk);
            return (JsonText?)null;
        };
        Assert.Null((await test.CreateAsync("{}", "both")).Error);
        Assert.Equal("""{"n":3}""", (await test.ReadAsync(other.Id))?.Document.ToString());
    }

    [Fact]
    public async Task Transact_TellsWhatItWroteItself()
    {
        var ids = new[] { test.NewId(), test.NewId(), test.NewId() };
        Process(async (call, caller) =>
        {
            if (call.Entity.Id == ids[1]) return (await CreateAsync(caller, ids[2], "{}")).IsOk ? Some.Json("""{"deep":true}""") : Some.Json("{}");
            Assert.True((await CreateAsync(caller, ids[0], "{}")).IsOk);
            var written = await test.Engine.TransactAsync(
                caller, async (transaction, ct) =>
                    (await transaction.CreateAsync(Some.Model, ids[1], Some.Json("{}"), "go", ct)).Error, default);
            Assert.Equal(ids[1], Assert.Single(written.Value).Id);
            return Some.Json("{}");
        });
        var asked = test.NewId();
        var all = await test.Engine.TransactAsync(
            Some.Caller with { Request = new RequestKey(CommitId.New(TimeProvider.System), "print") },
            async (transaction, ct) => (await transaction.CreateAsync(Some.Model, asked, Some.Json("{}"), "go", ct)).Error, default);
        Assert.Equal(asked, Assert.Single(all.Value).Id);
        foreach (var id in ids) Assert.Equal(all.Value[0].Commit, (await test.ReadAsync(id))?.Commit);
        Assert.Contains((await test.HistoryAsync(asked))[0].Audit, e => e.Type == AuditEventTypes.Request);
        Assert.DoesNotContain((await test.HistoryAsync(ids[0]))[0].Audit, e => e.Type == AuditEventTypes.Request);
    }

    [Fact]
    public async Task Entity_ThatTheCallIsAbout_CannotBeWrittenByIt()
    {
        Process(async (call, caller) =>
        {
            Assert.Equal("CONFLICT", (await UpdateAsync(caller, call.Entity.Id, "{}")).Error?.Code);
            Assert.Equal("CONFLICT", (await CreateAsync(caller, call.Entity.Id, "{}")).Error?.Code);
            Assert.Equal("CONFLICT", (await test.Engine.DeleteAsync(caller, null, call.Entity.Id, null, default)).Error?.Code);
            return Some.Json("{}");
        });
        var id = test.NewId();
        Assert.Null((await test.CreateAsync("{}", "go", id)).Error);
        Assert.Null((await test.TakeAsync(id, "back")).Error);
        Assert.Null((await test.TakeAsync(id, "go")).Error);
    }

    [Fact]
    public async Task CommitBeforeDispatch_InsideOfAnother_IsRefused_AndByItselfCanBeJoined()
    {
        var other = test.NewId();
        test.Computation.Process = async (processor, call, _) =>
        {
            var caller = Some.Caller with { Join = await call.Join!.OfferAsync() };
            if (processor.Name == "c") return (await CreateAsync(caller, other, "{}")).Error is { } error
                ? error : (JsonText?)Some.Json("{}");
            Assert.Equal("COMMIT_IN_JOINED_TRANSACTION",
                (await test.Engine.CreateAsync(caller, Some.Model, test.NewId(), Some.Json("{}"), "pause", default)).Error?.Code);
            return (JsonText?)null;
        };
        Assert.True((await test.CreateAsync("{}", "go")).IsOk);
        var paused = (await test.CreateAsync("{}", "pause")).Value;
        Assert.Equal(paused.Commit, (await test.ReadAsync(other))?.Commit);
        Assert.Equal(3, test.Counted.Appends);
    }

    [Fact]
    public async Task Token_IsGoodForTheTenantAndTheTimeOfTheCall()
    {
        var token = "";
        Process(async (_, caller) =>
        {
            token = caller.Join!;
            var stranger = caller with { Tenant = new TenantId(new Guid("00000000-0000-7000-8000-00000000000b")) };
            Assert.Equal("TRANSACTION_NOT_FOUND", (await CreateAsync(stranger, test.NewId(), "{}")).Error?.Code);
            return Some.Json("{}");
        });
        Assert.True((await test.CreateAsync("{}", "go")).IsOk);
        Assert.Equal("TRANSACTION_NOT_FOUND", (await CreateAsync(Some.Caller with { Join = token }, test.NewId(), "{}")).Error?.Code);
        Assert.Equal("TRANSACTION_NOT_FOUND", (await ReadAsync(Some.Caller with { Join = "x" }, test.NewId())).Error?.Code);
    }

    [Fact]
    public async Task AnotherTry_FencesTheFirstOff_AndUndoesWhatItDid()
    {
        var (first, second) = (test.NewId(), test.NewId());
        test.Computation.Process = async (_, call, _) =>
        {
            var lost = Some.Caller with { Join = await call.Join!.OfferAsync() };
            Assert.True((await CreateAsync(lost, first, "{}")).IsOk);
            var next = Some.Caller with { Join = await call.Join!.OfferAsync() };
            Assert.Equal("TRANSACTION_NOT_FOUND", (await CreateAsync(lost, test.NewId(), "{}")).Error?.Code);
            Assert.Equal("ENTITY_NOT_FOUND", (await ReadAsync(next, first)).Error?.Code);
            return (await CreateAsync(next, second, "{}")).IsOk ? (JsonText?)null : new Error(ErrorKind.Internal, "X", "No.");
        };
        Assert.True((await test.CreateAsync("{}", "go")).IsOk);
        Assert.Null(await test.ReadAsync(first));
        Assert.NotNull(await test.ReadAsync(second));
    }

    [Fact]
    public async Task Timeout_EndsARequestThatIsAtWork_AndUndoesIt()
    {
        var time = new FakeTime();
        var timed = new TestEngine(Workflow, time);
        var (other, reached) = (timed.NewId(), new TaskCompletionSource());
        var joined = Task.FromResult(default(Result<EntityRevision>));
        timed.Computation.Process = async (_, call, ct) =>
        {
            if (call.Entity.Id == other)
            {
                reached.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, CancellationToken.None); // a member that never answers
            }
            var caller = Some.Caller with { Join = await call.Join!.OfferAsync() };
            joined = timed.Engine.CreateAsync(caller, Some.Model, other, Some.Json("{}"), "go", default).AsTask();
            await Task.Delay(Timeout.InfiniteTimeSpan, CancellationToken.None);
            return (JsonText?)null;
        };
        var creating = timed.CreateAsync("{}", "go");
        await reached.Task;
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("DISPATCH_TIMEOUT", (await creating).Error?.Code);
        Assert.Contains((await joined).Error?.Code, new[] { "CALLOUT_SUPERSEDED", "DISPATCH_TIMEOUT" }); // both calls have timed out
        Assert.Equal(0, timed.Counted.Appends);
    }

    [Fact]
    public async Task Requests_AtTheSameTime_TakeTurns_WithinABound()
    {
        var answers = new List<Result<EntityRevision>>();
        Process(async (_, caller) =>
        {
            answers.AddRange(await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => CreateAsync(caller, test.NewId(), $$"""{"i":{{i}}}""")))));
            return Some.Json("{}");
        });
        var created = (await test.CreateAsync("{}", "go")).Value;
        Assert.All(answers, a => Assert.True(a.IsOk));
        Assert.Equal(21, (await test.Log.FollowAsync(Some.Tenant, Revision.None, 100, default)).Count(e => e.Commit == created.Commit));
    }

    [Fact]
    public async Task Members_ThatAskMembers_GoOnlySoDeep()
    {
        Error? last = null;
        var depth = 0;
        Process(async (_, caller) =>
        {
            depth++;
            if ((await test.Engine.CreateAsync(caller, Some.Model, test.NewId(), Some.Json("{}"), "go", default)).Error is { } error)
                last = error;
            return Some.Json("{}");
        });
        Assert.True((await test.CreateAsync("{}", "go")).IsOk);
        Assert.Equal(("JOINED_TOO_DEEP", 17), (last?.Code, depth));
    }

    [Fact]
    public async Task Rival_ThatChangesWhatAMemberHasRead_MakesTheWholeBeDoneAgain()
    {
        var other = (await test.CreateAsync("""{"n":1}""")).Value;
        var tries = 0;
        Process(async (_, caller) =>
        {
            Assert.True((await UpdateAsync(caller, other.Id, """{"n":"member"}""")).IsOk);
            if (++tries == 1) Assert.True((await test.UpdateAsync(other.Id, """{"n":"rival"}""")).IsOk);
            return Some.Json("{}");
        });
        var id = test.NewId();
        Assert.True((await test.CreateAsync("{}", null, id)).IsOk);
        Assert.True((await test.TakeAsync(id, "go")).IsOk);
        Assert.Equal((2, """{"n":"member"}"""), (tries, (await test.ReadAsync(other.Id))?.Document.ToString()));
    }

    private void Process(Func<ComputeCall, Caller, Task<Result<JsonText>>> process) => test.Computation.Process = async (_, call, _) =>
        (await process(call, Some.Caller with { Join = await call.Join!.OfferAsync() })).TryGet(out var document, out var error)
            ? (JsonText?)document : error;

    private async Task<Result<EntityRevision>> CreateAsync(Caller caller, EntityId id, string document) =>
        await test.Engine.CreateAsync(caller, Some.Model, id, Some.Json(document), null, default);

    private async Task<Result<EntityRevision>> UpdateAsync(Caller caller, EntityId id, string document) =>
        await test.Engine.UpdateAsync(caller, null, id, _ => Some.Json(document), null, null, default);

    private async Task<Result<EntityRevision>> ReadAsync(Caller caller, EntityId id) =>
        await test.Engine.ReadAsync(caller, id, AsOf.Latest, default);
}
