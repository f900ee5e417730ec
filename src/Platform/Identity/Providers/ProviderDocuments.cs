using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using Strata.Api.Http;
using Strata.Contracts;

namespace Strata.Identity.Providers;

/// <summary>
/// The keys of providers, read from their own documents: the configuration leads to the key set. Kept for ten minutes; a key that is not among them has them read again, but not more often
/// than each half minute, so that tokens made up by anyone cannot turn this server against a provider. Bounded. Safe for concurrent use.
/// </summary>
internal sealed partial class ProviderDocuments(IdentityOptions options, TimeProvider time, ILogger<ProviderDocuments> logger) : IDisposable
{
    private const int ProvidersKept = 1000;
    private const int DocumentBytesMax = 256 * 1024;
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RereadAfter = TimeSpan.FromSeconds(30);

    private readonly HttpClient http = GuardedHttp.Create(options.AllowPrivateProviders, options.ProviderTimeout, host => new IOException($"{host} is not an address of the public internet."));
    private readonly ConcurrentDictionary<string, Lazy<Task<Documents>>> known = new(StringComparer.Ordinal);

    /// <summary>Forgets all that was read.</summary>
    public void Forget() => known.Clear();

    /// <param name="keyId">Of a token; null: any.</param>
    /// <returns>Its keys; none where it cannot be reached or sends what is no key set.</returns>
    public async ValueTask<IReadOnlyList<SecurityKey>> KeysAsync(ProviderSpec provider, string? keyId)
    {
        var read = await ReadAsync(provider, null);
        var age = time.GetElapsedTime(read.ReadAt);
        var isMissing = read.Keys.Count == 0 || (keyId is not null && read.Keys.All(k => k.KeyId != keyId));
        if (age > KeptFor || (isMissing && age > RereadAfter)) read = await ReadAsync(provider, read);
        return read.Keys;
    }

    public void Dispose() => http.Dispose();

    /// <param name="old">What is to be replaced; null: whatever is there will do.</param>
    private async Task<Documents> ReadAsync(ProviderSpec provider, Documents? old)
    {
        var address = provider.WellKnownConfigUri;
        if (known.Count >= ProvidersKept) known.Clear();
        var reading = known.GetOrAdd(address, Start);
        if (old is null || !ReferenceEquals(await reading.Value, old)) return await reading.Value;
        known.TryUpdate(address, Start(address), reading); // one of those who found it old reads it, for all
        return await known.GetOrAdd(address, Start).Value;
    }

    /// <summary>Not cancelled with the request that began it: others wait for it too, and its time is bounded.</summary>
    private Lazy<Task<Documents>> Start(string address) => new(() => FetchAsync(address));

    private async Task<Documents> FetchAsync(string address)
    {
        try
        {
            using var patience = new CancellationTokenSource(options.ProviderTimeout * 2, time);
            using var configuration = JsonDocument.Parse(await GetAsync(new Uri(address), patience.Token));
            var keySet = new Uri(configuration.RootElement.GetProperty("jwks_uri").GetString() ?? "");
            var keys = new JsonWebKeySet(System.Text.Encoding.UTF8.GetString(await GetAsync(keySet, patience.Token)));
            return new Documents([.. keys.GetSigningKeys()], time.GetTimestamp());
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or JsonException or ArgumentException or UriFormatException or KeyNotFoundException or InvalidOperationException)
        {
            LogUnreadable(logger, address, e.Message);
            return new Documents([], time.GetTimestamp());
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

    private sealed record Documents(IReadOnlyList<SecurityKey> Keys, long ReadAt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The documents of the OIDC provider {Address} cannot be read: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string address, string reason);
}
