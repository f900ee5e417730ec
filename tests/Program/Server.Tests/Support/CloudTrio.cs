namespace Strata.Server.Tests.Support;

/// <summary>Three servers, each with a data folder of its own, on one PostgreSQL and with one folder of blobs.</summary>
public sealed class CloudTrio : IAsyncDisposable
{
    private readonly string blobs = Directory.CreateTempSubdirectory("strata-blobs-").FullName;
    private readonly Cloud third = new();
    private CloudPair pair = null!;

    public IReadOnlyList<Cloud> All => [pair.First, pair.Second, third];

    public static async Task<CloudTrio> StartAsync(params string[] flags)
    {
        var trio = new CloudTrio();
        trio.pair = await CloudPair.StartAsync();
        (await trio.UpAsync(trio.pair.First, flags)).ShouldSucceed();
        foreach (var cloud in trio.All.Skip(1)) File.Copy(CloudPair.KeyOf(trio.pair.First), CloudPair.KeyOf(cloud), overwrite: true);
        foreach (var started in await Task.WhenAll(trio.All.Skip(1).Select(c => trio.UpAsync(c, flags)))) started.ShouldSucceed();
        return trio;
    }

    public Task<CommandResult> UpAsync(Cloud cloud, params string[] flags) => pair.UpAsync(cloud, ["--blobs", blobs, .. flags]);

    public async ValueTask DisposeAsync()
    {
        await third.DisposeAsync();
        if (pair is not null) await pair.DisposeAsync();
        Folder.Delete(blobs);
    }
}
