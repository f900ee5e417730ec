using System.Text;
using Strata.Client;
using Strata.Core;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>The server dies while a member works.</summary>
public sealed class ComputeFaultTests : IAsyncLifetime
{
    private const string Workflow = """
        {"importMode":"REPLACE","workflows":[{"version":"1.0","name":"w","initialState":"A","active":true,"states":{"A":{"transitions":[{"name":"go","next":"B","manual":true,
          "processors":[{"type":"externalized","name":"slow","executionMode":"COMMIT_BEFORE_DISPATCH","config":{"calculationNodesTags":"fault","responseTimeoutMs":4000}}]}]},"B":{}}}]}
        """;

    private readonly Cloud cloud = new();

    public async ValueTask InitializeAsync() => (await cloud.UpAsync()).ShouldSucceed();

    public ValueTask DisposeAsync() => cloud.DisposeAsync();

    [Fact]
    public async Task ServerKilled_InCommitBeforeDispatch_WhatCameBeforeStands_AndTheTrailTellsTheRest()
    {
        using var client = new StrataClient(cloud.ApiUrl, cloud.Token, new ClientOptions { RetriesMax = 0 });
        var letters = client.Entities<Letter>("fault");
        await SendAsync(client, HttpMethod.Post, "/api/model/import/JSON/SAMPLE_DATA/fault/1", """{"text":"x"}""");
        await SendAsync(client, HttpMethod.Put, "/api/model/fault/1/lock", null);
        await SendAsync(client, HttpMethod.Post, "/api/model/fault/1/workflow/import", Workflow);
        using var stop = new CancellationTokenSource();
        var (slow, joined) = (new Slow(), new TaskCompletionSource());
        var serving = new ComputeMember(client, new MemberOptions { Tags = ["fault"], OnJoined = () => joined.TrySetResult() }, slow)
            .RunAsync(stop.Token);
        await joined.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        var id = await letters.CreateAsync(new Letter("one"));
        var taking = letters.UpdateAsync(id, new Letter("two"), new EntityWriteOptions("go"));
        await slow.Reached.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await cloud.KillAsync();
        await Assert.ThrowsAsync<StrataException>(() => taking);
        slow.Gate.SetResult(); // the answer finds nobody

        (await cloud.UpAsync()).ShouldSucceed();
        Assert.Equal(("A", "two"), await ReadAsync());
        await Wait.UntilAsync(
            async () => (await TextAsync(client, $"/api/audit/entity/{id}")).Contains("PROCESSING_LOST", StringComparison.Ordinal),
            "the trail tells that the answer was lost");
        Assert.Contains("TRANSITION_ABORTED", await TextAsync(client, $"/api/audit/entity/{id}"), StringComparison.Ordinal);
        Assert.Equal(("A", "two"), await ReadAsync());
        await Wait.UntilAsync(
            async () => await TryAsync(letters.TransitionAsync(id, "go")), "the member is back, and the transition is taken");
        Assert.Equal(("B", "done"), await ReadAsync());
        await stop.CancelAsync();
        await serving;

        async Task<(string, string)> ReadAsync() => await letters.GetAsync(id) is var letter
            ? (letter.Meta.State, letter.Data.Text) : default;
    }

    private static Task SendAsync(StrataClient client, HttpMethod method, string path, string? body) =>
        client.SendAsync(new ApiRequest(method, path) { Body = body is null ? null : Encoding.UTF8.GetBytes(body) },
            TestContext.Current.CancellationToken);

    private static async Task<string> TextAsync(StrataClient client, string path) =>
        Encoding.UTF8.GetString((await client.SendAsync(new ApiRequest(HttpMethod.Get, path), TestContext.Current.CancellationToken)).Span);

    private static async Task<bool> TryAsync(Task task)
    {
        try
        {
            await task;
            return true;
        }
        catch (StrataException e) when (e.Error.Code == "NO_COMPUTE_MEMBER_FOR_TAG")
        {
            return false;
        }
    }

    private sealed record Letter(string Text);

    private sealed class Slow
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        [Processor("slow")]
        public async Task<Letter> RunAsync(Letter letter, CancellationToken cancellationToken)
        {
            Reached.TrySetResult();
            await Gate.Task.WaitAsync(cancellationToken);
            return letter with { Text = "done" };
        }
    }
}
