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
/// folder that is there is complete. What failed is tried again after a pause. What a request asks for takes the place of the sites that
/// were used longest ago; what is fetched in advance takes only the place of sites that no route shows. Thread-safe.
/// </summary>
/// <param name="isOwn">Whether the folder is this edge's alone; otherwise nothing in it is deleted.</param>
internal sealed partial class SiteStore(string folder, bool isOwn, SiteLimits limits, StrataClient? api, ILogger logger, TimeProvider time)
    : IAsyncDisposable
{
    public const string IndexName = "index.json";

    private const int AttemptsMax = 3;
    private const int PrefetchesMax = 4;

    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(2);

    /// <summary>Before one that does not fit is fetched again: it will not have become smaller.</summary>
    private static readonly TimeSpan TooLargePause = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan RoomPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan FetchMax = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<SiteKey, Entry> sites = new();

    /// <summary>Sites that did not fit when they were fetched in advance: fetched again when a request asks.</summary>
    private readonly ConcurrentDictionary<SiteKey, bool> absent = new();

    private readonly SiteSpace space = new(folder, isOwn ? limits.StoredBytesMax : long.MaxValue, time);
    private readonly SemaphoreSlim prefetches = new(PrefetchesMax);
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Names of the folders of all sites that a route shows.</summary>
    private volatile HashSet<string> shownNames = [];

    /// <summary>The site, if it is ready: its files stay until <see cref="End"/>.</summary>
    public Site? TryBegin(SiteKey key) =>
        sites.TryGetValue(key, out var entry) && entry.Load is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }
            && Of(entry.Load.Value) is { } site
        && site.Use.TryBegin() ? site : null;

    /// <summary>The site for a request, fetched if need be: its files stay until <see cref="End"/>. Null: it cannot be had now.</summary>
    /// <exception cref="TimeoutException">It takes longer than a request waits.</exception>
    public async Task<Site?> BeginAsync(SiteKey key)
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var entry = EntryOf(key);
            entry.IsAsked = true;
            var site = await entry.Load.Value.WaitAsync(limits.FetchTimeout, time);
            if (site is null && !entry.IsPassedOver) return null;
            if (site?.Use.TryBegin() == true) return site;
            // Deleted meanwhile to make room, or skipped before it was requested.
            sites.TryRemove(new KeyValuePair<SiteKey, Entry>(key, entry));
        }
        return null;
    }

    public void End(Site site) => site.Use.End(time.GetUtcNow());

    /// <summary>Fetches in advance what routes show, as far as there is room, and forgets all else.</summary>
    public void Prepare(IReadOnlySet<SiteKey> shown)
    {
        shownNames = shown.Select(s => s.FolderName).ToHashSet(StringComparer.Ordinal);
        foreach (var key in absent.Keys.Where(k => !shown.Contains(k))) absent.TryRemove(key, out _);
        if (isOwn)
        {
            foreach (var key in sites.Keys.Where(k => !shown.Contains(k))) sites.TryRemove(key, out _);
        }
        foreach (var key in shown.Where(k => !absent.ContainsKey(k))) _ = EntryOf(key).Load.Value;
    }

    /// <summary>Ends what is being fetched; afterwards nothing touches the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        foreach (var entry in sites.Values) await entry.Load.Value;
        prefetches.Dispose();
        stopping.Dispose();
    }

    private static Site? Of(Task<Site?> loaded) => loaded.GetAwaiter().GetResult();

    private Entry EntryOf(SiteKey site) => sites.GetOrAdd(site, key =>
    {
        var entry = new Entry();
        entry.Load = new Lazy<Task<Site?>>(() => Task.Run(() => LoadAsync(key, entry)));
        return entry;
    });

    /// <summary>Does not throw.</summary>
    private async Task<Site?> LoadAsync(SiteKey key, Entry entry)
    {
        try
        {
            if (!key.IsValid) throw new InvalidDataException("The image's digest is not sha256, or its organization's id is malformed.");
            var place = Path.Combine(folder, key.FolderName);
            if ((space.TryBegin(key.FolderName) ?? await FetchAsync(key, entry)) is not { } use) return PassOver(key, entry);
            try
            {
                absent.TryRemove(key, out _);
                await using var file = File.OpenRead(Path.Combine(place, IndexName));
                var index = await JsonSerializer.DeserializeAsync(file, WireJson.Of<SiteIndex>());
                return new Site(place, index!.WithoutPrivateFiles(), use);
            }
            finally
            {
                use.End(time.GetUtcNow());
            }
        }
        catch (Exception e) // whatever is wrong with an image must not outlive its own site
        {
            if (stopping.IsCancellationRequested) return null;
            LogFailed(logger, key.Digest, key.Org, e);
            _ = ForgetAsync(key, entry, e is SiteTooLargeException ? TooLargePause : FailurePause);
            return null;
        }
    }

    /// <summary>Fetched in advance, it did not fit: the first request that asks for it may have others deleted for it.</summary>
    private Site? PassOver(SiteKey key, Entry entry)
    {
        absent[key] = true;
        entry.IsPassedOver = true;
        sites.TryRemove(new KeyValuePair<SiteKey, Entry>(key, entry));
        return null;
    }

    /// <summary>Private files that the image's owner wants to be served, as its annotation says.</summary>
    private static string[] AllowedFiles(JsonElement manifest) =>
        manifest.TryGetProperty("annotations", out var annotations) && annotations.ValueKind == JsonValueKind.Object
        && annotations.TryGetProperty(ServedFiles.AllowedLabel, out var allowed) && allowed.ValueKind == JsonValueKind.String
            ? [.. allowed.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(ServedFiles.IsPattern)
                .Take(ServedFiles.PatternsMax)] : [];

    private async Task ForgetAsync(SiteKey key, Entry entry, TimeSpan pause)
    {
        await Task.Delay(pause, time);
        sites.TryRemove(new KeyValuePair<SiteKey, Entry>(key, entry)); // a later one is not this one's to forget
    }

    /// <summary>
    /// A few at a time, because each takes room on the disk while it is unpacked. What a request asks for does not wait for the others.
    /// </summary>
    /// <returns>Whether a place was taken, to be given back.</returns>
    private async Task<bool> TakePlaceAsync(Entry entry)
    {
        while (!entry.IsAsked)
        {
            if (await prefetches.WaitAsync(RoomPause, stopping.Token)) return true;
        }
        return false;
    }

    /// <returns>Null: it was fetched in advance and there is no room.</returns>
    private async Task<SiteUse?> FetchAsync(SiteKey key, Entry entry)
    {
        if (api is null) throw new InvalidDataException("The site is not cached, and there is no control plane to fetch it from.");
        var hasPlace = await TakePlaceAsync(entry);
        var work = Path.Combine(folder, $".{key.FolderName}.{Guid.CreateVersion7(time.GetUtcNow()):N}");
        try
        {
            Directory.CreateDirectory(work);
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
            timeout.CancelAfter(FetchMax);
            await UnpackAsync(key.Org, key.Digest, work, timeout.Token);
            if (!space.CanHold(work)) throw new SiteTooLargeException();
            if (isOwn) space.Tidy(shownNames.Contains);
            return await AdmitAsync(key, entry, work);
        }
        finally
        {
            if (Directory.Exists(work)) Directory.Delete(work, recursive: true);
            if (hasPlace) prefetches.Release();
        }
    }

    /// <summary>For a request it waits, as long as the request does, until enough of the other sites are not being read.</summary>
    private async Task<SiteUse?> AdmitAsync(SiteKey key, Entry entry, string work)
    {
        for (var begun = time.GetTimestamp(); ; await Task.Delay(RoomPause, time, stopping.Token))
        {
            var isAsked = entry.IsAsked;
            if (space.TryAdmit(key.FolderName, work, name => !isAsked && shownNames.Contains(name)) is { } use) return use;
            if (!isAsked) return null;
            if (time.GetElapsedTime(begun) > limits.FetchTimeout)
                throw new IOException("There is no room for it next to the sites in use.");
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
        var actual = Digest.FromHash(await SHA256.HashDataAsync(file, cancellationToken)).ToString();
        if (actual != digest) throw new InvalidDataException($"The blob {digest} arrived with the digest {actual}.");
    }

    /// <summary>When the image was made, as its configuration says; where it does not, now.</summary>
    private async Task<DateTimeOffset> CreatedAsync(string org, JsonElement manifest, string work, CancellationToken cancellationToken)
    {
        var at = time.GetUtcNow();
        if (manifest.TryGetProperty("config", out var config) && config.TryGetProperty("digest", out var digest)
            && digest.GetString() is { } known)
        {
            var document = await DownloadJsonAsync(org, known, work, cancellationToken);
            if (document.ValueKind == JsonValueKind.Object && document.TryGetProperty("created", out var property)
                && property.TryGetDateTimeOffset(out var created) && created.Year > 2000) at = created;
        }
        return DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds());
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The static image {Digest} of {Org} cannot be fetched or unpacked")]
    private static partial void LogFailed(ILogger logger, string digest, string org, Exception exception);

    private sealed class SiteTooLargeException() : IOException("The site is larger than this edge's limit for all unpacked sites.");

    private sealed class Entry
    {
        public Lazy<Task<Site?>> Load { get; set; } = null!;

        /// <summary>By a request, and not only in advance.</summary>
        public volatile bool IsAsked;

        /// <summary>There was no room for files that had not been requested yet.</summary>
        public volatile bool IsPassedOver;
    }
}
