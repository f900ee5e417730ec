using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Shares;
using Strata.Api.Watch;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Informers;

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
        Parameter.Query("follow", "Keep the response open and send new lines as they arrive.", Schemas.Flag()),
        Parameter.Query("after", "Only lines after this position.", Schemas.Integer(0, long.MaxValue)),
        Parameter.Query("tail", "Only this many lines, the last ones.", Schemas.Integer(0, TailMax)),
    ];

    public static Result<LogRequest> Read(ApiCall call)
    {
        if (!call.QueryFlag("follow").TryGet(out var follow, out var error)) return error;
        if (!call.Query("after").TryGet(out var text, out error)) return error;
        long after = 0;
        if (text is not null && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out after))
            return ApiErrors.QueryValue("after", "a position, which is a whole number from 0");
        if (!call.QueryInt("tail", -1, 0, TailMax).TryGet(out var tail, out error)) return error;
        return new LogRequest(follow, after, tail < 0 ? null : tail);
    }
}

/// <summary>
/// Answers with log lines as NDJSON: <c>{"position","at","source","text"}</c>, one object for each line. Memory: the pages of
/// <see cref="LogReader"/>, which count as answers of the caller's organization, and a few KB that wait for the client. One that follows
/// counts as a stream of its organization, and ends with the server or its token. It reads when lines were appended, and is silent
/// otherwise. Safe for concurrent use.
/// </summary>
public sealed class LogStream(
    ILines lines, IEntityLog log, InformerHub informers, OpenStreams streams, AnswerMemory memory, StreamAccess access, TimeProvider time,
    IHostApplicationLifetime lifetime)
{
    private const int FlushBytes = 16 << 10;

    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(10);

    /// <summary>The schema is that of each line.</summary>
    public static Content Content => new(["application/x-ndjson"], Schemas.Members(
        [("position", Schemas.Integer(0, long.MaxValue)), ("at", Schemas.Time()), ("source", Schemas.Text()), ("text", Schemas.Text())],
        "position", "at", "source", "text"));

    /// <param name="permission">What the caller must still be granted while it follows.</param>
    /// <param name="tenant">Whose streams they are.</param>
    /// <param name="view">From memory. Asked again and again while following, so that sources may come and go.</param>
    /// <param name="of">What <paramref name="view"/> reads.</param>
    /// <returns>TOO_MANY_STREAMS or SHARE_EXHAUSTED if it follows and no place is left.</returns>
    public Result<Answer> Answer(
        ApiCall call, string permission, TenantId tenant, LogRequest request, Func<LogView> view, params IReadOnlyList<KindInformer> of)
    {
        var asked = new Asked(permission, tenant, request, view, of);
        if (!request.Follow) return Strata.Api.Http.Answer.Stream(http => RunAsync(http, asked));
        if (!streams.TryOpen(call.Principal, call.Principal.Tenant).TryGet(out var place, out var error)) return error;
        return Strata.Api.Http.Answer.Stream(async http =>
        {
            using (place) await RunAsync(http, asked);
        });
    }

    private async Task RunAsync(HttpContext http, Asked asked)
    {
        http.Response.ContentType = Content.MediaTypes[0];
        http.Response.Headers.CacheControl = "no-store";
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await informers.CatchUpWithStoreAsync(asked.Tenant, asked.Of, ending.Token);
            await WriteAsync(http, asked, ending.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // It ends with the server; the client resumes with the next one.
        }
    }

    private async Task WriteAsync(HttpContext http, Asked asked, CancellationToken cancellationToken)
    {
        var request = asked.Request;
        using var wakes = new LogSignal(lines, log, asked.Tenant, time);
        var reader = new LogReader(lines, memory, http.GetPrincipal().Tenant, request.After);
        var now = asked.View();
        wakes.Watch(now.Sources);
        var skipped = request.Tail is { } tail ? Math.Max(0, await reader.CountAsync(now.Sources, cancellationToken) - tail) : 0;
        var checkedAt = time.GetTimestamp();
        while (true)
        {
            await foreach (var (source, chunk) in reader.ReadAsync(now.Sources, cancellationToken))
            {
                skipped = Write(http.Response.BodyWriter, source, chunk, skipped);
                if (http.Response.BodyWriter.UnflushedBytes >= FlushBytes) await http.Response.BodyWriter.FlushAsync(cancellationToken);
                if (!await IsStillGoodAsync()) return;
            }
            await http.Response.BodyWriter.FlushAsync(cancellationToken);
            if (!request.Follow || now.IsOver || !await IsStillGoodAsync()) return;
            skipped = 0;
            while (true)
            {
                var isToRead = await wakes.WaitAsync(cancellationToken);
                await informers.CatchUpAsync(asked.Tenant, cancellationToken);
                now = asked.View();
                isToRead |= wakes.Watch(now.Sources);
                if (isToRead || now.IsOver) break;
                if (!await IsStillGoodAsync()) return;
            }
        }

        async ValueTask<bool> IsStillGoodAsync()
        {
            if (time.GetElapsedTime(checkedAt) < CheckEvery) return true;
            checkedAt = time.GetTimestamp();
            return await access.IsStillGoodAsync(http, asked.Permission, cancellationToken);
        }
    }

    /// <returns>How many lines are still to be skipped.</returns>
    private static long Write(PipeWriter body, LogSource source, LineChunk chunk, long skipped)
    {
        foreach (var line in Encoding.UTF8.GetString(chunk.Lines.Span).TrimEnd('\n').Split('\n'))
        {
            if (skipped-- > 0) continue;
            using (var json = new Utf8JsonWriter(body))
                JsonSerializer.Serialize(json, new Line(chunk.Position, chunk.At, source.Name, line.TrimEnd('\r')), WireJson.Of<Line>());
            body.Write("\n"u8);
        }
        return Math.Max(0, skipped);
    }

    private sealed record Asked(string Permission, TenantId Tenant, LogRequest Request, Func<LogView> View, IReadOnlyList<KindInformer> Of);

    private sealed record Line(long Position, DateTimeOffset At, string Source, string Text);
}
