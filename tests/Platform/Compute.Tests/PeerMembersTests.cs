using System.Text;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;
using Strata.Resources.Servers;

namespace Strata.Compute.Tests;

public sealed class PeerMembersTests
{
    private static readonly TenantId Tenant = new(Guid.Parse("01900000-0000-7000-8000-000000000001"));
    private static readonly TenantId Other = new(Guid.Parse("01900000-0000-7000-8000-000000000002"));

    private readonly PeerMembers members = new();

    [Fact]
    public void Choose_TakesTheLeastLoaded_OfThoseThatServeTheCall()
    {
        Add("busy", new MemberGroup(null, ["a"], 1, 10, 9));
        var idle = Add("idle", new MemberGroup(null, ["a", "b"], 1, 10, 2));
        Add("other", new MemberGroup(null, ["c"], 1, 10, 0));
        Assert.Same(idle, Choose(["a"]));
        Assert.Null(Choose(["d"]));
        Assert.Null(members.Choose(Other, null, ["a"], [], withRoom: false));
        Assert.True(members.Serves(Tenant, ["c"]));
        Assert.False(members.Serves(Other, ["c"]));
    }

    [Fact]
    public void Choose_CountsWhatItHasGiven_BeforeItIsTold_AndSpreadsEqualLoad()
    {
        var (one, two) = (Add("one", new MemberGroup(null, ["a"], 1, 2, 0)), Add("two", new MemberGroup(null, ["a"], 1, 2, 0)));
        var first = Choose(["a"])!;
        var second = Choose(["a"])!;
        Assert.NotSame(first, second);
        one.Gave(Tenant);
        Assert.Same(two, Choose(["a"]));
        one.Gave(Tenant);
        two.Gave(Tenant);
        two.Gave(Tenant);
        Assert.Null(members.Choose(Tenant, null, ["a"], [], withRoom: true));
        Assert.NotNull(members.Choose(Tenant, null, ["a"], [], withRoom: false));
        one.Answered(Tenant);
        Assert.Same(one, members.Choose(Tenant, null, ["a"], [], withRoom: true));
    }

    [Fact]
    public void Choose_AsksMembersOfAProject_ForItsModelsOnly()
    {
        var one = Add("one", new MemberGroup("prj_1", ["a"], 1, 10, 0));
        Assert.Null(members.Choose(Tenant, null, ["a"], [], withRoom: false));
        Assert.Null(members.Choose(Tenant, "prj_2", ["a"], [], withRoom: false));
        Assert.Same(one, members.Choose(Tenant, "prj_1", [], [], withRoom: false));
        Assert.Null(members.Choose(Tenant, "prj_1", ["a"], [one], withRoom: false));
    }

    [Fact]
    public void ServerWhoseStreamEnded_HasNoMembers()
    {
        var former = Add("one", new MemberGroup(null, ["a"], 1, 10, 0));
        var present = Add("one", new MemberGroup(null, ["a"], 1, 10, 0)); // its stream began again before the end of the last was seen
        members.Remove(former);
        Assert.Same(present, Choose(["a"]));
        present.Set(Tenant, []);
        Assert.Null(Choose(["a"]));
        members.Remove(present);
        Assert.True(members.IsEmpty);
    }

    [Fact]
    public void Call_ReadAgain_IsAsItWas_InTheTenantOfTheToken()
    {
        var entity = new EntityRevision
        {
            Tenant = Tenant, Id = new EntityId(Guid.CreateVersion7()), Model = new ModelKey("order", 3), Revision = new Revision(7),
            Commit = new CommitId(Guid.CreateVersion7()), State = "NEW",
            Document = JsonText.FromString("""{"n":12345678901234567890.10,"text":"💩"}"""), CreatedAt = new(2026, 1, 1, 0, 0, 0, 1, TimeSpan.Zero),
            ChangedAt = new(2026, 1, 2, 0, 0, 0, 1, TimeSpan.Zero), ChangedBy = "user:jane", Transition = "loopback",
        };
        var call = new MemberCall
        {
            RequestId = "r", Kind = MemberCallKind.Function, Name = "f",
            Config = new ComputeConfig { Tags = ["a", "b"], AttachEntity = false, Context = "c" },
            Call = new ComputeCall(entity, "w", new TransitionDefinition { Name = "go", Next = "B" }) { Project = "prj_1" },
            TransactionToken = "one.secret",
        };
        var read = PeerCallText.Read(Other, PeerCallText.Write(call))!;
        Assert.Equal(entity with { Tenant = Other, Audit = read.Call.Entity.Audit }, read.Call.Entity);
        Assert.Equal(("r", MemberCallKind.Function, "f", "one.secret"), (read.RequestId, read.Kind, read.Name, read.TransactionToken));
        Assert.Equal(("a b", false, "c"), (string.Join(' ', read.Config.Tags), read.Config.AttachEntity, read.Config.Context));
        Assert.Equal(
            ("w", "go", "B", "prj_1"), (read.Call.Workflow, read.Call.Transition!.Name, read.Call.Transition.Next, read.Call.Project));
        Assert.Null(PeerCallText.Read(Tenant, "{}"u8.ToArray()));
        Assert.Null(PeerCallText.Read(Tenant, "no"u8.ToArray()));
    }

    [Fact]
    public void Answer_ReadAgain_IsAsItWas()
    {
        foreach (var answer in (MemberAnswer[])
        [
            new() { Document = JsonText.FromString("""{"n":1.50}""") }, new() { Matches = true }, new(),
            new() { ResultKind = "Schedule", Result = JsonText.FromString("""{"fireAfterMs":5}""") }, new() { Failure = new MemberFailure(null, "no", true) },
            new() { Failure = new MemberFailure("E1", "no", false) },
        ]) Assert.Equal(answer, PeerCallText.ReadAnswer(PeerCallText.Write(answer)));
        Assert.Null(PeerCallText.ReadAnswer("[]"u8.ToArray()));
    }

    [Fact]
    public void Line_ThatCannotBeRead_IsNone_AndNoException()
    {
        foreach (var text in (string[])
        [
            "", "no", "null", "[]", "{}", """{"org":"x","groups":[]}""", $$"""{"org":"{{Tenant}}"}""", $$"""{"org":"{{Tenant}}","groups":null}""",
            $$"""{"org":"{{Tenant}}","groups":[null]}""", $$"""{"org":"{{Tenant}}","groups":[{"tags":null}]}""",
            $$"""{"org":"{{Tenant}}","groups":[{}]}""", $$"""{"org":"{{Tenant}}","groups":[{"tags":["a"],"limit":"many"}]}""",
        ]) Assert.False(MemberGroupsLine.TryRead(Encoding.UTF8.GetBytes(text), out _, out _), text);
    }

    [Fact]
    public void Line_OfManyGroups_IsBounded_AndHoldsSomeOfThem()
    {
        var tags = Enumerable.Range(0, 50).Select(i => new string('t', 98) + i).ToList();
        List<MemberGroup> all = [.. Enumerable.Range(0, 1000).Select(i => new MemberGroup($"prj_{i}", tags, 1, 64, 0))];
        var line = MemberGroupsLine.Write(Tenant, MemberGroupsLine.Fitting(all));
        Assert.InRange(line.Length, 1, MemberGroupsLine.BytesMax);
        Assert.True(MemberGroupsLine.TryRead(line, out var tenant, out var groups));
        Assert.Equal((Tenant, "prj_0"), (tenant, groups[0].Project));
        Assert.True(MemberGroupsLine.TryRead(MemberGroupsLine.Write(Tenant, []), out _, out groups));
        Assert.Empty(groups);
    }

    private PeerView? Choose(IReadOnlyList<string> tags) => members.Choose(Tenant, null, tags, [], withRoom: false);

    private PeerView Add(string name, MemberGroup group)
    {
        var view = members.Add(new PeerServer(name, name, new Uri("http://127.0.0.1:1")));
        view.Set(Tenant, [group]);
        return view;
    }
}
