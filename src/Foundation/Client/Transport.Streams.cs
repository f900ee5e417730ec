using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Strata.Core;

namespace Strata.Client;

internal sealed partial class Transport
{
    /// <summary>A fresh Idempotency-Key.</summary>
    public string NewKey() => Guid.CreateVersion7(options.Time.GetUtcNow()).ToString("N");

    /// <summary>Reads an answer; one of another shape becomes UNEXPECTED_ANSWER.</summary>
    public T Parse<T>(ReadOnlyMemory<byte> body, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = JsonGuard.DepthMax + 8 });
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new StrataException(ClientErrors.Unexpected(Address, e.Message), e);
        }
    }

    /// <summary>As <see cref="Parse{T}"/>, of one line of the feed.</summary>
    public FeedLine ReadFeedLine(JsonText line)
    {
        try
        {
            return FeedLine.Read(line);
        }
        catch (JsonException e)
        {
            throw new StrataException(ClientErrors.Unexpected(Address, e.Message), e);
        }
    }

    /// <summary>Server-sent events until the server ends the stream; throws when it breaks or is silent for too long.</summary>
    public async IAsyncEnumerable<SseItem<byte[]>> EventsAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(options.SilenceMax, options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        using var request = new Call(HttpMethod.Get, path) { Accept = "text/event-stream" }.ToRequest();
        using var response = await GuardAsync(() => OpenAsync(request, linked.Token), silence, cancellationToken);
        await using var body = new PieceStream(await response.Content.ReadAsStreamAsync(cancellationToken), options.PieceBytesMax);
        await using var events = SseParser.Create(body, static (_, data) => data.ToArray()).EnumerateAsync(linked.Token)
            .GetAsyncEnumerator(linked.Token);
        while (await GuardAsync(() => events.MoveNextAsync().AsTask(), silence, cancellationToken))
        {
            silence.CancelAfter(options.SilenceMax);
            body.NextPiece();
            yield return events.Current;
        }
    }

    /// <summary>
    /// Lines of text until the server ends the stream. Silence is a failure but for calls that may be silent
    /// (<see cref="Call.MayBeSilent"/>): a log that is followed may be quiet for days.
    /// </summary>
    public async IAsyncEnumerable<byte[]> LinesAsync(Call call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = call.ToRequest();
        using var response = await OpenAsync(request, cancellationToken);
        var content = call.MayBeSilent ? await response.Content.ReadAsStreamAsync(cancellationToken)
            : await BodyAsync(response, cancellationToken);
        await using var body = new PieceStream(content, options.PieceBytesMax);
        using var reader = new StreamReader(body);
        while (await NextLineAsync(reader, cancellationToken) is { } line)
        {
            body.NextPiece();
            yield return System.Text.Encoding.UTF8.GetBytes(line);
        }
    }

    private async Task<string?> NextLineAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken);
        }
        catch (Exception e) when (Translate(e, cancellationToken) is { } error)
        {
            throw new StrataException(error, e);
        }
    }

    private async Task<T> GuardAsync<T>(Func<Task<T>> step, CancellationTokenSource silence, CancellationToken cancellationToken)
    {
        try
        {
            return await step();
        }
        catch (OperationCanceledException e) when (silence.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new StrataException(ClientErrors.Timeout(Address, options.SilenceMax), e);
        }
        catch (Exception e) when (Translate(e, cancellationToken) is { } error)
        {
            throw new StrataException(error, e);
        }
    }
}
