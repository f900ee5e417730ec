using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core;

namespace Strata.Edge.Sites;

/// <summary>
/// Fetches static images from the control plane by organization and digest and unpacks them, once each however many requests wait. A
/// site is unpacked beside its place and then renamed, so a
/// folder that is there is complete. What failed is tried again after a pause. Thread-safe.
/// </summary>
internal sealed partial class SiteStore(string folder, SiteLimits limits, StrataClient? api, ILogger logger, TimeProvider time) : IAsyncDisposable
{
    public const string IndexName = "index.json";

    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FetchMax = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan UnusedMax = TimeSpan.FromHours(24);

    private readonly ConcurrentDictionary<SiteKey, Lazy<Task<Site?>>> sites = new();

    private readonly CancellationTokenSource stopping = new();

    /// <summary>The site, if it is ready.</summary>
    public Site? TryGet(SiteKey key) =>
        sites.TryGetValue(key, out var entry) && entry is { IsValueCreated: true, Value.IsCompletedSuccessfully: true } ? Of(entry.Value) : null;

    /// <summary>The site; fetched if need be. Null: it cannot be had now. Does not throw.</summary>
    public Task<Site?> GetAsync(SiteKey site) =>
        sites.GetOrAdd(site, key => new Lazy<Task<Site?>>(() => Task.Run(() => LoadAsync(key)))).Value;

    /// <summary>Forgets sites that no route shows; their folders go after a day.</summary>
    public void Keep(IReadOnlySet<SiteKey> shown)
    {
        foreach (var key in sites.Keys)
        {
            if (!shown.Contains(key)) sites.TryRemove(key, out _);
        }
        if (!Directory.Exists(folder)) return;
        var names = shown.Select(s => s.FolderName).ToHashSet(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateDirectories(folder))
        {
            if (names.Contains(Path.GetFileName(path)) || time.GetUtcNow() - Directory.GetLastWriteTimeUtc(path) < UnusedMax) continue;
            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>Ends what is being fetched; afterwards nothing touches the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        foreach (var entry in sites.Values) await entry.Value;
        stopping.Dispose();
    }

    private static Site? Of(Task<Site?> loaded) => loaded.GetAwaiter().GetResult();

    private async Task<Site?> LoadAsync(SiteKey key)
    {
        try
        {
            if (!key.IsValid) throw new InvalidDataException("The image's digest is not sha256, or its organization's id is malformed.");
            var place = Path.Combine(folder, key.FolderName);
            if (!File.Exists(Path.Combine(place, IndexName))) await FetchAsync(key, place);
            await using var file = File.OpenRead(Path.Combine(place, IndexName));
            var index = await JsonSerializer.DeserializeAsync(file, WireJson.Of<SiteIndex>());
            return new Site(place, index!.WithoutPrivateFiles());
        }
        catch (Exception e) // whatever is wrong with an image must not outlive its own site: GetAsync does not throw
        {
            if (stopping.IsCancellationRequested) return null;
            LogFailed(logger, key.Digest, key.Org, e);
            _ = ForgetAsync(key);
            return null;
        }
    }

    /// <summary>Private files that the image's owner wants to be served, as its annotation says.</summary>
    private static string[] AllowedFiles(JsonElement manifest) =>
        manifest.TryGetProperty("annotations", out var annotations) && annotations.ValueKind == JsonValueKind.Object
        && annotations.TryGetProperty(ServedFiles.AllowedLabel, out var allowed) && allowed.ValueKind == JsonValueKind.String
            ? [.. allowed.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(ServedFiles.IsPattern).Take(ServedFiles.PatternsMax)] : [];

    private async Task ForgetAsync(SiteKey key)
    {
        await Task.Delay(FailurePause, time);
        sites.TryRemove(key, out _);
    }

    private async Task FetchAsync(SiteKey key, string place)
    {
        if (api is null) throw new InvalidDataException("The site is not here and there is no control plane to fetch it from.");
        var work = Path.Combine(folder, $".{key.FolderName}.{Guid.CreateVersion7(time.GetUtcNow()):N}");
        Directory.CreateDirectory(work);
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
            timeout.CancelAfter(FetchMax);
            await UnpackAsync(key.Org, key.Digest, work, timeout.Token);
            if (Directory.Exists(place)) Directory.Delete(place, recursive: true);
            Directory.Move(work, place);
        }
        finally
        {
            if (Directory.Exists(work)) Directory.Delete(work, recursive: true);
        }
    }

    private async Task UnpackAsync(string org, string digest, string work, CancellationToken cancellationToken)
    {
        var manifest = await DownloadJsonAsync(org, digest, work, cancellationToken);
        var unpacker = new SiteUnpacker(limits, AllowedFiles(manifest));
        foreach (var layer in manifest.GetProperty("layers").EnumerateArray())
        {
            var path = Path.Combine(work, "layer");
            await DownloadAsync(org, layer.GetProperty("digest").GetString()!, path, cancellationToken);
            await using (var file = File.OpenRead(path)) await unpacker.AddLayerAsync(file, work, cancellationToken);
            File.Delete(path);
        }
        await unpacker.WriteIndexAsync(work, await CreatedAsync(org, manifest, work, cancellationToken), cancellationToken);
    }

    private async Task<JsonElement> DownloadJsonAsync(string org, string digest, string work, CancellationToken cancellationToken)
    {
        var path = Path.Combine(work, "document");
        await DownloadAsync(org, digest, path, cancellationToken);
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None, 4096, FileOptions.DeleteOnClose);
        using var document = await JsonDocument.ParseAsync(file, cancellationToken: cancellationToken);
        return document.RootElement.Clone();
    }

    private async Task DownloadAsync(string org, string digest, string path, CancellationToken cancellationToken)
    {
        await using var source = await api!.GetBlobAsync(digest, org, cancellationToken);
        await using var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite);
        await source.CopyToAsync(file, cancellationToken);
        file.Position = 0;
        var actual = "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
        if (actual != digest) throw new InvalidDataException($"The blob {digest} arrived with the digest {actual}.");
    }

    /// <summary>When the image was made, as its configuration says; where it does not, now.</summary>
    private async Task<DateTimeOffset> CreatedAsync(string org, JsonElement manifest, string work, CancellationToken cancellationToken)
    {
        var at = time.GetUtcNow();
        if (manifest.TryGetProperty("config", out var config) && config.TryGetProperty("digest", out var digest) && digest.GetString() is { } known)
        {
            var document = await DownloadJsonAsync(org, known, work, cancellationToken);
            if (document.ValueKind == JsonValueKind.Object && document.TryGetProperty("created", out var created) && created.TryGetDateTimeOffset(out var told) && told.Year > 2000) at = told;
        }
        return DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds());
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The static image {Digest} of {Org} cannot be fetched or unpacked")]
    private static partial void LogFailed(ILogger logger, string digest, string org, Exception exception);
}
