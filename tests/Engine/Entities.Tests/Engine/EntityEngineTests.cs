using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;
using Strata.Entities.Workflows;

namespace Strata.Entities.Tests.Engine;

public class EntityEngineTests
{
    private static readonly UniqueKeyDefinition NameKey = new("name", [JsonPath.Parse("$.name")]);

    [Fact]
    public async Task Create_WithoutWorkflow_SettlesByTheDefault()
    {
        var test = new TestEngine();
        var created = (await test.CreateAsync("""{"a":1}""")).Value;
        Assert.Equal("CREATED", created.State);
        Assert.Equal(new Revision(1), created.Revision);
        Assert.Equal(created.CreatedAt, created.ChangedAt);
        var read = await test.ReadAsync(created.Id);
        Assert.Equal(created with { Audit = [] }, read! with { Audit = [] });
        Assert.Equal((1, 0), (test.Counted.Appends, test.Counted.Reads));
    }

    [Fact]
    public async Task Update_WithoutTransition_IsALoopbackOfOneReadAndOneAppend()
    {
        var test = new TestEngine();
        var created = (await test.CreateAsync()).Value;
        var updated = (await test.UpdateAsync(created.Id, """{"b":2}""")).Value;
        Assert.Equal("loopback", updated.Transition);
        Assert.Equal("""{"b":2}""", updated.Document.ToString());
        Assert.Equal(created.CreatedAt, updated.CreatedAt);
        Assert.Equal((2, 1), (test.Counted.Appends, test.Counted.Reads));
    }

    [Fact]
    public async Task Update_WithNamedTransition_IsRecorded()
    {
        var test = new TestEngine();
        var created = (await test.CreateAsync()).Value;
        Assert.Equal(["UPDATE", "DELETE"], (await test.Engine.TransitionsAsync(Some.Caller, created.Id, AsOf.Latest, default)).Value);
        var deleted = (await test.TakeAsync(created.Id, "DELETE")).Value;
        Assert.Equal(("DELETED", "DELETE"), (deleted.State, deleted.Transition));
        Assert.Equal("TRANSITION_NOT_FOUND", (await test.TakeAsync(created.Id, "UPDATE")).Error?.Code);
    }

    [Fact]
    public async Task Create_UnknownModel_IsModelNotFound()
    {
        var test = new TestEngine();
        var result = await test.Engine.CreateAsync(
            Some.Caller, new ModelKey("ghost", 1), test.NewId(), JsonText.EmptyObject, null, default);
        Assert.Equal("MODEL_NOT_FOUND", result.Error?.Code);
        Assert.Equal(0, test.Counted.Appends);
    }

    [Fact]
    public async Task Create_SameIdTwice_IsAConflict()
    {
        var test = new TestEngine();
        var created = (await test.CreateAsync()).Value;
        Assert.Equal("CONFLICT", (await test.CreateAsync(id: created.Id)).Error?.Code);
    }

    [Fact]
    public async Task Update_UnknownDeletedOrOtherModel_IsNotFound()
    {
        var test = new TestEngine();
        Assert.Equal("ENTITY_NOT_FOUND", (await test.UpdateAsync(test.NewId(), "{}")).Error?.Code);
        var created = (await test.CreateAsync()).Value;
        var asOther = await test.Engine.UpdateAsync(
            Some.Caller, new ModelKey("other", 1), created.Id, e => e.Document, null, null, default);
        Assert.Equal("ENTITY_NOT_FOUND", asOther.Error?.Code);
        var deleted = (await test.Engine.DeleteAsync(Some.Caller, null, created.Id, null, default)).Value;
        Assert.True(deleted.Deleted);
        Assert.Equal(new Revision(2), deleted.Revision);
        Assert.Equal("ENTITY_NOT_FOUND", (await test.UpdateAsync(created.Id, "{}")).Error?.Code);
        Assert.Equal("ENTITY_NOT_FOUND", (await test.Engine.DeleteAsync(Some.Caller, null, created.Id, null, default)).Error?.Code);
    }

    [Fact]
    public async Task Update_IfMatch_AdmitsOnlyTheCurrentRevision()
    {
        var test = new TestEngine();
        var created = (await test.CreateAsync()).Value;
        var updated = (await test.UpdateAsync(created.Id, """{"n":1}""", ifMatch: created.Revision)).Value;
        var stale = (await test.UpdateAsync(created.Id, """{"n":2}""", ifMatch: created.Revision)).Error;
        Assert.Equal(("ENTITY_MODIFIED", ErrorKind.PreconditionFailed), (stale?.Code, stale?.Kind));
        Assert.Equal(updated.Revision, (await test.ReadAsync(created.Id))?.Revision);
        Assert.Equal(
            "ENTITY_MODIFIED", (await test.Engine.DeleteAsync(Some.Caller, null, created.Id, created.Revision, default)).Error?.Code);
    }

    [Fact]
    public async Task Update_RivalCommitsFirst_IsTriedAgainOnWhatIsNow()
    {
        var test = new TestEngine();
        var created = (await test.CreateAsync("[]")).Value;
        LetARivalCommitFirst(test, created.Id, """["rival"]""", times: 1);
        var updated = await test.Engine.UpdateAsync(
            Some.Caller, null, created.Id, e => Some.Json($"[{e.Document},1]"), null, null, default);
        Assert.Equal("""[["rival"],1]""", updated.Value.Document.ToString());
    }

    [Fact]
    public async Task Update_RivalCommitsFirstUnderIfMatch_IsModified()
    {
        var test = new TestEngine();
        var created = (await test.CreateAsync()).Value;
        LetARivalCommitFirst(test, created.Id, "{}", times: 1);
        Assert.Equal("ENTITY_MODIFIED", (await test.UpdateAsync(created.Id, "{}", ifMatch: created.Revision)).Error?.Code);
    }

    [Fact]
    public async Task Update_RivalsWithoutEnd_IsARetryableConflict()
    {
        var test = new TestEngine(limits: new EngineLimits { ConflictTriesMax = 3 });
        var created = (await test.CreateAsync()).Value;
        LetARivalCommitFirst(test, created.Id, "{}", times: 100);
        var error = (await test.UpdateAsync(created.Id, "{}")).Error;
        Assert.Equal(("CONFLICT", true), (error?.Code, error?.Retryable));
        Assert.Equal(4, test.Counted.Appends);
    }

    [Fact]
    public async Task Update_ManyAtOnce_LosesNoUpdate()
    {
        var test = new TestEngine(limits: new EngineLimits { ConflictTriesMax = 100 });
        var created = (await test.CreateAsync("0")).Value;
        Result<JsonText> AddOne(EntityRevision e) =>
            Some.Json((int.Parse(e.Document.ToString(), null) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Task.Run(async () =>
            Assert.True((await test.Engine.UpdateAsync(Some.Caller, null, created.Id, AddOne, null, null, default)).IsOk))));
        Assert.Equal("40", (await test.ReadAsync(created.Id))?.Document.ToString());
    }

    [Fact]
    public async Task Update_ChangeRefuses_WritesNothing()
    {
        var test = new TestEngine();
        var created = (await test.CreateAsync()).Value;
        var refused = await test.Engine.UpdateAsync(
            Some.Caller, null, created.Id, _ => new Error(ErrorKind.Forbidden, "NO", "No."), null, null, default);
        Assert.Equal("NO", refused.Error?.Code);
        Assert.Equal(1, test.Counted.Appends);
    }

    [Fact]
    public async Task Write_DocumentPastTheLimit_IsTooLarge()
    {
        var test = new TestEngine(limits: new EngineLimits { DocumentBytesMax = 10 });
        Assert.True((await test.CreateAsync("\"12345678\"")).IsOk);
        Assert.Equal("TOO_LARGE", (await test.CreateAsync("\"123456789\"")).Error?.Code);
    }

    [Fact]
    public async Task UniqueKey_TakenByAnother_IsAViolationUntilReleased()
    {
        var test = new TestEngine(keys: [NameKey]);
        var first = (await test.CreateAsync("""{"name":"a"}""")).Value;
        Assert.Equal("UNIQUE_VIOLATION", (await test.CreateAsync("""{"name":"\u0061"}""")).Error?.Code);
        var second = (await test.CreateAsync("""{"name":"b"}""")).Value;
        Assert.Equal("UNIQUE_VIOLATION", (await test.UpdateAsync(second.Id, """{"name":"a"}""")).Error?.Code);
        Assert.Equal(first.Id, await test.Log.FindAsync(Some.Tenant, Some.Model.Name, UniqueKeys.ClaimOf("name", "a"), default));
        await test.UpdateAsync(first.Id, """{"name":"c"}""");
        Assert.True((await test.UpdateAsync(second.Id, """{"name":"a"}""")).IsOk);
    }

    [Fact]
    public async Task UniqueKey_NoneSomeOrNoScalar_FollowTheRules()
    {
        var test = new TestEngine(keys: [new("pair", [JsonPath.Parse("$.a"), JsonPath.Parse("$.b")])]);
        Assert.True((await test.CreateAsync("""{"a":null}""")).IsOk);
        Assert.True((await test.CreateAsync("{}")).IsOk);
        Assert.Equal("INVALID_UNIQUE_KEY", (await test.CreateAsync("""{"a":1}""")).Error?.Code);
        Assert.Equal("INVALID_UNIQUE_KEY", (await test.CreateAsync("""{"a":1,"b":{}}""")).Error?.Code);
        Assert.Equal("INVALID_UNIQUE_KEY", (await test.CreateAsync($$"""{"a":1,"b":"{{new string('x', 1025)}}"}""")).Error?.Code);
        Assert.True((await test.CreateAsync("""{"a":1,"b":"1"}""")).IsOk);
        Assert.True((await test.CreateAsync("""{"a":"1","b":1}""")).IsOk);
        Assert.Equal("UNIQUE_VIOLATION", (await test.CreateAsync("""{"a":10e-1,"b":"1"}""")).Error?.Code);
    }

    [Fact]
    public async Task Create_ForARequest_CarriesItsCommitAndFingerprint()
    {
        var test = new TestEngine();
        var key = new RequestKey(CommitId.New(TimeProvider.System), "sum");
        var created = (
            await test.Engine.CreateAsync(
                Some.Caller with { Request = key }, Some.Model, test.NewId(), JsonText.EmptyObject, null, default)).Value;
        Assert.Equal(key.Commit, created.Commit);
        Assert.Contains(new AuditEvent(AuditEventTypes.Request, null, "sum"), (await test.HistoryAsync(created.Id))[0].Audit);
    }

    private static void LetARivalCommitFirst(TestEngine test, EntityId id, string document, int times)
    {
        var rival = new EntityEngine(test.Log, new StaticDefinitions([test.Model]), test.Computation, TimeProvider.System);
        test.Counted.BeforeAppend = async _ =>
        {
            if (times-- > 0)
                Assert.True((await rival.UpdateAsync(Some.Caller, null, id, _ => Some.Json(document), null, null, default)).IsOk);
        };
    }
}
