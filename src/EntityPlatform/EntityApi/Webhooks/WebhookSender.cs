using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Strata.Api.Http;
using Strata.Core;

namespace Strata.EntityApi.Webhooks;

/// <summary>
/// Posts batches, through <see cref="GuardedHttp"/>. Safe for concurrent use.
/// </summary>
internal sealed class WebhookSender : IDisposable
{
    /// <summary><c>t=UNIX_SECONDS,v1=HEX</c>: HMAC-SHA256 with the secret over the seconds, a dot and the body.</summary>
    public const string SignatureHeader = "Strata-Signature";

    /// <summary>The same each time that a batch is tried.</summary>
    public const string DeliveryHeader = "Strata-Delivery";

    private const int ErrorLengthMax = 300;

    private readonly HttpClient http;
    private readonly WebhookOptions options;
    private readonly TimeProvider time;

    public WebhookSender(WebhookOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        http = GuardedHttp.Create(options.AllowPrivate, options.Timeout, host => new WebhookRefusedException(host));
    }

    /// <returns>Null when it was taken (2xx); otherwise what went wrong, as a sentence.</returns>
    public async Task<string?> SendAsync(
        string url, string secret, Guid delivery, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            using var request = Make(url, secret, delivery, body);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return response.IsSuccessStatusCode ? null : $"It was answered with {(int)response.StatusCode}.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"There was no answer within {options.Timeout.TotalSeconds} s.";
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException or UriFormatException)
        {
            return (e.InnerException is WebhookRefusedException refused ? refused : e).Message.Shortened(ErrorLengthMax);
        }
    }

    public static string Sign(string secret, long seconds, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{seconds}.")));
        hash.AppendData(body);
        return string.Create(CultureInfo.InvariantCulture, $"t={seconds},v1={Convert.ToHexStringLower(hash.GetHashAndReset())}");
    }

    public void Dispose() => http.Dispose();

    private HttpRequestMessage Make(string url, string secret, Guid delivery, ReadOnlyMemory<byte> body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("strata", null));
        request.Headers.Add(DeliveryHeader, delivery.ToString());
        request.Headers.Add(SignatureHeader, Sign(secret, time.GetUtcNow().ToUnixTimeSeconds(), body.Span));
        return request;
    }

    private sealed class WebhookRefusedException(string host)
        : IOException($"{host} is not an address of the public internet, "
            + "and private ones are allowed only if the server was started with --private-webhooks on.");
}
