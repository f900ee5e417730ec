using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Narrative;
using Strata.Entities.Tests.Support;
using Strata.Entities.Workflows;

namespace Strata.Entities.Tests.Narrative;

public class StoryBuilderTests
{
    [Fact]
    public async Task Tell_OfAnyLife_TellsEachCommitOnce() => await Seeded.CheckAsync(200, async random =>
    {
        var test = new TestEngine(WorkflowJson.Write(RandomWorkflow.Next(random)).ToString(), new FakeTime());
        test.Computation.Match = (_, _, _) => new(random.Chance(0.5));
        if (!(await test.CreateAsync(RandomJson.Document(random).ToString())).TryGet(out var created, out _)) return;
        for (var i = 0; i < 5; i++)
            await test.UpdateAsync(created.Id, RandomJson.Document(random).ToString(), random.Pick(null, "t0", "t1"));
        if (random.Chance(0.2)) await test.Engine.DeleteAsync(Some.Caller, null, created.Id, null, default);
        var history = await test.HistoryAsync(created.Id);
        var story = (await StoryBuilder.BuildAsync(test.Engine, Some.Caller, created.Id, default))!;
        Assert.Equal(history.Reverse().Select(revision => revision.Commit), story.Chapters.Select(chapter => chapter.Transaction));
        Assert.Equal((history[0].State, history[0].Deleted), (story.Entity.State, story.Entity.Deleted));
        Assert.Equal(history[0].Deleted, story.Waits.Count == 0);
        // no bare type of an event
        Assert.All(story.Chapters.SelectMany(chapter => chapter.Sentences), sentence => Assert.Contains(' ', sentence));
    });

    [Fact]
    public async Task Tell_OfAScheduledTransition_SaysThatItsTimeHadCome()
    {
        var time = new FakeTime();
        var test = new TestEngine("""{"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"late","next":"B","schedule":{"delayMs":1000}}]},"B":{}}}""", time);
        var created = (await test.CreateAsync()).Value;
        time.Advance(TimeSpan.FromSeconds(1));
        var due = Assert.Single(await test.Log.DueAsync(new DueQuery(time.GetUtcNow(), 10), default));
        Assert.Equal(
            ScheduleOutcome.Fired, (await test.Engine.FireAsync(new Caller(Some.Tenant, ScheduleRunner.Actor), due, default)).Value);
        var story = (await StoryBuilder.BuildAsync(test.Engine, Some.Caller, created.Id, default))!;
        Assert.Equal("The scheduler looks after it.", story.Chapters[1].Title);
        Assert.Contains("\"late\" takes it from A to B, because it is due.", story.Chapters[1].Sentences);
        Assert.Equal(
            (Some.Time.AddSeconds(1), "nothing: no transition leads out of the state B."), (story.Since, Assert.Single(story.Waits)));
    }

    [Fact]
    public async Task Tell_OfARunThatBrokeOff_SaysWhere()
    {
        var test = new TestEngine("""
            {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"go","next":"B","manual":true,"processors":[{"name":"p","executionMode":"COMMIT_BEFORE_DISPATCH"}]}]},"B":{}}}
            """);
        test.Computation.Process = (_, _, _) => new(ComputationErrors.NoMember("p", []));
        var created = (await test.CreateAsync()).Value;
        await test.TakeAsync(created.Id, "go");
        var story = (await StoryBuilder.BuildAsync(test.Engine, Some.Caller, created.Id, default))!;
        Assert.Equal(["user:jane creates it.", "user:jane asks for \"go\".", "What user:jane started is aborted."],
            story.Chapters.Select(chapter => chapter.Title));
        Assert.Equal("\"go\" was given up: NO_COMPUTE_MEMBER_FOR_TAG: No compute member serves \"p\".", story.Chapters[2].Sentences[0]);
        Assert.Equal("a request for \"go\", which leads to B.", Assert.Single(story.Waits));
        test.Computation.Process = (_, _, _) => new((Result<JsonText?>)(JsonText?)null);
        await test.TakeAsync(created.Id, "go");
        story = (await StoryBuilder.BuildAsync(test.Engine, Some.Caller, created.Id, default))!;
        Assert.Equal("What user:jane started continues, as the processor has answered.", story.Chapters[^1].Title);
        Assert.Contains("\"go\" takes it from A to B, as user:jane asked.", story.Chapters[^1].Sentences);
    }

    [Fact]
    public async Task Tell_OfALongLife_LeavesOutWhatIsOld()
    {
        var test = new TestEngine("""{"version":"1.0","name":"w","initialState":"A","states":{"A":{}}}""");
        var created = (await test.CreateAsync()).Value;
        for (var i = 0; i < StoryBuilder.ChaptersMax; i++) await test.UpdateAsync(created.Id, "{}");
        var story = (await StoryBuilder.BuildAsync(test.Engine, Some.Caller, created.Id, default))!;
        Assert.Equal(
            (true, StoryBuilder.ChaptersMax, "user:jane changes it."), (story.IsCut, story.Chapters.Count, story.Chapters[0].Title));
        Assert.Null(await StoryBuilder.BuildAsync(test.Engine, Some.Caller, test.NewId(), default));
    }
}
