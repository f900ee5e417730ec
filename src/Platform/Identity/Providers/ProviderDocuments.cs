using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using Strata.Api.Http;
using Strata.Contracts;

namespace Strata.Identity.Providers;

/// <summary>
/// The keys of providers, read from their own documents: the configuration leads to the key set. Kept for ten minutes; a key that is not among them has them read again, but not more often
/// than each half minute, so that tokens made up by anyone cannot turn this server against a provider. Where reading fails, what was read
/// before holds for an hour, and nobody is asked again
/// for five seconds. One reading serves all who wait for it, each of them for <see cref="IdentityOptions.ProviderTimeout"/> at most.
/// Bounded. Safe for concurrent use.
/// </summary>
internal sealed partial class ProviderDocuments(IdentityOptions options, TimeProvider time, ILogger<ProviderDocuments> logger) : IDisposable
{
    private const int ProvidersKept = 1000;
    private const int DocumentBytesMax = 256 * 1024;
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan KeptWhileSilent = TimeSpan.FromHours(1);
    private static readonly TimeSpan RereadAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly HttpClient http = GuardedHttp.Create(options.AllowPrivateProviders, options.ProviderTimeout, host => new IOException($"{host} is not an address of the public internet."));
    private readonly ConcurrentDictionary<string, Lazy<Task<Documents>>> known = new(StringComparer.Ordinal);

    /// <summary>Forgets all that was read.</summary>
    public void Forget() => known.Clear();

    /// <param name="keyId">Of a token; null: any.</param>
    /// <returns>Its keys; null where they cannot be had now, because it does not answer or sends what is no key set.</returns>
    public async ValueTask<IReadOnlyList<SecurityKey>?> KeysAsync(ProviderSpec provider, string? keyId, CancellationToken cancellationToken)
    {
        var address = provider.WellKnownConfigUri;
        if (known.Count >= ProvidersKept) known.Clear();
        var reading = known.GetOrAdd(address, a => Start(a, null));
        if (await WithinAsync(reading, cancellationToken) is not { } read) return null;
        if (IsDue(read, keyId))
        {
            known.TryUpdate(address, Start(address, read), reading); // one of those who found it old reads it, for all
            reading = known.GetOrAdd(address, a => Start(a, read));
            // A provider that failed lately is asked in the background where its former keys will do.
            if (read.HasFailed && Holds(read, keyId)) _ = reading.Value;
            else if (await WithinAsync(reading, cancellationToken) is { } again) read = again;
            else return null;
        }
        return read.HasFailed && !Holds(read, keyId) ? null : read.Keys;
    }

    public void Dispose() => http.Dispose();

    private bool IsDue(Documents read, string? keyId)
    {
        var age = time.GetElapsedTime(read.AskedAt);
        return read.HasFailed ? age > RetryAfter : age > KeptFor || (!Holds(read, keyId) && age > RereadAfter);
    }

    /// <summary>Whether a token of that key can be checked with what was read, be it a while ago.</summary>
    private bool Holds(Documents read, string? keyId) =>
        read.Keys.Count > 0 && (!read.HasFailed || time.GetElapsedTime(read.KeysReadAt) < KeptWhileSilent) && (keyId is null
            || read.Keys.Any(k => k.KeyId == keyId));

    private async Task<Documents?> WithinAsync(Lazy<Task<Documents>> reading, CancellationToken cancellationToken)
    {
        try
        {
            return await reading.Value.WaitAsync(options.ProviderTimeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Not cancelled with the request that began it: others wait for it too, and its time is bounded.</summary>
    private Lazy<Task<Documents>> Start(string address, Documents? before) => new(() => FetchAsync(address, before));

    private async Task<Documents> FetchAsync(string address, Documents? before)
    {
        try
        {
            using var patience = new CancellationTokenSource(options.ProviderTimeout, time);
            using var configuration = JsonDocument.Parse(await GetAsync(new Uri(address), patience.Token));
            var keySet = new Uri(configuration.RootElement.GetProperty("jwks_uri").GetString() ?? "");
            var keys = new JsonWebKeySet(System.Text.Encoding.UTF8.GetString(await GetAsync(keySet, patience.Token)));
            var now = time.GetTimestamp();
            return new Documents([.. keys.GetSigningKeys()], now, now, HasFailed: false);
        }
        catch (Exception e) // what others send can fail in any way, and a reading that throws would be kept for good
        {
            LogUnreadable(logger, address, e is OperationCanceledException
                ? $"it did not answer within {options.ProviderTimeout.TotalSeconds} s" : e.Message);
            return new Documents(before?.Keys ?? [], before?.KeysReadAt ?? 0, time.GetTimestamp(), HasFailed: true);
        }
    }

    private async Task<byte[]> GetAsync(Uri address, CancellationToken cancellationToken)
    {
        if (address.Scheme != Uri.UriSchemeHttps && !options.AllowPrivateProviders) throw new IOException($"{address.Host} must be asked by https.");
        using var response = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[DocumentBytesMax + 1];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= DocumentBytesMax ? buffer[..length] : throw new IOException($"{address.Host} sends more than {DocumentBytesMax} bytes.");
    }

    /// <param name="Keys">Of the last reading that succeeded; none where there was none.</param>
    /// <param name="HasFailed">The reading at <paramref name="AskedAt"/>.</param>
    private sealed record Documents(IReadOnlyList<SecurityKey> Keys, long KeysReadAt, long AskedAt, bool HasFailed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The documents of the OIDC provider {Address} cannot be read: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string address, string reason);
}
