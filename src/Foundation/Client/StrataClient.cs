using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Strata.Core;

namespace Strata.Client;

/// <summary>
/// The HTTP API from .NET. Everything that fails throws <see cref="StrataException"/> with the server's error, or with one of
/// <see cref="ClientErrors"/> where none came. Safe for concurrent use; keep one for the life of the program.
/// </summary>
public sealed partial class StrataClient : IDisposable
{
    private readonly HttpClient http;
    private readonly Transport transport;
    private readonly bool owned;

    /// <param name="address">For example <c>http://127.0.0.1:8080</c>.</param>
    /// <param name="token">Null only for what is open, such as health.</param>
    public StrataClient(Uri address, string? token, ClientOptions? options = null)
        : this(ClientHttp.Create(address, token, options ?? ClientOptions.Default), options, owned: true)
    {
    }

    /// <param name="http">With base address and Authorization set, and no timeout of its own; stays the caller's.</param>
    public StrataClient(HttpClient http, ClientOptions? options = null) : this(http, options, owned: false)
    {
    }

    private StrataClient(HttpClient http, ClientOptions? options, bool owned)
    {
        (this.http, this.owned) = (http, owned);
        Address = http.BaseAddress ?? throw new ArgumentException("The HttpClient needs a base address.", nameof(http));
        transport = new Transport(http, options ?? ClientOptions.Default);
    }

    public Uri Address { get; }

    /// <summary>
    /// Sent with each write, for parts of the cloud that act under a lease: <c>NAME EPOCH</c>. When the lease has gone to another holder,
    /// the write is refused (LEASE_LOST). Null: nothing is sent.
    /// </summary>
    public string? Fence { get => transport.Fence; set => transport.Fence = value; }

    /// <summary>The verbs on one kind.</summary>
    public ResourceClient<TSpec, TStatus> Resources<TSpec, TStatus>(string plural) => new(transport, plural);

    /// <summary>The verbs on a kind that is known only by name: spec and status as JSON. For generic tools.</summary>
    public ResourceClient<JsonElement, JsonElement> Resources(string plural) => new(transport, plural);

    /// <summary>Any call with a JSON answer; null where the answer is empty. The caller disposes it.</summary>
    /// <param name="path">Absolute, with its query, already escaped: <c>/api/v1/nodes?limit=1</c>.</param>
    public async Task<JsonDocument?> SendAsync(
        HttpMethod method, string path, JsonText? body = null, string contentType = "application/json", long? ifMatch = null,
        CancellationToken cancellationToken = default)
    {
        var answer = await SendBytesAsync(method, path, body?.Utf8, contentType, ifMatch, cancellationToken);
        return answer.IsEmpty ? null : transport.Parse(
            answer, json => JsonDocument.Parse(json.GetRawText(), new JsonDocumentOptions { MaxDepth = JsonGuard.DepthMax + 8 }));
    }

    /// <summary>Any call, with the answer as it came.</summary>
    public async Task<ReadOnlyMemory<byte>> SendBytesAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte>? body = null, string contentType = "application/json", long? ifMatch = null,
        CancellationToken cancellationToken = default)
    {
        var call = new Call(method, path)
        {
            Body = body, ContentType = contentType, Accept = "*/*", IfMatch = ifMatch?.ToString(CultureInfo.InvariantCulture),
            IdempotencyKey = method == HttpMethod.Get || method == HttpMethod.Head ? null : transport.NewKey(),
        };
        return (await transport.SendAsync(call, cancellationToken)).Body;
    }

    /// <summary>Uploads a blob; sent once more after a broken connection where the stream can be rewound.</summary>
    /// <param name="digest"><c>sha256:HEX</c> of the content; the server checks it.</param>
    public async Task PutBlobAsync(string digest, Stream content, string? org = null, CancellationToken cancellationToken = default)
    {
        var start = content.CanSeek ? content.Position : 0;
        try
        {
            await PutBlobOnceAsync(digest, content, org, cancellationToken);
        }
        catch (StrataException e) when (content.CanSeek && e.Error.Code == ClientErrors.ConnectionLost)
        {
            content.Position = start;
            await PutBlobOnceAsync(digest, content, org, cancellationToken);
        }
    }

    /// <summary>
    /// The blob's bytes as they come; the caller disposes the stream. Reading fails with SERVER_TIMEOUT when nothing comes for too long.
    /// </summary>
    public async Task<Stream> GetBlobAsync(string digest, string? org = null, CancellationToken cancellationToken = default)
    {
        using var request = new Call(HttpMethod.Get, BlobPath(digest, org)) { Accept = "*/*" }.ToRequest();
        var response = await transport.OpenAsync(request, cancellationToken);
        return await transport.BodyAsync(response, cancellationToken);
    }

    public async Task<bool> HasBlobAsync(string digest, string? org = null, CancellationToken cancellationToken = default)
    {
        try
        {
            await SendBytesAsync(HttpMethod.Head, BlobPath(digest, org), cancellationToken: cancellationToken);
            return true;
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            return false;
        }
    }

    /// <summary>Log lines in order; with <see cref="LogQuery.Follow"/> until the server says that no more will come.</summary>
    /// <param name="plural"><c>releases</c>, <c>instances</c> or <c>deployments</c>.</param>
    public async IAsyncEnumerable<LogLine> LogsAsync(
        string plural, string nameOrId, LogQuery? query = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var path = (query ?? LogQuery.All).ToPath(plural, nameOrId);
        var call = new Call(HttpMethod.Get, path) { Accept = Lines, MayBeSilent = query is { Follow: true } };
        await foreach (var line in transport.LinesAsync(call, cancellationToken))
        {
            if (line.Length > 0) yield return transport.Parse(line, ReadLine);
        }
    }

    public void Dispose()
    {
        if (owned) http.Dispose();
    }

    private async Task PutBlobOnceAsync(string digest, Stream content, string? org, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, BlobPath(digest, org)) { Content = new UnclosedContent(content) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await transport.OpenAsync(request, cancellationToken);
    }

    private static string BlobPath(string digest, string? org) => ApiPath.With(ApiPath.Of("blobs", digest), ("org", org));

    private static LogLine ReadLine(JsonElement json) => new(
        json.GetProperty("position").GetInt64(), json.GetProperty("at").GetDateTimeOffset(),
        json.GetProperty("source").GetString() ?? "", json.GetProperty("text").GetString() ?? "");
}
