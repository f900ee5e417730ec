using Microsoft.Extensions.Logging.Abstractions;
using Strata.Runtimes;
using Strata.Runtimes.Sandbox;

namespace Strata.Deployments.Tests.Support;

/// <summary>The machine's own sandbox, shared by the tests of a class.</summary>
public sealed class GitSandbox : IAsyncLifetime
{
    private readonly TempFolder home = new();
    private NodeMachine? machine;

    public ISandbox Sandbox => machine!.Sandbox;

    public async ValueTask InitializeAsync() =>
        machine = await NodeMachine.OpenAsync(
            home.Path, RuntimeChoice.Auto, TimeProvider.System, NullLogger<NodeMachine>.Instance, default);

    public async ValueTask DisposeAsync()
    {
        await machine!.TearDownAsync(CancellationToken.None);
        home.Dispose();
    }
}
