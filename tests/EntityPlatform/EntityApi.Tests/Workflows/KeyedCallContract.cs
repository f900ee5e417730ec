using System.Collections.Concurrent;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Workflows;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Workflows;

/// <summary>
/// A request with an Idempotency-Key whose first commit comes before a processor is called: what was saved by it is not the whole effect.
/// </summary>
public abstract class KeyedCallContract(IStore store) : WorkflowContract(store)
{
    private const string Manual = """{"A":{"transitions":[{"name":"go","next":"B","manual":true,"processors":[PROCESSOR]}]},"B":{"transitions":[{"name":"on","next":"C","manual":true}]},"C":{}}""";
    private const string Twice = """{"A":{"transitions":[{"name":"go","next":"B","manual":true,"processors":[PROCESSOR,PROCESSOR]}]},"B":{}}""";
    private const string Later = """{"A":{"transitions":[{"name":"go","next":"B","manual":true}]},"B":{"transitions":[{"name":"notify","next":"C","manual":false,"processors":[PROCESSOR]},{"name":"go","next":"D","manual":true}]},"C":{},"D":{}}""";
    private const string AtOnce = """{"A":{"transitions":[{"name":"go","next":"B","manual":false,"processors":[PROCESSOR]},{"name":"expire","next":"B","schedule":{"delayMs":3600000}}]},"B":{}}""";
    private const string Processor = """{"type":"externalized","name":"p","executionMode":"COMMIT_BEFORE_DISPATCH"}""";

    private readonly Member member = new();

    protected override IComputation Computation => new InProcessComputation([member], []);

    [Fact]
    public async Task FailedCall_IsNeverAnsweredAsASuccess()
    {
        await GivenAsync(Manual.Replace("PROCESSOR", Processor, StringComparison.Ordinal));
        var (id, _) = await CreateAsync();
        member.Fails(1);
        var failed = await TakeAsync(id, "k");
        Assert.Equal((503, "DISPATCH_TIMEOUT"), (failed.Status, ErrorCode(failed)));
        // What it saved stays, so the same request cannot succeed any more.
        Assert.False(failed.Body.GetProperty("properties").TryGetProperty("retryable", out _));
        await IsNotCompletedAsync(() => TakeAsync(id, "k"));
        Assert.Equal(("A", 1), (await StateAsync(id), member.Calls));
        var taken = await TakeAsync(id, "other");
        Assert.True(taken.Status == 200, taken.Body.ToString());
        Assert.Equal(200, (await TakeAsync(id, "third", "on", "{}")).Status);
        Assert.Equal(taken.Body.GetRawText(), (await TakeAsync(id, "other")).Body.GetRawText());
        await IsNotCompletedAsync(() => TakeAsync(id, "k"));
        Assert.Equal((2, "C"), (member.Calls, await StateAsync(id)));
    }

    /// <summary>What was saved holds a transition already: to take it again would take it twice.</summary>
    [Fact]
    public async Task FailedCall_BehindATransition_IsNotTakenAgain()
    {
        await GivenAsync(Later.Replace("PROCESSOR", Processor, StringComparison.Ordinal));
        var (id, _) = await CreateAsync();
        member.Fails(1);
        Assert.Equal(503, (await TakeAsync(id, "k")).Status);
        Assert.Equal("B", await StateAsync(id));
        await IsNotCompletedAsync(() => TakeAsync(id, "k"));
        Assert.Equal("B", await StateAsync(id));
    }

    [Fact]
    public async Task AnswerAgain_NamesTheLastOfSeveralCommits()
    {
        await GivenAsync(Twice.Replace("PROCESSOR", Processor, StringComparison.Ordinal));
        var (id, _) = await CreateAsync();
        var taken = await TakeAsync(id, "k");
        var meta = (await Http.SendJsonAsync("GET", $"/api/entity/{id}")).Body.GetProperty("meta");
        Assert.Equal(
            ("B", taken.Text("transactionId")), (meta.GetProperty("state").GetString(), meta.GetProperty("transactionId").GetString()));
        Assert.Equal(taken.Body.GetRawText(), (await TakeAsync(id, "k")).Body.GetRawText());
        Assert.Equal(2, member.Calls);
    }

    [Fact]
    public async Task SecondCallFailed_IsAFailure()
    {
        await GivenAsync(Twice.Replace("PROCESSOR", Processor, StringComparison.Ordinal));
        var (id, _) = await CreateAsync();
        member.Succeeds(1);
        member.Fails(1);
        Assert.Equal(503, (await TakeAsync(id, "k")).Status);
        await IsNotCompletedAsync(() => TakeAsync(id, "k"));
        Assert.Equal((2, "A"), (member.Calls, await StateAsync(id)));
    }

    [Fact]
    public async Task ClientThatLeaves_FindsTheAnswer()
    {
        await GivenAsync(Manual.Replace("PROCESSOR", Processor, StringComparison.Ordinal));
        var (id, _) = await CreateAsync();
        var gate = member.Waits();
        using (var client = Host.Client(Http.DefaultRequestHeaders.Authorization!.Parameter))
        {
            var taking = TakeAsync(id, "k", http: client);
            await member.Reached.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            client.CancelPendingRequests();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);
        }
        gate.SetResult();
        await Wait.UntilAsync(async () => (await TakeAsync(id, "k")).Status == 200, "the run has ended without its client");
        Assert.Equal((1, "B"), (member.Calls, await StateAsync(id)));
    }

    [Fact]
    public async Task SentToAnotherServer_WhileTheProcessorWorks_IsInProgress()
    {
        await GivenAsync(Manual.Replace("PROCESSOR", Processor, StringComparison.Ordinal));
        var (id, _) = await CreateAsync();
        await using var other = await StartHostAsync();
        using var http = other.Client(Http.DefaultRequestHeaders.Authorization!.Parameter);
        var gate = member.Waits();
        var taking = TakeAsync(id, "k");
        await member.Reached.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        var early = await TakeAsync(id, "k", http: http);
        Assert.Equal((409, "REQUEST_IN_PROGRESS"), (early.Status, ErrorCode(early)));
        gate.SetResult();
        Assert.Equal((await taking).Body.GetRawText(), (await TakeAsync(id, "k", http: http)).Body.GetRawText());
        Assert.Equal((1, "B"), (member.Calls, await StateAsync(id)));
    }

    [Fact]
    public async Task EntityChangedMeanwhile_IsNotASuccess()
    {
        await GivenAsync(Manual.Replace("PROCESSOR", Processor, StringComparison.Ordinal));
        var (id, _) = await CreateAsync();
        var gate = member.Waits();
        var taking = TakeAsync(id, "k");
        await member.Reached.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(200, (await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", """{"amount":7}""")).Status);
        gate.SetResult();
        Assert.Equal((412, "ENTITY_MODIFIED"), ((await taking).Status, ErrorCode(await taking)));
        await IsNotCompletedAsync(() => TakeAsync(id, "k"), "the entity was changed meanwhile");
        Assert.Equal("A", await StateAsync(id));
    }

    [Fact]
    public async Task Creation_ThatWasSavedAndFailed_SaysSo_AndMakesNoSecondEntity()
    {
        await GivenAsync(AtOnce.Replace("PROCESSOR", Processor, StringComparison.Ordinal));
        member.Fails(1);
        Assert.Equal(503, (await PostAsync()).Status);
        await IsNotCompletedAsync(PostAsync);
        Assert.Equal(1, (await Http.SendJsonAsync("GET", "/api/entity/order/1")).Body.GetArrayLength());

        Task<JsonAnswered> PostAsync() =>
            Http.SendJsonAsync("POST", "/api/entity/JSON/order/1", """{"amount":1}""", headers: ("Idempotency-Key", "k"));
    }

    private static async Task IsNotCompletedAsync(Func<Task<JsonAnswered>> again, string reason = "DISPATCH_TIMEOUT")
    {
        var answer = await again();
        Assert.Equal((409, "TRANSITION_NOT_COMPLETED"), (answer.Status, ErrorCode(answer)));
        Assert.Contains(reason, answer.Text("detail"), StringComparison.Ordinal);
    }

    private Task<JsonAnswered> TakeAsync(
        string id, string key, string transition = "go", string document = """{"amount":2}""", HttpClient? http = null) =>
        (http ?? Http).SendJsonAsync("PUT", $"/api/entity/JSON/{id}/{transition}", document, headers: ("Idempotency-Key", key));

    /// <summary>Answers as it was set to, then always well.</summary>
    private sealed class Member : IProcessor
    {
        private readonly ConcurrentQueue<Error?> answers = new();
        private TaskCompletionSource? gate;
        private int calls;

        public string Name => "p";
        public int Calls => Volatile.Read(ref calls);
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Succeeds(int times) => Add(times, null);

        public void Fails(int times)
        {
            if (times == 0) answers.Clear();
            Add(times, new Error(ErrorKind.Unavailable, "DISPATCH_TIMEOUT", "The processor did not answer in time.") { Retryable = true });
        }

        public TaskCompletionSource Waits() => gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask<Result<JsonText?>> ProcessAsync(ComputeCall call, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref calls);
            Reached.TrySetResult();
            if (Interlocked.Exchange(ref gate, null) is { } wait) await wait.Task.WaitAsync(cancellationToken);
            return answers.TryDequeue(out var error) && error is not null ? error : (JsonText?)null;
        }

        private void Add(int times, Error? answer)
        {
            for (var i = 0; i < times; i++) answers.Enqueue(answer);
        }
    }
}

public sealed class MemoryKeyedCallTests() : KeyedCallContract(new MemoryStore());

public sealed class PostgresKeyedCallTests(TestServer server) : KeyedCallContract(PostgresDatabase.Reused(server));
