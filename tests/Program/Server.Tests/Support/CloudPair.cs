using Microsoft.Extensions.Logging.Abstractions;
using Strata.Storage.PrivateServer;

namespace Strata.Server.Tests.Support;

/// <summary>Two servers, each with a data folder of its own, on one PostgreSQL.</summary>
public sealed class CloudPair : IAsyncDisposable
{
    public const string PublicUrl = "https://cloud.example.com";

    private readonly string folder = Directory.CreateTempSubdirectory("strata-two-").FullName;
    private PrivatePostgres? postgres;

    public Cloud First { get; } = new();
    public Cloud Second { get; } = new();

    /// <summary>Starts PostgreSQL alone.</summary>
    public static async Task<CloudPair> StartAsync()
    {
        var pair = new CloudPair();
        var options = new PrivatePostgresOptions { Folder = Path.Combine(pair.folder, "postgres"), ConnectionsMax = 100 };
        File.SetUnixFileMode(pair.folder, (UnixFileMode)0b111_101_101);
        pair.postgres = await PrivatePostgres.StartAsync(options, TimeProvider.System, NullLogger<PrivatePostgres>.Instance, default);
        return pair;
    }

    public Task<CommandResult> UpAsync(Cloud cloud, params string[] flags) =>
        cloud.UpAsync(["--postgres-url", postgres!.ConnectionString, "--public-url", PublicUrl, .. flags]);

    /// <summary>Starts both servers; the second one with the key of the first.</summary>
    public async Task UpBothAsync(params string[] flags)
    {
        (await UpAsync(First, flags)).ShouldSucceed();
        File.Copy(KeyOf(First), KeyOf(Second), overwrite: true);
        (await UpAsync(Second, flags)).ShouldSucceed();
    }

    public static string KeyOf(Cloud cloud) => Path.Combine(cloud.Home, "cloud.key");

    public async ValueTask DisposeAsync()
    {
        await Second.DisposeAsync();
        await First.DisposeAsync();
        if (postgres is not null) await postgres.StopAsync(default);
        Folder.Delete(folder);
    }
}
