using Microsoft.Extensions.Logging.Abstractions;
using Strata.Storage.PrivateServer;

namespace Strata.Storage.Tests.PrivateServer;

/// <summary>
/// The folder of a private PostgreSQL that was started once and stopped. Tests copy it: to initialise one takes a second of processor time.
/// </summary>
public sealed class InitializedFolder : IAsyncLifetime
{
    private readonly string home = Directory.CreateTempSubdirectory("strata-pg-initialized-").FullName;

    private string Source => Path.Combine(home, "postgres");

    public async ValueTask InitializeAsync()
    {
        var options = new PrivatePostgresOptions { Folder = Source };
        var server = await PrivatePostgres.StartAsync(
            options, TimeProvider.System, NullLogger<PrivatePostgres>.Instance, CancellationToken.None);
        await server.StopAsync(CancellationToken.None);
    }

    public Task CopyToAsync(string folder)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
        return Script.RunAsync("cp", ["-a", Source, folder]);
    }

    public ValueTask DisposeAsync()
    {
        Folder.Delete(home);
        return default;
    }
}
