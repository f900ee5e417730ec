using System.Net.Http.Headers;
using System.Security.Authentication;
using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>
/// Requests to an ACME server. Every request ends within <see cref="RequestPatience"/>, every answer is at most
/// <see cref="BodyBytesMax"/>, and only https is spoken. Safe for concurrent use.
/// </summary>
internal sealed class AcmeTransport(HttpClient http, AcmeSigner signer, TimeProvider time)
{
    public const int BodyBytesMax = 1 << 20;

    /// <summary>
    /// Tries of one request whose nonce the server rejects. A server may forget nonces at any time, for example behind a load balancer.
    /// </summary>
    public const int TriesMax = 10;

    public static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(30);

    private static readonly MediaTypeHeaderValue Jose = new("application/jose+json");
    private readonly AcmeNonces nonces = new();

    public AcmeSigner Signer => signer;

    /// <summary>An unsigned GET.</summary>
    public async Task<Result<AcmeReply>> GetAsync(Uri address, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        return (await SendAsync(request, cancellationToken)).Then(reply => reply.OnlySuccess());
    }

    /// <summary>A signed POST, sent again with another nonce where the server rejects the first.</summary>
    /// <param name="account">Null: the request carries the key.</param>
    /// <param name="payload">Empty: a POST-as-GET.</param>
    public async Task<Result<AcmeReply>> PostAsync(
        Uri newNonce, Uri address, Uri? account, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            if (!(await NonceAsync(newNonce, cancellationToken)).TryGet(out var nonce, out var error)) return error;
            using var request = new HttpRequestMessage(HttpMethod.Post, address)
            {
                Content = new ByteArrayContent(signer.Sign(address, nonce, account, payload.Span)) { Headers = { ContentType = Jose } },
            };
            if (!(await SendAsync(request, cancellationToken)).TryGet(out var reply, out error)) return error;
            if (reply.IsBadNonce) nonces.Clear(); // the others are as old, and most likely as useless
            nonces.Add(reply.Nonce);
            if (!reply.IsBadNonce || tries == TriesMax) return reply.OnlySuccess();
        }
    }

    private async Task<Result<string>> NonceAsync(Uri newNonce, CancellationToken cancellationToken)
    {
        if (nonces.Take() is { } kept) return kept;
        using var request = new HttpRequestMessage(HttpMethod.Head, newNonce);
        var answered = (await SendAsync(request, cancellationToken)).Then(reply => reply.OnlySuccess());
        if (!answered.TryGet(out var reply, out var error)) return error;
        return reply.Nonce is { } nonce ? nonce : AcmeErrors.InvalidAnswer(newNonce, "it has no Replay-Nonce");
    }

    private async Task<Result<AcmeReply>> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var address = request.RequestUri!;
        using var limit = new CancellationTokenSource(RequestPatience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            return await BodyAsync(response.Content, both.Token) is { } body
                ? AcmeReply.Of(address, response, body, time.GetUtcNow())
                : AcmeErrors.InvalidAnswer(address, $"it is longer than {BodyBytesMax >> 20} MiB");
        }
        catch (HttpRequestException e) when (
            e.HttpRequestError is HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded)
        {
            return AcmeErrors.InvalidAnswer(address, "it is not HTTP, or its head is too long");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Of a failed handshake, the outer exception says only that it failed.
            return AcmeErrors.Unreachable(
                address, e.InnerException is AuthenticationException handshake ? handshake.Message.TrimEnd('.') : FailureText.Of(e));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return AcmeErrors.Unreachable(address, $"no answer within {RequestPatience.TotalSeconds:0} seconds");
        }
    }

    /// <returns>Null: too long.</returns>
    private static async Task<byte[]?> BodyAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > BodyBytesMax) return null;
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var kept = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if (kept.Length + read > BodyBytesMax) return null;
            kept.Write(buffer, 0, read);
        }
        return kept.ToArray();
    }
}
