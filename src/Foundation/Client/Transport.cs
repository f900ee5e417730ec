using System.Net.Sockets;
using System.Security.Authentication;
using Strata.Core;

namespace Strata.Client;

/// <summary>
/// Sends calls and turns everything that goes wrong into <see cref="StrataException"/>. A call is sent again when its connection broke or
/// the server asked for it, at most <see cref="ClientOptions.RetriesMax"/> times and within <see cref="ClientOptions.CallTimeout"/>; not
/// when nothing listens, which a person wants to hear at once.
/// </summary>
internal sealed partial class Transport(HttpClient http, ClientOptions options)
{
    public ClientOptions Options => options;

    public const string FenceHeader = "Strata-Fence";

    /// <summary>Of a body that explains a failure.</summary>
    private const int ProblemBytesMax = 1 << 20;

    public string? Fence { get; set; }

    public Uri Address => http.BaseAddress!;

    /// <summary>A whole answer in memory.</summary>
    public async Task<Answer> SendAsync(Call call, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(options.CallTimeout, options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            return await SendWithRetriesAsync(call, linked.Token);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw ClientErrors.Timeout(Address, options.CallTimeout).ToException();
        }
    }

    /// <summary>
    /// An answer whose body is still to be read; the caller disposes it. Its headers must be there within
    /// <see cref="ClientOptions.CallTimeout"/>, counted from the last byte that was sent; an upload may take as long as it moves, and time
    /// that its source takes does not count.
    /// </summary>
    public Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        OpenAsync(request, options.CallTimeout, cancellationToken);

    /// <param name="patience">In place of <see cref="ClientOptions.CallTimeout"/>.</param>
    public async Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(patience, options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        var upload = request.Content as UnclosedContent;
        upload?.WaitsForServer = waits => timer.CancelAfter(waits ? patience : Timeout.InfiniteTimeSpan);
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, linked.Token);
        }
        catch (OperationCanceledException e) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new StrataException(ClientErrors.Timeout(Address, patience), e);
        }
        catch (Exception e) when (Translate(e, cancellationToken) is { } error)
        {
            throw new StrataException(error, e);
        }
        finally
        {
            upload?.WaitsForServer = null;
        }
        if (response.IsSuccessStatusCode) return response;
        using (response)
        {
            var body = await ReadAsync(response, Math.Min(ProblemBytesMax, options.AnswerBytesMax), cancellationToken);
            throw ProblemReader.Read(response, body, Address).ToException();
        }
    }

    /// <summary>What a failure of the connection means to the user; null: not a failure of the connection.</summary>
    public Error? Translate(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        OperationCanceledException when cancellationToken.IsCancellationRequested => null,
        OperationCanceledException => ClientErrors.Timeout(Address, options.ConnectTimeout),
        HttpRequestException { InnerException: SocketException socket } => ClientErrors.Unreachable(Address, Reason(socket)),
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } =>
            ClientErrors.Unreachable(Address, "the name does not resolve"),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } =>
            ClientErrors.Unreachable(Address, "the connection failed"),
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } e =>
            ClientErrors.Unreachable(Address, TlsReason(e)),
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => ClientErrors.TooLarge(Address),
        HttpRequestException or IOException => ClientErrors.Lost(Address),
        _ => null,
    };

    private async Task<Answer> SendWithRetriesAsync(Call call, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await SendOnceAsync(call, cancellationToken);
            }
            catch (StrataException e) when (attempt <= options.RetriesMax && MayRetry(call, e.Error))
            {
                await Task.Delay(options.PauseBefore(attempt), options.Time, cancellationToken);
            }
        }
    }

    private async Task<Answer> SendOnceAsync(Call call, CancellationToken cancellationToken)
    {
        using var request = call.ToRequest();
        if (Fence is { } fence && call.Method != HttpMethod.Get) request.Headers.Add(FenceHeader, fence);
        using var response = await OpenAsync(request, cancellationToken);
        var body = await ReadAsync(response, cancellationToken);
        return new Answer(response.Headers.Location, body);
    }

    /// <summary>The body as it comes; disposing it ends the answer. A body that is silent for too long fails with SERVER_TIMEOUT.</summary>
    public async Task<Stream> BodyAsync(HttpResponseMessage response, CancellationToken cancellationToken) => new TimedStream(
        await response.Content.ReadAsStreamAsync(cancellationToken), options.SilenceMax, options.Time,
        () => ClientErrors.Timeout(Address, options.SilenceMax).ToException());

    /// <summary>
    /// The whole body, at most <see cref="ClientOptions.AnswerBytesMax"/> and within <see cref="ClientOptions.CallTimeout"/>.
    /// </summary>
    public Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken) =>
        ReadAsync(response, options.AnswerBytesMax, cancellationToken);

    private async Task<byte[]> ReadAsync(HttpResponseMessage response, int bytesMax, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.CallTimeout, options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await response.Content.LoadIntoBufferAsync(bytesMax, linked.Token);
            return await response.Content.ReadAsByteArrayAsync(linked.Token);
        }
        catch (OperationCanceledException e) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new StrataException(ClientErrors.Timeout(Address, options.CallTimeout), e);
        }
        catch (Exception e) when (Translate(e, cancellationToken) is { } error)
        {
            throw new StrataException(error, e);
        }
    }

    /// <summary>
    /// Not a write in a joined transaction: it has no idempotency key, and the first try may have arrived even where the answer says that
    /// another server of the cloud did not answer.
    /// </summary>
    private static bool MayRetry(Call call, Error error)
    {
        if (!error.Retryable || error.Code == ClientErrors.ServerUnreachable) return false;
        if (call.IdempotencyKey is not null || call.Method == HttpMethod.Get) return true;
        return call.Method == HttpMethod.Put && call.JoinToken is null;
    }

    private static string Reason(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "nothing listens there",
        SocketError.HostNotFound or SocketError.TryAgain => "the name does not resolve",
        SocketError.TimedOut => "it does not answer",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "there is no route to it",
        SocketError.ConnectionReset => "it closed the connection",
        _ => e.Message.TrimEnd('.'), // the system's text
    };

    /// <summary>.NET's own text says "see inner exception" or names its enumerations.</summary>
    private static string TlsReason(HttpRequestException e) => e.InnerException is AuthenticationException { InnerException: null } failure
        && failure.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase)
            ? "TLS failed: its certificate is not valid for this name, has expired, or is not trusted on this machine"
            : "TLS failed: it does not speak TLS, or offers no version that both know";
}

/// <summary>A successful answer.</summary>
internal sealed record Answer(Uri? Location, ReadOnlyMemory<byte> Body);
