using Strata.Client;
using Strata.CloudEvents.Members;
using Strata.Compute;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.EntityApi.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Strata.Storage.Tests.Contract;

namespace Strata.CloudEvents.Tests;

/// <summary>
/// Clients written from the contract alone, in other languages, with stock gRPC libraries: each runs its whole script against a server, and
/// fails with what it did not get.
/// </summary>
public abstract class ClientContract(IStore store) : IAsyncLifetime
{
    private readonly MemberDirectory directory = new(ComputeLimits.Default, TimeProvider.System);
    private EntityHost host = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        host = await EntityHost.StartAsync(store, more: new HostedModule([], AddServices, app =>
        {
            app.MapCompute();
            app.MapCloudEvents();
        })
        {
            Computation = ComputeModule.Computation(directory, new PeerCalls(), ComputeLimits.Default, TimeProvider.System),
        });
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task JavaScript_GetsAllRequestsAnswered() =>
        await Script.NodeAsync("tests/clients/javascript/events-requests.js", await ArgumentsAsync());

    [Fact]
    public async Task JavaScript_ServesAsAMember_InEveryMode()
    {
        await Script.NodeAsync("tests/clients/javascript/events-member.js", await ArgumentsAsync());
        Assert.Empty(directory.Report(host.Org)); // its streams have ended
    }

    [Fact]
    public async Task Python_ServesAsAMember() => await Script.PythonAsync("tests/clients/python/events_member.py", await ArgumentsAsync());

    /// <summary>Its client connects again by itself, and is refused.</summary>
    [Fact]
    public async Task Member_WhoseTokenIsRevoked_IsAMemberNoMore()
    {
        using var client = new StrataClient(host.Address, await host.TokenAsync(host.Org, "member", ["machine"]));
        using var stop = new CancellationTokenSource();
        var serving = new ComputeMember(client, new MemberOptions { Tags = ["t"] }).RunAsync(stop.Token);
        await Wait.UntilAsync(() => directory.Report(host.Org).Count == 1, "it has joined");
        Assert.True(await host.RevokeAsync(host.Org, "member"));
        await Wait.UntilAsync(() => directory.Report(host.Org).Count == 0, "it has left");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => serving); // cancelled, or refused before that
        Assert.Empty(directory.Report(host.Org));
    }

    private void AddServices(IServiceCollection services)
    {
        services.AddCompute(directory).AddCloudEvents();
        services.AddSingleton(new MemberClock(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(5)));
    }

    /// <summary>
    /// What every script is given: where the server is, a machine's and a viewer's token, and the folder of the contract.
    /// </summary>
    private async Task<string[]> ArgumentsAsync() =>
        [host.Address.Authority, await host.TokenAsync(host.Org, "client", ["machine"]),
            await host.TokenAsync(host.Org, "viewer", ["viewer"]), Path.Combine(Script.Root, "proto")];
}

public sealed class MemoryClientTests() : ClientContract(new MemoryStore());

public sealed class PostgresClientTests(TestServer server) : ClientContract(PostgresDatabase.Reused(server));
