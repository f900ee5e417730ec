using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Edge.Visits;

/// <summary>
/// Which visits hold. The control plane decides, and is asked about each once a minute at most. While it does not answer, what it said
/// before counts for a quarter of an hour, without a wait. Questions are bounded, in all and for each resource, so that nonsense sent to
/// one host keeps no one out of another. Safe for concurrent use.
/// </summary>
internal sealed partial class VisitBook(StrataClient? api, TimeProvider time, ILogger logger) : IDisposable
{
    private const int KnownMax = 10_000;
    private const int RefusedMax = 1_000;
    private const int QuestionsMax = 64;
    private const int QuestionsPerResourceMax = 16;
    private const int WaitingMax = 1_000;
    private const int VisitCharsMax = 1500;
    private const string VisitPrefix = "stv_";

    private static readonly SearchValues<char> VisitChars =
        SearchValues.Create("-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    private static readonly TimeSpan RefusedFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan GoodWithoutAnswer = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan PageFor = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How long a visitor who was in waits for the answer about them.</summary>
    private static readonly TimeSpan ShortPatience = TimeSpan.FromMilliseconds(300);

    /// <summary>For which it is not asked again after it did not answer.</summary>
    private static readonly TimeSpan SilentFor = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<Key, Known> known = new();
    private readonly ConcurrentDictionary<Key, long> refused = new();
    private readonly ConcurrentDictionary<Key, Lazy<Task<Answer?>>> asking = new();
    private readonly KeyedRoom room = new(WaitingMax, QuestionsPerResourceMax);
    private readonly SemaphoreSlim questions = new(QuestionsMax);
    private volatile Page? page;
    private long silentSince;

    /// <summary>How long an answer counts.</summary>
    internal TimeSpan GoodFor { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Where visitors sign in; null: that is not known yet.</summary>
    public string? SignInAt => page?.Address;

    /// <summary>Who visits by this, as far as it was asked within the minute; null: ask.</summary>
    public Visitor? FindKnown(string visit, string resource) =>
        known.TryGetValue(new Key(visit, resource), out var found) && IsGood(found, GoodFor) ? found.Visitor : null;

    /// <summary>Asks, unless it is known.</summary>
    /// <param name="visit">Null: the browser has none, and only <see cref="SignInAt"/> is wanted.</param>
    /// <returns>Null: the control plane cannot be asked. A visitor of null: the visit does not hold.</returns>
    public async ValueTask<Answer?> AskAsync(string? visit, string resource)
    {
        if (visit is null || !IsWellFormed(visit)) return await AskForPageAsync(resource);
        var key = new Key(visit, resource);
        var before = known.GetValueOrDefault(key);
        if (before is not null && IsGood(before, GoodFor)) return new Answer(before.Visitor);
        if (refused.TryGetValue(key, out var at) && time.GetElapsedTime(at) < RefusedFor) return new Answer(null);
        if (before is null || !IsGood(before, GoodWithoutAnswer)) return IsSilent ? null : await AskOnceAsync(key);
        if (IsSilent) return new Answer(before.Visitor);
        var answering = AskOnceAsync(key);
        await ((Task)answering).WaitAsync(ShortPatience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return answering.IsCompleted && await answering is { } answer ? answer : new Answer(before.Visitor);
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

    private bool IsSilent => Volatile.Read(ref silentSince) is not 0 and var since && time.GetElapsedTime(since) < SilentFor;

    private static bool IsWellFormed(string visit) => visit.Length <= VisitCharsMax
        && visit.StartsWith(VisitPrefix, StringComparison.Ordinal) && !visit.AsSpan(VisitPrefix.Length).ContainsAnyExcept(VisitChars);

    private bool IsGood(Known found, TimeSpan lifetime) =>
        time.GetElapsedTime(found.At) < lifetime && found.Until > time.GetUtcNow();

    private async ValueTask<Answer?> AskForPageAsync(string resource)
    {
        var present = page;
        if (present is not null && (IsSilent || time.GetElapsedTime(present.At) < PageFor)) return new Answer(null);
        var asked = IsSilent ? null : await AskOnceAsync(new Key("", resource));
        return asked ?? (present is null ? null : new Answer(null));
    }

    private Task<Answer?> AskOnceAsync(Key key) =>
        asking.GetOrAdd(key, _ => new Lazy<Task<Answer?>>(() => CheckAsync(key))).Value;

    /// <summary>Does not throw.</summary>
    private async Task<Answer?> CheckAsync(Key key)
    {
        var isWithin = room.TryEnter(key.Resource);
        try
        {
            if (!isWithin) return null;
            using var answer = await SendAsync(
                VisitPaths.Check, new Dictionary<string, string> { ["visit"] = key.Visit, ["resource"] = key.Resource });
            var json = answer.RootElement;
            page = new Page(json.GetProperty("signInAt").GetString()!, time.GetTimestamp());
            if (Interlocked.Exchange(ref silentSince, 0) != 0) LogAnswers(logger);
            var visitor = json.GetProperty("active").GetBoolean()
                ? new Visitor(json.GetProperty("person").GetString()!, json.GetProperty("email").GetString()!) : null;
            Keep(key, visitor, visitor is null ? default : json.GetProperty("expiresAt").GetDateTimeOffset());
            return new Answer(visitor);
        }
        catch (Exception e) when (e is StrataException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            if (Interlocked.Exchange(ref silentSince, time.GetTimestamp()) == 0) LogSilent(logger, e.Message);
            return null;
        }
        finally
        {
            asking.TryRemove(key, out _);
            if (isWithin) room.Leave(key.Resource);
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

    private void Keep(Key key, Visitor? visitor, DateTimeOffset until)
    {
        if (key.Visit.Length == 0) return;
        if (visitor is null)
        {
            known.TryRemove(key, out _);
            if (refused.Count >= RefusedMax) refused.Clear(); // those that come again are asked about again
            refused[key] = time.GetTimestamp();
            return;
        }
        if (known.Count >= KnownMax)
            foreach (var (other, of) in known)
                if (!IsGood(of, GoodFor)) known.TryRemove(other, out _);
        // Where more than that are active within a minute, the rest is asked about at each request.
        if (known.Count < KnownMax) known[key] = new Known(visitor, time.GetTimestamp(), until);
    }

    private static Error Unanswered() => new(ErrorKind.Unavailable, "NO_ANSWER", "The control plane did not answer.", "Try again.");

    /// <summary>Of a question.</summary>
    /// <param name="Visitor">Null: the visit does not hold.</param>
    internal sealed record Answer(Visitor? Visitor);

    internal sealed record NewVisit(string Text, string Resource, DateTimeOffset ExpiresAt);

    private readonly record struct Key(string Visit, string Resource);

    /// <param name="At">Timestamp of the answer.</param>
    private sealed record Known(Visitor Visitor, long At, DateTimeOffset Until);

    private sealed record Page(string Address, long At);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Visits cannot be checked: {Reason}; those of the last quarter of an hour count on")]
    private static partial void LogSilent(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Visits can be checked again")]
    private static partial void LogAnswers(ILogger logger);
}
