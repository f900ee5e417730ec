using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Blobs;
using Strata.Core;
using Strata.Core.Background;
using Strata.Server.Options;
using Strata.Server.Parts;
using Strata.Storage.Memory;

namespace Strata.Server.Tests.Hosting;

/// <summary>A shared folder of blobs, as the servers of one cloud and of another find it at their start.</summary>
public sealed class SharedBlobFolderTests : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-blobs-").FullName;
    private readonly Supervisor supervisor = new(TimeProvider.System, NullLogger<Supervisor>.Instance);
    private readonly SealedSecrets secrets = new(new byte[SealedSecrets.KeyBytes]);
    private readonly MemoryValues database = new();
    private readonly FakeTime time = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await supervisor.StopAllAsync();
        Folder.Delete(folder);
    }

    [Fact]
    public async Task SecondServer_WithTheSharedFolder_Starts_AndOneWithoutTheMountDoesNot()
    {
        await StartAsync("shared", secrets, database);
        await StartAsync("shared", secrets, database);
        Assert.Equal("BLOBS_MISSING", (await RefusedAsync("not-mounted", secrets, database)).Code);
    }

    [Fact]
    public async Task FolderOfAnotherCloud_IsRefused()
    {
        await StartAsync("shared", secrets, database);
        var another = new SealedSecrets([.. Enumerable.Repeat((byte)1, SealedSecrets.KeyBytes)]);
        Assert.Equal("BLOBS_OF_ANOTHER_CLOUD", (await RefusedAsync("shared", another, new MemoryValues())).Code);
    }

    [Fact]
    public async Task Mount_ThatIsLostLater_MakesThePartUnhealthy_AndKeepsNothingBelowIt()
    {
        var part = await StartAsync("shared", secrets, database);
        Assert.True(part.Health().Ok);
        Directory.Delete(Path.Combine(folder, "shared"), recursive: true);
        await Wait.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(15)); // the next look
            return part.Health() is { Ok: false } health && health.Message.Contains("strata-cloud");
        }, "it reports the loss");
        var put = await part.Store.PutAsync(TenantId.New(TimeProvider.System), null, new MemoryStream([1]), Stop);
        Assert.Equal(BlobErrors.UnavailableCode, put.Error?.Code);
        Assert.False(Directory.Exists(Path.Combine(folder, "shared")));
    }

    private async Task<BlobsPart> StartAsync(string name, SealedSecrets key, MemoryValues durable)
    {
        var options = new ServerOptions
        {
            Home = new HomeLayout(Path.Combine(folder, "home")), Listen = IPAddress.Loopback, ApiPort = 1, HttpPort = 1,
            EdgeMode = EdgeMode.Off,
            BlobFolder = Path.Combine(folder, name),
        };
        var part = new BlobsPart(options, supervisor, time);
        await part.StartAsync(Stop);
        await part.ClaimFolderAsync(key, durable, Stop);
        return part;
    }

    private async Task<Error> RefusedAsync(string name, SealedSecrets key, MemoryValues durable) =>
        (await Assert.ThrowsAsync<StrataException>(() => StartAsync(name, key, durable))).Error;
}
