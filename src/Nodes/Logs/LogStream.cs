using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Nodes.Logs;

/// <summary>One stream of lines: of a build or of an instance.</summary>
/// <param name="Name">Of the release or instance, for the reader.</param>
public sealed record LogSource(TenantId Tenant, EntityId Stream, string Name);

/// <param name="Sources">Streams to read now.</param>
/// <param name="IsOver">Nothing more will come: a follower ends when it has sent all.</param>
public sealed record LogView(IReadOnlyList<LogSource> Sources, bool IsOver);

/// <summary>What a reader asks for by the query parameters of <see cref="Parameters"/>.</summary>
/// <param name="After">Position in each source behind which to begin.</param>
/// <param name="Tail">Only the last lines of what there is; null: all that is kept.</param>
public sealed record LogRequest(bool Follow, long After, int? Tail)
{
    public const int TailMax = 100_000;

    public static IReadOnlyList<Parameter> Parameters { get; } =
    [
        Parameter.Query("follow", "Stay and send lines as they come.", Schemas.Flag()),
        Parameter.Query("after", "Only what stands behind this position.", Schemas.Integer(0, long.MaxValue)),
        Parameter.Query("tail", "Only the last lines of what there is.", Schemas.Integer(0, TailMax)),
    ];

    public static Result<LogRequest> Read(ApiCall call)
    {
        if (!call.QueryFlag("follow").TryGet(out var follow, out var error)) return error;
        if (!call.Query("after").TryGet(out var text, out error)) return error;
        long after = 0;
        if (text is not null && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out after))
            return new Error(ErrorKind.Invalid, "INVALID_QUERY", "The query parameter \"after\" must be a position, a whole number.");
        if (!call.QueryInt("tail", -1, 0, TailMax).TryGet(out var tail, out error)) return error;
        return new LogRequest(follow, after, tail < 0 ? null : tail);
    }
}

/// <summary>Answers with log lines as NDJSON: <c>{"position","at","source","text"}</c>, one object for each line. Safe for concurrent use.</summary>
public sealed class LogStream(ILines lines, TimeProvider time)
{
    private const int ChunksAtOnce = 64;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);

    public static Content Content { get; } = new(["application/x-ndjson"], Schemas.Text());

    /// <param name="view">Asked again and again while following, so that sources may come and go.</param>
    public Answer Answer(LogRequest request, Func<CancellationToken, ValueTask<LogView>> view) => Strata.Api.Http.Answer.Stream(http => WriteAsync(http, request, view));

    private async Task WriteAsync(HttpContext http, LogRequest request, Func<CancellationToken, ValueTask<LogView>> view)
    {
        http.Response.ContentType = Content.MediaTypes[0];
        http.Response.Headers.CacheControl = "no-store";
        var positions = new Dictionary<EntityId, long>();
        var aborted = http.RequestAborted;
        var now = await view(aborted);
        var first = await ReadAsync(now, request, positions, aborted);
        await SendAsync(http, request.Tail is { } tail ? [.. first.TakeLast(tail)] : first, aborted);
        while (request.Follow && !now.IsOver)
        {
            await Task.Delay(Pause, time, aborted);
            now = await view(aborted);
            await SendAsync(http, await ReadAsync(now, request, positions, aborted), aborted);
        }
    }

    private async Task<List<Line>> ReadAsync(LogView view, LogRequest request, Dictionary<EntityId, long> positions, CancellationToken cancellationToken)
    {
        var found = new List<Line>();
        foreach (var source in view.Sources)
        {
            IReadOnlyList<LineChunk> chunks;
            do
            {
                chunks = await lines.ReadAsync(source.Tenant, source.Stream, positions.GetValueOrDefault(source.Stream, request.After), ChunksAtOnce, cancellationToken);
                foreach (var chunk in chunks) Split(chunk, source.Name, found);
                if (chunks.Count > 0) positions[source.Stream] = chunks[^1].Position;
            }
            while (chunks.Count == ChunksAtOnce);
        }
        // Stable: lines of one source stay in their order.
        return view.Sources.Count > 1 ? [.. found.OrderBy(line => line.At)] : found;
    }

    private static void Split(LineChunk chunk, string source, List<Line> target)
    {
        var text = Encoding.UTF8.GetString(chunk.Lines.Span);
        foreach (var line in text.TrimEnd('\n').Split('\n')) target.Add(new Line(chunk.Position, chunk.At, source, line.TrimEnd('\r')));
    }

    private static async Task SendAsync(HttpContext http, IReadOnlyCollection<Line> found, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var line in found)
        {
            using (var json = new Utf8JsonWriter(buffer)) JsonSerializer.Serialize(json, line, WireJson.Of<Line>());
            buffer.Write("\n"u8);
        }
        if (buffer.WrittenCount > 0) await http.Response.BodyWriter.WriteAsync(buffer.WrittenMemory, cancellationToken);
        await http.Response.BodyWriter.FlushAsync(cancellationToken);
    }

    private sealed record Line(long Position, DateTimeOffset At, string Source, string Text);
}
