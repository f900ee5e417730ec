using Strata.Blobs.Tests.S3;

[assembly: AssemblyFixture(typeof(Swift))]

namespace Strata.Blobs.Tests.S3;

/// <summary>One Swift for all tests of this assembly.</summary>
public sealed class Swift : IAsyncLifetime
{
    private SwiftServer? server;

    public Uri Address => server!.Address;

    public async ValueTask InitializeAsync() => server = await SwiftServer.StartAsync();

    public ValueTask DisposeAsync() => server!.DisposeAsync();
}
