using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Strata.Core;

namespace Strata.Client;

public sealed partial class StrataClient
{
    /// <summary>
    /// Every change of entities in order and at least once, as lines of JSON; with <paramref name="follow"/> it stays for what comes. It
    /// resumes behind the last position, with back-off, when the connection is lost or the server stops. The first connection is not
    /// retried: a wrong address or token is reported at once.
    /// </summary>
    /// <param name="from">Behind this revision; null: from the start, or with <paramref name="follow"/> from now on.</param>
    /// <param name="model">Of this one only; null: of all.</param>
    /// <param name="onError">Called for each lost connection, before the pause.</param>
    /// <exception cref="StrataException">
    /// Resuming cannot help (the token was revoked), or nothing came for <see cref="ClientOptions.ResumeMax"/>.
    /// </exception>
    public async IAsyncEnumerable<JsonText> FeedAsync(
        long? from = null, string? model = null, bool follow = false, Action<Error>? onError = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var (options, position, attempt, heard) = (transport.Options, from, 0, (long?)null);
        while (true)
        {
            var began = options.Time.GetTimestamp();
            var last = default(FeedLine);
            StrataException? failure;
            await using (var lines = LinesAsync(FeedRequest(position, model, follow), cancellationToken)
                .GetAsyncEnumerator(cancellationToken))
            {
                for (var next = await NextAsync(lines); ; next = await NextAsync(lines))
                {
                    failure = next.Failure;
                    if (next.Line is not { } line) break;
                    last = transport.ReadFeedLine(line);
                    var isProgress = follow || heard is null || (last.Position is { } reached && reached != position);
                    position = last.Position ?? position;
                    yield return line;
                    // The time that the caller took does not count, nor a bounded feed that begins again and again and gets no further.
                    if (isProgress) heard = options.Time.GetTimestamp();
                }
            }
            if (failure is null && !follow && last.IsEnd) yield break;
            failure ??= ClientErrors.FeedEnded(Address).ToException();
            if (heard is not { } since || !ClientErrors.MayPass(failure.Error) || options.Time.GetElapsedTime(since) > options.ResumeMax)
                throw failure;
            onError?.Invoke(failure.Error);
            attempt = options.Time.GetElapsedTime(began) > SteadyAfter ? 1 : attempt + 1;
            await Task.Delay(options.PauseBefore(attempt), options.Time, cancellationToken);
        }
    }

    /// <summary>A connection that lasted this long starts the back-off over.</summary>
    private static readonly TimeSpan SteadyAfter = TimeSpan.FromSeconds(10);

    private static ApiRequest FeedRequest(long? from, string? model, bool follow) => new(HttpMethod.Get, ApiPath.With(
        "/api/entity/feed", ("model", model), ("from", from?.ToString(CultureInfo.InvariantCulture)), ("follow", follow ? "true" : null)));

    /// <summary>The next line; neither where the server ended the feed.</summary>
    private static async ValueTask<(JsonText? Line, StrataException? Failure)> NextAsync(IAsyncEnumerator<JsonText> lines)
    {
        try
        {
            return (await lines.MoveNextAsync() ? lines.Current : null, null);
        }
        catch (StrataException e)
        {
            return (null, e);
        }
    }
}

/// <summary>What a follower of the feed needs of a line.</summary>
/// <param name="Position">After which to continue once the line has been handled.</param>
/// <param name="IsEnd">The feed is whole. A heartbeat is not: a server may stop, or a token be revoked, right after one.</param>
internal readonly record struct FeedLine(long? Position, bool IsEnd)
{
    /// <summary>Reads a change only as far as its type and position, which the server writes first.</summary>
    /// <exception cref="JsonException">It is not an object of JSON.</exception>
    public static FeedLine Read(JsonText line)
    {
        var json = new Utf8JsonReader(line.Utf8.Span);
        (long? position, bool? isPing, var isEnd) = (null, null, false);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw new JsonException("A line of the feed is not an object.");
        while ((position is null || isPing is not false) && json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (isType, isPosition, isMark) = (
                json.ValueTextEquals("type"), json.ValueTextEquals("position"), json.ValueTextEquals("end"));
            json.Read();
            if (isType) isPing = json.TokenType == JsonTokenType.String && json.ValueTextEquals("ping");
            else if (isPosition && json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var value)) position = value;
            else if (isMark) isEnd = json.TokenType == JsonTokenType.True;
            else json.Skip();
        }
        return new FeedLine(position, isEnd && isPing == true);
    }
}
