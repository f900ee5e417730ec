using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core;

namespace Strata.Edge.Tls;

/// <summary>
/// The certificates with their keys: fetched from the control plane once, kept in files of this edge's alone (from which it serves without
/// the control plane), and ready in memory once a client has asked, up to <see cref="TlsLimits.ReadyMax"/>; of more the one used longest
/// ago goes. A certificate that was replaced serves until its successor is here. Safe for concurrent use.
/// </summary>
internal sealed partial class CertificateStore : IAsyncDisposable
{
    private const int FetchesMax = 4;
    private const string FileSuffix = ".pem";
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PreparePauseMin = TimeSpan.FromSeconds(10), PreparePauseMax = TimeSpan.FromMinutes(5);

    /// <summary>Files of writes that were cut off; at younger ones a write may be at work.</summary>
    private static readonly TimeSpan AbandonedAfter = TimeSpan.FromHours(1);

    private static readonly List<SslApplicationProtocol> Protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    private readonly string folder;
    private readonly TlsLimits limits;
    private readonly StrataClient? api;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>By the certificate's id, the name of what serves until there is another.</summary>
    private readonly ConcurrentDictionary<string, string> latest = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<SslServerAuthenticationOptions?>>> fetching = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim fetches = new(FetchesMax);

    /// <summary>1: there is a list that <see cref="PrepareAsync"/> has not seen.</summary>
    private readonly SemaphoreSlim news = new(0, 1);
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private IReadOnlyList<CertificateRecord>? wanted;
    private Task preparing = Task.CompletedTask;

    /// <param name="dataFolder">The edge's own.</param>
    public CertificateStore(string dataFolder, TlsLimits limits, StrataClient? api, ILogger logger, TimeProvider time)
    {
        (folder, this.limits, this.api, this.logger, this.time) = (Path.Combine(dataFolder, "certificates"), limits, api, logger, time);
        try
        {
            Directory.CreateDirectory(folder, OwnersAlone);
            // Of writes that were cut off: each is a private key.
            foreach (var file in Files().Where(f => f.Extension != FileSuffix)) file.Delete();
            foreach (var file in Files().OrderBy(f => f.LastWriteTimeUtc)) Note(Path.GetFileNameWithoutExtension(file.Name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(logger, folder, e); // certificates are fetched, and serve from memory
        }
    }

    /// <summary>How many are ready in memory.</summary>
    internal int Ready => entries.Count;

    /// <summary>What a handshake goes by; null: it cannot be had now.</summary>
    public async ValueTask<SslServerAuthenticationOptions?> FindAsync(CertificateRecord certificate, CancellationToken cancellationToken)
    {
        if (certificate.Fingerprint is null || !HasPlainId(certificate)) return null;
        var entry = EntryOf(NameOf(certificate));
        if (Volatile.Read(ref entry.Ready) is { } ready) return ready;
        var loading = LoadOnce(entry, () => LoadAsync(certificate));
        // The control plane may take long, and a client does not.
        if (!loading.IsCompleted && !File.Exists(FileOf(NameOf(certificate)))
            && await FormerAsync(certificate, cancellationToken) is { } former) return former;
        return await loading.WaitAsync(cancellationToken) ?? await FormerAsync(certificate, cancellationToken);
    }

    /// <summary>
    /// Fetches in advance what is missing, and deletes the files of certificates that are not in use any more. The same list as before
    /// costs nothing.
    /// </summary>
    public void Prepare(IReadOnlyList<CertificateRecord> certificates)
    {
        lock (gate)
        {
            if (ReferenceEquals(wanted, certificates)) return;
            wanted = certificates;
            if (preparing.IsCompleted) preparing = Task.Run(PrepareAsync);
            else if (news.CurrentCount == 0) news.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await preparing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var entry in entries.Values)
            if (entry.Loading is { } loading) await loading;
        fetches.Dispose();
        news.Dispose();
        stopping.Dispose();
    }

    private Entry EntryOf(string name)
    {
        var entry = entries.GetOrAdd(name, _ => new Entry());
        entry.UsedAt = time.GetTimestamp();
        return entry;
    }

    /// <summary>One load serves all that wait for it.</summary>
    /// <param name="load">Does not throw.</param>
    private Task<SslServerAuthenticationOptions?> LoadOnce(Entry entry, Func<Task<SslServerAuthenticationOptions?>> load)
    {
        lock (entry)
        {
            // A failure is kept for a moment, so that clients who come again cannot turn this edge against the control plane.
            var isDue = entry is { Loading.IsCompleted: true, Ready: null } && time.GetElapsedTime(entry.FailedAt) >= FailurePause;
            if (entry.Loading is { } loading && !isDue) return loading;
            Forget();
            return entry.Loading = Task.Run(async () =>
            {
                entry.Ready = await load();
                if (entry.Ready is null) entry.FailedAt = time.GetTimestamp();
                return entry.Ready;
            });
        }
    }

    private async Task<SslServerAuthenticationOptions?> LoadAsync(CertificateRecord certificate)
    {
        var file = FileOf(NameOf(certificate));
        try
        {
            var options = await ReadAsync(file, certificate.Fingerprint!) ?? await FetchAsync(certificate);
            if (options is not null) Note(NameOf(certificate));
            return options;
        }
        catch (Exception e) // whatever is wrong with one certificate must not concern the others' hosts
        {
            if (!stopping.IsCancellationRequested) LogFailed(logger, certificate.Id, certificate.Hosts, e);
            return null;
        }
    }

    /// <summary>A file that cannot be read is deleted, and fetched again.</summary>
    private async Task<SslServerAuthenticationOptions?> ReadAsync(string file, string fingerprint)
    {
        if (!File.Exists(file)) return null;
        try
        {
            return OptionsOf(await File.ReadAllTextAsync(file, stopping.Token), fingerprint);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            LogUnreadable(logger, file, e);
            TryDelete(file);
            return null;
        }
    }

    /// <summary>Where it cannot be deleted, what is fetched serves from memory.</summary>
    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is in the way of nothing.
        }
    }

    /// <summary>One that the table had before, while its successor cannot be had.</summary>
    private async ValueTask<SslServerAuthenticationOptions?> FormerAsync(
        CertificateRecord certificate, CancellationToken cancellationToken)
    {
        if (!latest.TryGetValue(certificate.Id, out var name) || name == NameOf(certificate)) return null;
        if (name.Split('.') is not [_, var fingerprint]) return null;
        var entry = EntryOf(name);
        return Volatile.Read(ref entry.Ready)
            ?? await LoadOnce(entry, () => FromFileAsync(FileOf(name), fingerprint)).WaitAsync(cancellationToken);
    }

    private async Task<SslServerAuthenticationOptions?> FromFileAsync(string file, string fingerprint)
    {
        try
        {
            return await ReadAsync(file, fingerprint);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <exception cref="CryptographicException">It is not the certificate with this fingerprint and its key.</exception>
    private static SslServerAuthenticationOptions OptionsOf(string pem, string fingerprint)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        if (chain.Count == 0 || Fingerprint.Of(chain[0]) != fingerprint)
        {
            foreach (var certificate in chain) certificate.Dispose();
            throw new CryptographicException("It is another certificate.");
        }
        chain[0].Dispose();
        var leaf = X509Certificate2.CreateFromPem(pem, pem);
        return new SslServerAuthenticationOptions
        {
            // Offline: intermediate certificates come from the file, and no authority is asked.
            ServerCertificateContext = SslStreamCertificateContext.Create(leaf, [.. chain.Skip(1)], offline: true),
            ApplicationProtocols = Protocols,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        };
    }

    /// <summary>
    /// Until all that the table has is here, or there is another list; what a request needs meanwhile is fetched by itself.
    /// </summary>
    private async Task PrepareAsync()
    {
        var (prepared, pause) = ((IReadOnlyList<CertificateRecord>?)null, PreparePauseMin);
        while (!stopping.IsCancellationRequested)
        {
            IReadOnlyList<CertificateRecord> list;
            lock (gate)
            {
                if (ReferenceEquals(prepared, wanted))
                {
                    preparing = Task.CompletedTask;
                    return;
                }
                list = wanted!;
            }
            var isComplete = true;
            var missing = list.Where(c => c.Fingerprint is not null && HasPlainId(c) && !File.Exists(FileOf(NameOf(c))));
            await Parallel.ForEachAsync(missing, stopping.Token, async (certificate, _) =>
            {
                try
                {
                    await FetchAsync(certificate);
                }
                catch (Exception e) when (!stopping.IsCancellationRequested)
                {
                    isComplete = false;
                    LogFailed(logger, certificate.Id, certificate.Hosts, e);
                }
            });
            try
            {
                DeleteOthers(list);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                LogNotKept(logger, folder, e);
            }
            if (isComplete)
            {
                (prepared, pause) = (list, PreparePauseMin);
                continue;
            }
            // With another list it begins again: what is new in it has not failed yet.
            if (await news.WaitAsync(pause, stopping.Token)) pause = PreparePauseMin;
            else pause = pause * 2 < PreparePauseMax ? pause * 2 : PreparePauseMax;
        }
    }

    /// <summary>A handshake and the preparation that need the same one share one request.</summary>
    /// <returns>Null: the control plane has another one by now, of which a change will come.</returns>
    private async Task<SslServerAuthenticationOptions?> FetchAsync(CertificateRecord certificate)
    {
        var name = NameOf(certificate);
        var fetch = fetching.GetOrAdd(name, _ => new Lazy<Task<SslServerAuthenticationOptions?>>(() => FetchOnceAsync(certificate)));
        try
        {
            return await fetch.Value;
        }
        finally
        {
            fetching.TryRemove(new KeyValuePair<string, Lazy<Task<SslServerAuthenticationOptions?>>>(name, fetch));
        }
    }

    private async Task<SslServerAuthenticationOptions?> FetchOnceAsync(CertificateRecord certificate)
    {
        if (api is null) return null;
        await fetches.WaitAsync(stopping.Token);
        try
        {
            // Another has fetched it meanwhile.
            if (await ReadAsync(FileOf(NameOf(certificate)), certificate.Fingerprint!) is { } present) return present;
            using var answer = await api.SendAsync(
                HttpMethod.Post, $"/api/v1/certificates/{certificate.Id}/key", cancellationToken: stopping.Token);
            var json = answer!.RootElement;
            if (Text(json, "fingerprint") != certificate.Fingerprint) return null;
            var pem = Text(json, "chain") + Text(json, "privateKey");
            var options = OptionsOf(pem, certificate.Fingerprint!); // what cannot be used does not take the place of what can
            await WriteAsync(FileOf(NameOf(certificate)), pem);
            return options;
        }
        finally
        {
            fetches.Release();
        }
    }

    /// <summary>
    /// Written beside its place and renamed: a file that is there is complete, and for this user alone from its beginning. A disk that
    /// takes nothing keeps the edge from restarting without the control plane, and from nothing else.
    /// </summary>
    private async Task WriteAsync(string place, string pem)
    {
        var fresh = $"{place}.{Guid.CreateVersion7(time.GetUtcNow()):n}";
        try
        {
            Directory.CreateDirectory(folder, OwnersAlone);
            await using (var file = new FileStream(fresh, new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                await file.WriteAsync(Encoding.ASCII.GetBytes(pem), CancellationToken.None);
                file.Flush(flushToDisk: true);
            }
            File.Move(fresh, place, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(logger, place, e);
            TryDelete(fresh);
        }
    }

    private static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    /// <summary>One that was replaced is kept until its successor is here.</summary>
    private void DeleteOthers(IReadOnlyList<CertificateRecord> used)
    {
        var current = used.Where(c => c.Fingerprint is not null).ToDictionary(c => c.Id, NameOf, StringComparer.Ordinal);
        var abandoned = time.GetUtcNow() - AbandonedAfter;
        foreach (var file in Files())
        {
            var name = Path.GetFileNameWithoutExtension(file.Name);
            var isUsed = current.TryGetValue(name.Split('.')[0], out var now) && (name == now || !File.Exists(FileOf(now)));
            if (isUsed || (file.Extension != FileSuffix && file.LastWriteTimeUtc >= abandoned)) continue;
            file.Delete();
            entries.TryRemove(name, out _);
            latest.TryRemove(new KeyValuePair<string, string>(name.Split('.')[0], name));
        }
    }

    /// <summary>Connections that use it keep it: it is not disposed of.</summary>
    private void Forget()
    {
        while (entries.Count > limits.ReadyMax && entries.MinBy(e => e.Value.UsedAt) is var oldest && entries.TryRemove(oldest))
        {
        }
    }

    /// <summary>It becomes the name of a file.</summary>
    private static bool HasPlainId(CertificateRecord certificate) =>
        certificate.Id.Length is > 0 and < 64 && certificate.Id.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static string NameOf(CertificateRecord certificate) => $"{certificate.Id}.{certificate.Fingerprint}";

    private void Note(string name) => latest[name.Split('.')[0]] = name;

    private FileInfo[] Files() => Directory.Exists(folder) ? new DirectoryInfo(folder).GetFiles() : [];

    private string FileOf(string name) => Path.Combine(folder, name + FileSuffix);

    private sealed class Entry
    {
        public SslServerAuthenticationOptions? Ready;
        public Task<SslServerAuthenticationOptions?>? Loading;
        public long UsedAt;
        public long FailedAt;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Certificate {Certificate} for {Hosts} cannot be used; it is tried again")]
    private static partial void LogFailed(ILogger logger, string certificate, string hosts, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate in {File} cannot be read; it is fetched again")]
    private static partial void LogUnreadable(ILogger logger, string file, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A certificate is in use but could not be kept in {File}")]
    private static partial void LogNotKept(ILogger logger, string file, Exception exception);
}
