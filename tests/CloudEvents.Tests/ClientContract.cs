using System.Diagnostics;
using Strata.CloudEvents.Members;
using Strata.Compute;
using Strata.Compute.Members;
using Strata.EntityApi.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Strata.Storage.Tests.Contract;

namespace Strata.CloudEvents.Tests;

/// <summary>
/// Clients written from the contract alone, in other languages, with stock gRPC libraries: each runs its whole script against a server, and fails with what it did not get.
/// </summary>
public abstract class ClientContract(IStore store) : IAsyncLifetime
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../.."));
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

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
            Computation = ComputeModule.Computation(directory, ComputeLimits.Default, TimeProvider.System),
        });
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task JavaScript_GetsAllRequestsAnswered() => await RunAsync("node", "tests/clients/javascript/events-requests.js");

    [Fact]
    public async Task JavaScript_ServesAsAMember_InEveryMode()
    {
        await RunAsync("node", "tests/clients/javascript/events-member.js");
        Assert.Empty(directory.Report(host.Org)); // its streams have ended
    }

    [Fact]
    public async Task Python_ServesAsAMember() => await RunAsync("/usr/bin/python3", "tests/clients/python/events_member.py");

    private void AddServices(IServiceCollection services)
    {
        services.AddCompute(directory).AddCloudEvents();
        services.AddSingleton(new MemberClock(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(5)));
    }

    private async Task RunAsync(string program, string script)
    {
        var token = await host.TokenAsync(host.Org, "client", ["machine"]);
        var viewer = await host.TokenAsync(host.Org, "viewer", ["viewer"]);
        var start = new ProcessStartInfo(program, [Path.Combine(Root, script), host.Address.Authority, token, viewer, Path.Combine(Root, "proto")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timer.CancelAfter(Patience);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(timer.Token), process.StandardError.ReadToEndAsync(timer.Token));
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail($"{script} did not end.");
        }
        Assert.True(process.ExitCode == 0, $"{script}: {await error}{await output}");
    }
}

public sealed class MemoryClientTests() : ClientContract(new MemoryStore());

public sealed class PostgresClientTests(TestServer server) : ClientContract(new PostgresDatabase(server));
