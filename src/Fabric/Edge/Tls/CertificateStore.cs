using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core;

namespace Strata.Edge.Tls;

/// <summary>
/// The certificates with their keys: fetched from the control plane once, kept in files of this edge's alone (from which it serves without
/// the control plane), and ready in memory once a client has asked, up to <see cref="TlsLimits.ReadyMax"/>; of more the one used longest
/// ago goes. Safe for concurrent use.
/// </summary>
internal sealed partial class CertificateStore : IAsyncDisposable
{
    private const int FetchesMax = 4;
    private const string FileSuffix = ".pem";
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(2);
    private static readonly List<SslApplicationProtocol> Protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    private readonly string folder;
    private readonly TlsLimits limits;
    private readonly StrataClient? api;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim fetches = new(FetchesMax);
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private IReadOnlyList<CertificateRecord>? wanted;
    private Task preparing = Task.CompletedTask;

    /// <param name="dataFolder">The edge's own.</param>
    public CertificateStore(string dataFolder, TlsLimits limits, StrataClient? api, ILogger logger, TimeProvider time)
    {
        (folder, this.limits, this.api, this.logger, this.time) = (Path.Combine(dataFolder, "certificates"), limits, api, logger, time);
        Directory.CreateDirectory(folder, OwnersAlone);
    }

    /// <summary>How many are ready in memory.</summary>
    internal int Ready => entries.Count;

    /// <summary>What a handshake goes by; null: it cannot be had now.</summary>
    public async ValueTask<SslServerAuthenticationOptions?> FindAsync(CertificateRecord certificate)
    {
        if (certificate.Fingerprint is not { } fingerprint) return null;
        var entry = entries.GetOrAdd(fingerprint, _ => new Entry());
        entry.UsedAt = time.GetTimestamp();
        if (Volatile.Read(ref entry.Ready) is { } ready) return ready;
        return await LoadOnce(entry, certificate);
    }

    /// <summary>Fetches in advance what is missing, and deletes the files of certificates that are not in use any more.</summary>
    public void Prepare(IReadOnlyList<CertificateRecord> certificates)
    {
        lock (gate)
        {
            wanted = certificates;
            if (preparing.IsCompleted) preparing = Task.Run(PrepareAsync);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await preparing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var entry in entries.Values)
            if (entry.Loading is { } loading) await loading;
        fetches.Dispose();
        stopping.Dispose();
    }

    /// <summary>One load serves all that wait for it.</summary>
    private Task<SslServerAuthenticationOptions?> LoadOnce(Entry entry, CertificateRecord certificate)
    {
        lock (entry)
        {
            // A failure is kept for a moment, so that clients who come again cannot turn this edge against the control plane.
            var isDue = entry is { Loading.IsCompleted: true, Ready: null } && time.GetElapsedTime(entry.FailedAt) >= FailurePause;
            if (entry.Loading is { } loading && !isDue) return loading;
            Forget();
            return entry.Loading = Task.Run(() => LoadAsync(entry, certificate));
        }
    }

    /// <summary>Does not throw.</summary>
    private async Task<SslServerAuthenticationOptions?> LoadAsync(Entry entry, CertificateRecord certificate)
    {
        try
        {
            var file = FileOf(certificate.Fingerprint!);
            var pem = File.Exists(file) ? await File.ReadAllTextAsync(file, stopping.Token) : await FetchAsync(certificate);
            return pem is null ? Failed(entry) : entry.Ready = OptionsOf(pem);
        }
        catch (Exception e) // whatever is wrong with one certificate must not concern the others' hosts
        {
            if (!stopping.IsCancellationRequested) LogFailed(logger, certificate.Id, certificate.Hosts, e);
            return Failed(entry);
        }
    }

    private SslServerAuthenticationOptions? Failed(Entry entry)
    {
        entry.FailedAt = time.GetTimestamp();
        return null;
    }

    private static SslServerAuthenticationOptions OptionsOf(string pem)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        var leaf = X509Certificate2.CreateFromPem(pem, pem);
        return new SslServerAuthenticationOptions
        {
            // Offline: intermediate certificates come from the file, and no authority is asked.
            ServerCertificateContext = SslStreamCertificateContext.Create(leaf, [.. chain.Skip(1)], offline: true),
            ApplicationProtocols = Protocols,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        };
    }

    private async Task PrepareAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            IReadOnlyList<CertificateRecord>? next;
            lock (gate) (next, wanted) = (wanted, null);
            if (next is null) return;
            var missing = next.Where(c => c.Fingerprint is { } print && !File.Exists(FileOf(print)));
            await Parallel.ForEachAsync(missing, stopping.Token, async (certificate, _) =>
            {
                try
                {
                    await FetchAsync(certificate);
                }
                catch (Exception e) when (!stopping.IsCancellationRequested)
                {
                    LogFailed(logger, certificate.Id, certificate.Hosts, e); // fetched again when a client asks
                }
            });
            DeleteOthers(next);
        }
    }

    /// <summary>
    /// Written beside its place and renamed: a file that is there is complete, and for this user alone from its beginning.
    /// </summary>
    /// <returns>Null: the control plane has another one by now, of which a change will come.</returns>
    private async Task<string?> FetchAsync(CertificateRecord certificate)
    {
        if (api is null) return null;
        await fetches.WaitAsync(stopping.Token);
        try
        {
            using var answer = await api.SendAsync(
                HttpMethod.Post, $"/api/v1/certificates/{certificate.Id}/key", cancellationToken: stopping.Token);
            var json = answer!.RootElement;
            if (Text(json, "fingerprint") != certificate.Fingerprint) return null;
            var pem = Text(json, "chain") + Text(json, "privateKey");
            var place = FileOf(certificate.Fingerprint!);
            var fresh = $"{place}.{Guid.CreateVersion7(time.GetUtcNow()):n}";
            await using (var file = new FileStream(fresh, new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                await file.WriteAsync(System.Text.Encoding.ASCII.GetBytes(pem), CancellationToken.None);
                file.Flush(flushToDisk: true);
            }
            File.Move(fresh, place, overwrite: true);
            return pem;
        }
        finally
        {
            fetches.Release();
        }
    }

    private static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private void DeleteOthers(IReadOnlyList<CertificateRecord> used)
    {
        var names = used.Select(c => c.Fingerprint + FileSuffix).ToHashSet(StringComparer.Ordinal);
        // Files of writes that were cut off; at younger ones a write may be at work.
        var abandoned = time.GetUtcNow() - TimeSpan.FromHours(1);
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles().Where(f => !names.Contains(f.Name)))
            if (file.Extension == FileSuffix || file.LastWriteTimeUtc < abandoned) file.Delete();
        foreach (var fingerprint in entries.Keys.Where(k => !names.Contains(k + FileSuffix))) entries.TryRemove(fingerprint, out _);
    }

    /// <summary>Connections that use it keep it: it is not disposed of.</summary>
    private void Forget()
    {
        while (entries.Count > limits.ReadyMax && entries.MinBy(e => e.Value.UsedAt) is var oldest && entries.TryRemove(oldest))
        {
        }
    }

    private string FileOf(string fingerprint) => Path.Combine(folder, fingerprint + FileSuffix);

    private sealed class Entry
    {
        public SslServerAuthenticationOptions? Ready;
        public Task<SslServerAuthenticationOptions?>? Loading;
        public long UsedAt;
        public long FailedAt;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Certificate {Certificate} for {Hosts} cannot be used; it is tried again")]
    private static partial void LogFailed(ILogger logger, string certificate, string hosts, Exception exception);
}
