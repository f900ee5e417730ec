using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Edge.Visits;

/// <summary>
/// Which visits hold. The control plane decides, and is asked about each once a minute at most; while it cannot be asked, what it said
/// before counts for a quarter of an hour. Safe for concurrent use.
/// </summary>
internal sealed partial class VisitBook(StrataClient? api, TimeProvider time, ILogger logger) : IDisposable
{
    private const int KnownMax = 10_000;
    private const int QuestionsMax = 64;

    private static readonly TimeSpan GoodFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BadFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan GoodWithoutAnswer = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Key, Known> known = new();
    private readonly ConcurrentDictionary<Key, Lazy<Task<Known?>>> asking = new();
    private readonly SemaphoreSlim questions = new(QuestionsMax);
    private volatile string? signInAt;

    /// <summary>Where visitors sign in; null: that is not known yet.</summary>
    public string? SignInAt => signInAt;

    /// <summary>Who visits by this, as far as it was asked within the minute; null: ask.</summary>
    public Visitor? FindKnown(string visit, string resource) =>
        known.TryGetValue(new Key(visit, resource), out var found) && IsFresh(found) ? found.Visitor : null;

    /// <summary>Asks, unless it is known.</summary>
    /// <param name="visit">Empty: there is none, and only <see cref="SignInAt"/> is wanted.</param>
    /// <returns>Null: the control plane cannot be asked. A visitor of null: the visit does not hold.</returns>
    public async ValueTask<Answer?> AskAsync(string visit, string resource)
    {
        var key = new Key(visit, resource);
        var before = known.GetValueOrDefault(key);
        if (before is not null && IsFresh(before)) return new Answer(before.Visitor);
        if (visit.Length == 0 && signInAt is not null) return new Answer(null);
        var question = asking.GetOrAdd(key, _ => new Lazy<Task<Known?>>(() => AskOnceAsync(key)));
        try
        {
            if (await question.Value is { } found) return new Answer(found.Visitor);
        }
        finally
        {
            asking.TryRemove(KeyValuePair.Create(key, question));
        }
        return before is { Visitor: { } visitor } && time.GetElapsedTime(before.At) < GoodWithoutAnswer && before.Until > time.GetUtcNow()
            ? new Answer(visitor) : null;
    }

    /// <summary>Exchanges the code that a browser came back with.</summary>
    /// <returns>An error: Invalid where the code is not good.</returns>
    public async Task<Result<NewVisit>> BeginAsync(string code, string state)
    {
        try
        {
            using var answer = await SendAsync(VisitPaths.Begin, new Dictionary<string, string> { ["code"] = code, ["state"] = state });
            var json = answer.RootElement;
            return new NewVisit(
                json.GetProperty("visit").GetString()!, json.GetProperty("resource").GetString()!,
                json.GetProperty("expiresAt").GetDateTimeOffset());
        }
        catch (StrataException e)
        {
            return e.Error;
        }
    }

    public void Dispose() => questions.Dispose();

    private bool IsFresh(Known found)
    {
        var age = time.GetElapsedTime(found.At);
        return found.Visitor is null ? age < BadFor : age < GoodFor && found.Until > time.GetUtcNow();
    }

    private async Task<Known?> AskOnceAsync(Key key)
    {
        try
        {
            using var answer = await SendAsync(
                VisitPaths.Check, new Dictionary<string, string> { ["visit"] = key.Visit, ["resource"] = key.Resource });
            var json = answer.RootElement;
            signInAt = json.GetProperty("signInAt").GetString();
            var visitor = json.GetProperty("active").GetBoolean()
                ? new Visitor(json.GetProperty("person").GetString()!, json.GetProperty("email").GetString()!) : null;
            var found = new Known(
                visitor, time.GetTimestamp(), visitor is null ? default : json.GetProperty("expiresAt").GetDateTimeOffset());
            if (key.Visit.Length > 0) Keep(key, found);
            return found;
        }
        catch (StrataException e)
        {
            LogUnanswered(logger, e.Error.Code, e.Error.Message);
            return null;
        }
    }

    /// <exception cref="StrataException">It was refused, or did not answer in time.</exception>
    private async Task<JsonDocument> SendAsync(string path, Dictionary<string, string> body)
    {
        if (api is null) throw Unanswered().ToException();
        using var late = new CancellationTokenSource(Patience, time);
        var entered = false;
        try
        {
            await questions.WaitAsync(late.Token);
            entered = true;
            return await api.SendAsync(
                HttpMethod.Post, path, new JsonText(JsonSerializer.SerializeToUtf8Bytes(body, WireJson.Options)),
                cancellationToken: late.Token) ?? throw Unanswered().ToException();
        }
        catch (OperationCanceledException)
        {
            throw Unanswered().ToException();
        }
        finally
        {
            if (entered) questions.Release();
        }
    }

    private void Keep(Key key, Known found)
    {
        if (known.Count >= KnownMax)
        {
            foreach (var (other, of) in known)
                if (time.GetElapsedTime(of.At) >= (of.Visitor is null ? BadFor : GoodWithoutAnswer)) known.TryRemove(other, out _);
            if (known.Count >= KnownMax) known.Clear(); // they are asked about again
        }
        known[key] = found;
    }

    private static Error Unanswered() => new(ErrorKind.Unavailable, "NO_ANSWER", "The control plane did not answer.", "Try again.");

    /// <summary>Of a question.</summary>
    /// <param name="Visitor">Null: the visit does not hold.</param>
    internal sealed record Answer(Visitor? Visitor);

    internal sealed record NewVisit(string Text, string Resource, DateTimeOffset ExpiresAt);

    private readonly record struct Key(string Visit, string Resource);

    /// <param name="At">Timestamp of the answer.</param>
    private sealed record Known(Visitor? Visitor, long At, DateTimeOffset Until);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Visits cannot be checked: {Code}: {Reason}")]
    private static partial void LogUnanswered(ILogger logger, string code, string reason);
}
