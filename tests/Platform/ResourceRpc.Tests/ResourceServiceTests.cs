using Strata.Contracts;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth;
using Strata.Api.Shares;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Wire.Resources;
using Strata.Rpc.Errors;

namespace Strata.ResourceRpc.Tests;

/// <summary>Resources by a stock gRPC client: what HTTP has, with the same answers.</summary>
public sealed class ResourceServiceTests : IAsyncLifetime
{
    private const string Kind = "widgets";

    private ApiHost host = null!;
    private GrpcChannel channel = null!;
    private ResourceService.ResourceServiceClient client = null!;

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync(map: app => app.MapResourceRpc(ApiHost.Kinds), protocols: HttpProtocols.Http2);
        channel = GrpcChannel.ForAddress(host.Address);
        client = new ResourceService.ResourceServiceClient(channel);
    }

    public async ValueTask DisposeAsync()
    {
        channel.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Verbs_GoRound()
    {
        var made = await CreateAsync("one", Spec(5));
        Assert.Equal(("one", "widget", "NEW", 5), (made.Name, made.Kind, made.State, made.Spec.Fields["size"].NumberValue));
        Assert.Equal(made, await client.GetAsync(new GetRequest { Kind = Kind, Name = made.Id }, Me));
        var patched = await client.PatchAsync(new PatchRequest
        {
            Kind = Kind, Name = "one", IfRevision = made.Revision,
            Merge = new Merge { Spec = Spec(7), Labels = new Struct { Fields = { ["tier"] = Value.ForString("web") } } },
        }, Me);
        Assert.Equal((7, "web"), (patched.Spec.Fields["size"].NumberValue, patched.Labels["tier"]));
        var polished = await client.TransitionAsync(new TransitionRequest { Kind = Kind, Name = "one", Transition = "polish" }, Me);
        Assert.Equal(("SHINY", "polish"), (polished.State, polished.Transition));
        Assert.Equal(
            5, (await client.GetAsync(new GetRequest { Kind = Kind, Name = "one", At = made.UpdatedAt }, Me)).Spec.Fields[
                "size"].NumberValue);
        Assert.Equal(
            ["SHINY", "NEW", "NEW"], (await client.HistoryAsync(new HistoryRequest { Kind = Kind, Name = "one" }, Me)).Items.Select(
                i => i.State));
        Assert.Equal("REMOVING", (await client.DeleteAsync(new DeleteRequest { Kind = Kind, Name = "one" }, Me)).State);
    }

    [Fact]
    public async Task List_ByPage_AndByFilter()
    {
        for (var i = 0; i < 5; i++) await CreateAsync($"w{i}", Spec(i + 1), ("even", i % 2 == 0 ? "yes" : "no"));
        var names = new List<string>();
        var request = new ListRequest { Kind = Kind, Limit = 2 };
        do
        {
            var page = await client.ListAsync(request, Me);
            names.AddRange(page.Items.Select(i => i.Name));
            request.Cursor = page.NextCursor;
        }
        while (request.Cursor.Length > 0);
        Assert.Equal(5, names.Distinct().Count());
        var even = await client.ListAsync(
            new ListRequest { Kind = Kind, Filter = new Filter { Project = "web", State = "NEW", Fields = { ["labels.even"] = "yes" } } },
            Me);
        Assert.Equal(["w0", "w2", "w4"], even.Items.Select(i => i.Name).Order());
    }

    [Fact]
    public async Task ListAndHistory_ManyTimes_ReturnTheirMemory()
    {
        var memory = host.Services.GetRequiredService<AnswerMemory>();
        await CreateAsync("one", Spec(5));
        for (var i = 0; i < 40; i++) // each reserves a page; together more than an organization's share
        {
            Assert.Single((await client.ListAsync(new ListRequest { Kind = Kind }, Me)).Items);
            Assert.Single((await client.HistoryAsync(new HistoryRequest { Kind = Kind, Name = "one" }, Me)).Items);
            var absent = new HistoryRequest { Kind = Kind, Name = "absent" };
            var missing = await Assert.ThrowsAsync<RpcException>(async () => await client.HistoryAsync(absent, Me));
            Assert.Equal(StatusCode.NotFound, missing.StatusCode);
            Assert.Equal(0, memory.Used);
        }
    }

    [Fact]
    public async Task Create_WithAKey_TakesEffectOnce()
    {
        var request = new CreateRequest { Kind = Kind, Name = "once", Project = "web", Spec = Spec(1), IdempotencyKey = "k-1" };
        Assert.Equal(await client.CreateAsync(request, Me), await client.CreateAsync(request, Me));
    }

    [Fact]
    public async Task Watch_TellsWhatIs_ThenWhatChanges()
    {
        await CreateAsync("before", Spec(1));
        using var call = client.Watch(new WatchRequest { Kind = Kind, Filter = new Filter { Project = "web" } }, Me);
        Assert.Equal("before", (await NextAsync(call)).Item.Name);
        Assert.NotNull((await NextAsync(call)).Ready);
        await CreateAsync("after", Spec(2));
        Assert.Equal("after", (await NextAsync(call)).Item.Name);
        await client.TransitionAsync(new TransitionRequest { Kind = Kind, Name = "after", Transition = "polish" }, Me);
        Assert.Equal("SHINY", (await NextAsync(call)).Item.State);
    }

    [Fact]
    public async Task Errors_AreThoseOfTheApi()
    {
        Assert.Equal(
            (StatusCode.NotFound, "NOT_FOUND"), await FailureAsync(client.GetAsync(new GetRequest { Kind = Kind, Name = "nobody" }, Me)));
        Assert.Equal(
            (StatusCode.NotFound, "NO_SUCH_KIND"), await FailureAsync(client.ListAsync(new ListRequest { Kind = "nothings" }, Me)));
        Assert.Equal((StatusCode.InvalidArgument, "BAD_REQUEST"),
            await FailureAsync(client.GetAsync(new GetRequest { Kind = Kind, Name = ".." }, Me)));
        Assert.Equal((StatusCode.NotFound, "NO_SUCH_KIND"), await FailureAsync(client.GetAsync(new GetRequest { Name = "x" }, Me)));
        // whatever else lies beside the kinds
        Assert.Equal((StatusCode.NotFound, "NO_SUCH_KIND"),
            await FailureAsync(client.GetAsync(new GetRequest { Kind = "blobs", Name = "sha256:0" }, Me)));
        foreach (var field in new[] { "watch", "org", "from", "labels.", "" })
            Assert.Equal(
                (StatusCode.InvalidArgument, "BAD_REQUEST"), await FailureAsync(
                    client.ListAsync(new ListRequest { Kind = Kind, Filter = new Filter { Fields = { [field] = "true" } } }, Me)));
        var made = await CreateAsync("one", Spec(5));
        var stale = new PatchRequest { Kind = Kind, Name = "one", IfRevision = made.Revision + 7, Merge = new Merge { Spec = Spec(6) } };
        Assert.Equal(StatusCode.FailedPrecondition, (await FailureAsync(client.PatchAsync(stale, Me))).Status);
        var e = await Assert.ThrowsAsync<RpcException>(() => CreateAsync("big", Spec(1000)));
        Assert.Equal(StatusCode.InvalidArgument, e.StatusCode);
    }

    [Fact]
    public async Task Delete_OfWhatIsGuarded_NeedsForce()
    {
        var own = Bearer(await host.TokenAsync(host.Org, "own", [Roles.Admin]));
        var request = new DeleteRequest { Kind = "tokens", Name = "own" };
        Assert.Equal((StatusCode.Aborted, "TOKEN_IN_USE"), await FailureAsync(client.DeleteAsync(request, own)));
        request.Force = true;
        Assert.Equal("own", (await client.DeleteAsync(request, own)).Name);
        await CreateAsync("one", Spec(5)); // no guard: force has no effect
        var unguarded = new DeleteRequest { Kind = Kind, Name = "one", Force = true };
        Assert.Equal("REMOVING", (await client.DeleteAsync(unguarded, Me)).State);
    }

    [Fact]
    public async Task Nobody_AndStrangers_SeeNothing()
    {
        await CreateAsync("one", Spec(5));
        Assert.Equal(
            StatusCode.Unauthenticated, (await FailureAsync(client.GetAsync(new GetRequest { Kind = Kind, Name = "one" }))).Status);
        var stranger = Bearer(await host.TokenAsync(host.OtherOrg, "stranger", [Roles.Admin]));
        Assert.Equal(
            StatusCode.NotFound, (await FailureAsync(client.GetAsync(new GetRequest { Kind = Kind, Name = "one" }, stranger))).Status);
        var viewer = Bearer(await host.TokenAsync(host.Org, "viewer", [Roles.Viewer]));
        Assert.Equal("one", (await client.GetAsync(new GetRequest { Kind = Kind, Name = "one" }, viewer)).Name);
        Assert.Equal(StatusCode.PermissionDenied,
            (await FailureAsync(client.DeleteAsync(new DeleteRequest { Kind = Kind, Name = "one" }, viewer))).Status);
    }

    private Metadata Me => Bearer(host.AdminToken);

    private static Metadata Bearer(string token) => new() { { "authorization", "Bearer " + token } };

    private static Struct Spec(int size) => new() { Fields = { ["size"] = Value.ForNumber(size) } };

    private async Task<Resource> CreateAsync(string name, Struct spec, params (string Name, string Value)[] labels)
    {
        var request = new CreateRequest { Kind = Kind, Name = name, Project = "web", Spec = spec };
        foreach (var (label, value) in labels) request.Labels[label] = value;
        return await client.CreateAsync(request, Me);
    }

    private static async Task<WatchEvent> NextAsync(AsyncServerStreamingCall<WatchEvent> call)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        Assert.True(await call.ResponseStream.MoveNext(patience.Token));
        return call.ResponseStream.Current;
    }

    private static async Task<(StatusCode Status, string Code)> FailureAsync<T>(AsyncUnaryCall<T> call)
    {
        var e = await Assert.ThrowsAsync<RpcException>(async () => await call);
        return (e.StatusCode, e.ToError().Code);
    }
}
