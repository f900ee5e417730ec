using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using Strata.Api.Http;
using Strata.Contracts;

namespace Strata.Identity.Providers;

/// <summary>What is known of a provider's keys without asking it, in the order in which to ask.</summary>
internal enum KeysAtHand
{
    /// <summary>The key that is looked for has been read.</summary>
    Held,

    /// <summary>It has not been asked yet, or answers with other keys.</summary>
    Unknown,

    /// <summary>It did not answer when it was last asked, and the key is not among those read before.</summary>
    Failed,
}

/// <summary>
/// The keys of providers, read from their own documents: the configuration leads to the key set. Kept for ten minutes; a key that is not
/// among them has them read again, but not more often than each half minute, so that tokens made up by anyone cannot turn this server
/// against a provider. Where reading fails or takes too long, what was read before stays valid for an hour, and there is no retry for five
/// seconds. One reading serves all who wait for it, each of them for <see cref="IdentityOptions.ProviderTimeout"/> at most. Bounded in
/// providers and in readings at a time. Safe for concurrent use.
/// </summary>
internal sealed partial class ProviderDocuments(IdentityOptions options, TimeProvider time, ILogger<ProviderDocuments> logger) : IDisposable
{
    internal const int ProvidersKept = 1000;
    private const int ReadingsMax = 32;
    private const int DocumentBytesMax = 256 * 1024;
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan KeptWhileSilent = TimeSpan.FromHours(1);
    private static readonly TimeSpan RereadAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly HttpClient http = GuardedHttp.Create(
        options.AllowPrivateProviders, options.ProviderTimeout, host =>
            new IOException($"{host} is not an address of the public internet."));
    private readonly ConcurrentDictionary<string, Reading> known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim readings = new(ReadingsMax);

    /// <summary>
    /// Makes the next caller that needs the keys of the provider at this address read them again. Until it answers, its former keys stay
    /// valid.
    /// </summary>
    public void Refresh(string address)
    {
        if (known.TryGetValue(address, out var reading)) reading.IsStale = true;
    }

    /// <param name="keyId">Of a token; null: any.</param>
    public KeysAtHand AtHand(ProviderSpec provider, string? keyId)
    {
        if (!known.TryGetValue(provider.WellKnownConfigUri, out var reading) || reading.Known is not { } read) return KeysAtHand.Unknown;
        if (Holds(read, keyId)) return KeysAtHand.Held;
        return read.HasFailed ? KeysAtHand.Failed : KeysAtHand.Unknown;
    }

    /// <param name="keyId">Of a token; null: any.</param>
    /// <param name="patience">How long this caller waits, at most <see cref="IdentityOptions.ProviderTimeout"/>; after it the former keys
    /// are returned where they hold.</param>
    /// <returns>Its keys; null if they are not available now, because it does not answer or sends no valid key set.</returns>
    public async ValueTask<IReadOnlyList<SecurityKey>?> KeysAsync(
        ProviderSpec provider, string? keyId, TimeSpan patience, CancellationToken cancellationToken)
    {
        var reading = Find(provider.WellKnownConfigUri);
        reading.UsedAt = time.GetTimestamp();
        // A provider that failed lately is asked in the background where its former keys will do.
        if (reading.Former is { HasFailed: true } former && !reading.Documents.IsCompleted && Holds(former, keyId)) return former.Keys;
        var read = await WithinAsync(reading, patience, cancellationToken);
        if (read is not null && reading.Documents.IsCompleted && IsDue(reading, read, keyId))
        {
            var again = Replace(provider.WellKnownConfigUri, reading, read);
            if (read.HasFailed && Holds(read, keyId)) _ = again.Documents;
            else read = await WithinAsync(again, patience, cancellationToken);
        }
        return read is null || (read.HasFailed && !Holds(read, keyId)) ? null : read.Keys;
    }

    public void Dispose()
    {
        http.Dispose();
        readings.Dispose();
    }

    private Reading Find(string address)
    {
        if (known.TryGetValue(address, out var reading)) return reading;
        if (known.Count >= ProvidersKept) known.TryRemove(known.MinBy(k => k.Value.UsedAt)); // the least recently used
        return known.GetOrAdd(address, a => Start(a, null));
    }

    /// <summary>One of those who found it old reads it, for all.</summary>
    private Reading Replace(string address, Reading old, Documents read)
    {
        known.TryUpdate(address, Start(address, read), old);
        return known.GetOrAdd(address, a => Start(a, read));
    }

    private bool IsDue(Reading reading, Documents read, string? keyId)
    {
        if (reading.IsStale) return true;
        var age = time.GetElapsedTime(read.AskedAt);
        return read.HasFailed ? age > RetryAfter : age > KeptFor || (!Holds(read, keyId) && age > RereadAfter);
    }

    /// <summary>Whether a token of that key can be checked with what was read, be it a while ago.</summary>
    private bool Holds(Documents read, string? keyId) =>
        read.Keys.Count > 0 && (!read.HasFailed || time.GetElapsedTime(read.KeysReadAt) < KeptWhileSilent) && (keyId is null
            || read.Keys.Any(k => k.KeyId == keyId));

    /// <returns>After the time, what was read before; null where nothing was.</returns>
    private async Task<Documents?> WithinAsync(Reading reading, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            return await reading.Documents.WaitAsync(patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return reading.Former is { } former ? former with { HasFailed = true } : null;
        }
    }

    /// <summary>Not cancelled with the request that began it: others wait for it too, and its time is bounded.</summary>
    private Reading Start(string address, Documents? before) =>
        new(before, () => FetchAsync(address, before)) { UsedAt = time.GetTimestamp() };

    private async Task<Documents> FetchAsync(string address, Documents? before)
    {
        using var patience = new CancellationTokenSource(options.ProviderTimeout, time);
        var hasEntered = false;
        try
        {
            await readings.WaitAsync(patience.Token);
            hasEntered = true;
            using var configuration = JsonDocument.Parse(await GetAsync(new Uri(address), patience.Token));
            var keySet = new Uri(configuration.RootElement.GetProperty("jwks_uri").GetString() ?? "");
            var keys = new JsonWebKeySet(System.Text.Encoding.UTF8.GetString(await GetAsync(keySet, patience.Token)));
            var now = time.GetTimestamp();
            return new Documents([.. keys.GetSigningKeys()], now, now, HasFailed: false);
        }
        catch (Exception e) // what others send can fail in any way, and a reading that throws would be kept for good
        {
            LogUnreadable(logger, address, e is not OperationCanceledException ? e.Message
                : hasEntered ? $"it did not answer within {options.ProviderTimeout.TotalSeconds} s"
                : $"{ReadingsMax} other providers are being read");
            return new Documents(before?.Keys ?? [], before?.KeysReadAt ?? 0, time.GetTimestamp(), HasFailed: true);
        }
        finally
        {
            if (hasEntered) readings.Release();
        }
    }

    private async Task<byte[]> GetAsync(Uri address, CancellationToken cancellationToken)
    {
        if (address.Scheme != Uri.UriSchemeHttps && !options.AllowPrivateProviders)
            throw new IOException($"{address.Host} must be asked by https.");
        using var response = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[DocumentBytesMax + 1];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= DocumentBytesMax ? buffer[..length]
            : throw new IOException($"{address.Host} sends more than {DocumentBytesMax} bytes.");
    }

    /// <param name="Keys">Of the last reading that succeeded; none where there was none.</param>
    /// <param name="HasFailed">The reading at <paramref name="AskedAt"/>.</param>
    private sealed record Documents(IReadOnlyList<SecurityKey> Keys, long KeysReadAt, long AskedAt, bool HasFailed);

    /// <summary>One reading of an address, which begins when it is first waited for.</summary>
    /// <param name="former">What the reading before it found.</param>
    private sealed class Reading
    {
        private readonly Lazy<Task<Documents>> documents;
        private volatile Documents? known;
        private long usedAt;

        public Reading(Documents? former, Func<Task<Documents>> fetch)
        {
            Former = known = former;
            documents = new(async () => known = await fetch());
        }

        /// <summary>A caller has asked for it to be read again.</summary>
        public volatile bool IsStale;

        public Documents? Former { get; }

        public Task<Documents> Documents => documents.Value;

        /// <summary>What is known without waiting.</summary>
        public Documents? Known => known;

        public long UsedAt
        {
            get => Volatile.Read(ref usedAt);
            set => Volatile.Write(ref usedAt, value);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The documents of the OIDC provider {Address} cannot be read: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string address, string reason);
}
