using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Strata.Core;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Faults;

/// <summary>
/// The disk of PostgreSQL is full, to the last byte: writes are refused with a clear error, and when there is room again all goes on by
/// itself.
/// </summary>
public sealed class FullDatabaseDiskTests
{
    private const string SizeOption = "size=400m,mode=0700";
    private const int DocumentBytes = 96 << 10;

    [Fact, Trait("Duration", "Long")]
    public async Task FullDisk_RefusesWritesClearly_AndRecoversWhenThereIsRoom()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root mounts file systems.");
        await using var cloud = new CloudOnSmallDisk();
        (await cloud.UpAsync("--agent", "off", "--edge-mode", "off")).ShouldSucceed();
        using (await cloud.Client.SendAsync(HttpMethod.Post, "/api/model/import/JSON/SAMPLE_DATA/page/1", JsonText.FromString("""{"text":"a"}"""))) { }
        await cloud.Client.SendBytesAsync(HttpMethod.Put, "/api/model/page/1/lock");
        using var writes = new Writes(cloud);
        for (var i = 0; i < 20; i++) Assert.Equal(200, await writes.CreateAsync());

        var filler = await cloud.FillAsync();
        await Wait.UntilAsync(async () => await writes.CreateAsync() != 200, "a write is refused", 240);
        Assert.Equal(503, await writes.CreateAsync());
        await Wait.UntilAsync(
            async () => await cloud.RunAsync("status") is { ExitCode: 1 } status
                && (status.Output + status.Error).Contains("No space left on device", StringComparison.Ordinal),
            "status says that the disk is full", 120);
        // reads go on as long as PostgreSQL runs
        foreach (var id in writes.Acknowledged.Take(5)) Assert.Contains(await writes.StatusOfAsync(id), new[] { 200, 503 });

        File.Delete(filler);
        await Wait.UntilAsync(async () => await writes.CreateAsync() == 200, "writes go on by themselves", 240);
        await Wait.UntilAsync(async () => (await cloud.RunAsync("status")).ExitCode == 0, "status says that all is well", 120);
        foreach (var id in writes.Acknowledged) Assert.Equal(200, await writes.StatusOfAsync(id));
        Assert.All(writes.Refused, r => Assert.Equal(503, r.Status));
        Assert.All(writes.Refused, r => Assert.Contains(r.Code, new[] { "STORAGE_UNAVAILABLE", "SERVER_BUSY", "OUTCOME_UNKNOWN" }));
    }

    /// <summary>Its PostgreSQL is on a file system of its own in memory.</summary>
    private sealed class CloudOnSmallDisk : Cloud
    {
        private readonly string disk;

        public CloudOnSmallDisk()
        {
            disk = Directory.CreateDirectory(Path.Combine(Home, "postgres")).FullName;
            Run("mount", "-t", "tmpfs", "-o", SizeOption, "strata-test", disk);
        }

        /// <returns>The file that takes all that was free; delete it to have the space back.</returns>
        public async Task<string> FillAsync()
        {
            var path = Path.Combine(disk, "filler");
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            var piece = new byte[1 << 20];
            for (var bytes = piece.Length; bytes >= 4096;)
            {
                try
                {
                    await file.WriteAsync(piece.AsMemory(0, bytes));
                }
                catch (IOException)
                {
                    bytes /= 2; // down to the last page
                }
            }
            return path;
        }

        public override async ValueTask DisposeAsync()
        {
            File.Delete(Path.Combine(disk, "filler"));
            await RunAsync("down", "--all");
            Run("umount", "-l", disk);
            await base.DisposeAsync();
        }

        private static void Run(string command, params string[] arguments)
        {
            using var process = Process.Start(command, arguments);
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, string.Create(CultureInfo.InvariantCulture, $"{command} ended with {process.ExitCode}"));
        }
    }

    /// <summary>Creates entities that do not compress, and notes what came of each.</summary>
    private sealed class Writes : IDisposable
    {
        private readonly HttpClient http;

        public Writes(Cloud cloud)
        {
            http = new HttpClient { BaseAddress = cloud.ApiUrl, Timeout = TimeSpan.FromSeconds(90) };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", cloud.Token);
        }

        public ConcurrentBag<string> Acknowledged { get; } = [];

        public ConcurrentBag<(int Status, string Code)> Refused { get; } = [];

        public async Task<int> CreateAsync()
        {
            using var answer = await http.PostAsJsonAsync(
                "/api/entity/JSON/page/1", new { text = Convert.ToBase64String(Seeded.Bytes(DocumentBytes)) });
            var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
            if (answer.IsSuccessStatusCode) Acknowledged.Add(body[0].GetProperty("entityIds")[0].GetString()!);
            else Refused.Add(((int)answer.StatusCode, body.GetProperty("properties").GetProperty("errorCode").GetString()!));
            return (int)answer.StatusCode;
        }

        public async Task<int> StatusOfAsync(string id)
        {
            using var answer = await http.GetAsync($"/api/entity/{id}");
            return (int)answer.StatusCode;
        }

        public void Dispose() => http.Dispose();
    }
}
