using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Strata.Core;

namespace Strata.Client;

public sealed partial class StrataClient
{
    private const string Lines = "application/x-ndjson";

    /// <summary>Any call, with the answer as it came; a write carries an Idempotency-Key, so that it may be sent again.</summary>
    public async Task<ReadOnlyMemory<byte>> SendAsync(ApiRequest request, CancellationToken cancellationToken = default) =>
        (await transport.SendAsync(ToCall(request), cancellationToken)).Body;

    /// <summary>
    /// Any call whose answer is lines of JSON, as they come; empty lines are left out. Not sent again when the connection breaks.
    /// </summary>
    public async IAsyncEnumerable<JsonText> LinesAsync(
        ApiRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var line in transport.LinesAsync(ToCall(request) with { Accept = Lines, IdempotencyKey = null }, cancellationToken))
        {
            if (line.Length > 0) yield return new JsonText(line);
        }
    }

    /// <summary>
    /// Server-sent events until the server ends them: type and data. Throws when the stream breaks, or is silent for too long.
    /// </summary>
    public async IAsyncEnumerable<(string Type, JsonText Data)> EventsAsync(
        string path, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var item in transport.EventsAsync(path, cancellationToken)) yield return (item.EventType, new JsonText(item.Data));
    }

    /// <summary>
    /// An answer of any length as it comes; the caller disposes the stream. Reading fails with SERVER_TIMEOUT when nothing comes for too
    /// long.
    /// </summary>
    public async Task<Stream> DownloadAsync(string path, CancellationToken cancellationToken = default)
    {
        using var request = new Call(HttpMethod.Get, path) { Accept = "*/*" }.ToRequest();
        var response = await transport.OpenAsync(request, cancellationToken);
        return await transport.BodyAsync(response, cancellationToken);
    }

    /// <summary>
    /// Sends a body of any length, with the answer as it came. Sent once, and for as long as it moves. The server may be silent for
    /// <see cref="ClientOptions.CallTimeout"/>.
    /// </summary>
    public Task<ReadOnlyMemory<byte>> UploadAsync(
        HttpMethod method, string path, Stream content, string contentType, CancellationToken cancellationToken = default) =>
        UploadAsync(method, path, content, contentType, patience: null, cancellationToken);

    /// <summary>Sends a body of any length, with the answer as it came. Sent once, and for as long as it moves.</summary>
    /// <param name="patience">
    /// How long the server may be silent during the upload and before its answer; null: <see cref="ClientOptions.CallTimeout"/>. For work
    /// that the server does between the last byte and the answer. A machine that is gone is noticed after a minute or two whatever this is.
    /// </param>
    public async Task<ReadOnlyMemory<byte>> UploadAsync(
        HttpMethod method, string path, Stream content, string contentType, TimeSpan? patience,
        CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new UnclosedContent(content) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        using var response = await transport.OpenAsync(request, patience ?? transport.Options.CallTimeout, cancellationToken);
        return await transport.ReadAsync(response, cancellationToken);
    }

    private Call ToCall(ApiRequest request) => new(request.Method, request.Path)
    {
        MayBeSilent = request.MayBeSilent, Body = request.Body, ContentType = request.ContentType, Accept = request.Accept,
        IfMatch = request.IfMatch,
        IdempotencyKey = request.Method == HttpMethod.Get || request.Method == HttpMethod.Head ? null : transport.NewKey(),
    };
}
