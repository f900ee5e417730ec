using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Grpc.Core;
using Strata.Core;

namespace Strata.Client;

/// <summary>
/// A compute member: plain classes whose methods are marked <see cref="ProcessorAttribute"/>, <see cref="CriterionAttribute"/> or
/// <see cref="ScheduleAttribute"/>. What a handler does with the same cloud's entities, by any <see cref="EntityClient{T}"/>, happens in
/// the transaction that waits for it. Handlers can be tested by calling them, or by <see cref="CallAsync"/>, with no server at all.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable",
    Justification = "A semaphore whose wait handle is not used holds nothing.")]
public sealed class ComputeMember
{
    private const int CallsMax = 10_000;

    /// <summary>Timers end at 49 days, and a member is cancelled where an exception would surprise.</summary>
    private static readonly TimeSpan LeaveTimeoutMax = TimeSpan.FromDays(1);

    private static readonly AsyncLocal<(Uri Cloud, string Token)?> Transaction = new();
    private static readonly ExponentialBackOff Pauses = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10), Spread: 0.5);
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(10);

    private readonly StrataClient strata;
    private readonly MemberOptions options;
    private readonly HandlerTable handlers;
    private readonly SemaphoreSlim places;

    /// <exception cref="ArgumentException">Two handlers serve the same, one returns what its kind cannot, or an option is out of its
    /// range.</exception>
    public ComputeMember(StrataClient strata, MemberOptions options, params IEnumerable<object> handlers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ConcurrentCallsMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.ConcurrentCallsMax, CallsMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LeaveTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.LeaveTimeout, LeaveTimeoutMax);
        (this.strata, this.options, this.handlers) = (strata, options, new HandlerTable(handlers));
        places = new SemaphoreSlim(options.ConcurrentCallsMax);
    }

    /// <summary>
    /// The token of the transaction that the running handler works in, where it is one of this cloud; null outside of handlers.
    /// </summary>
    public static string? TransactionIn(Uri cloud) => Transaction.Value is { } joined && joined.Cloud == cloud ? joined.Token : null;

    /// <summary>
    /// Joins, and serves until it is cancelled: then it takes no new calls, finishes those that it has, and leaves, within <see
    /// cref="MemberOptions.LeaveTimeout"/>. It connects again, with pauses, whenever the connection is lost; only a refusal ends it.
    /// </summary>
    /// <exception cref="StrataException">The server refused it, for example its token.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var lost = 0; !cancellationToken.IsCancellationRequested; lost++)
        {
            var began = options.Time.GetTimestamp();
            try
            {
                await using var stream = new MemberStream(strata, options, places, AnswerAsync);
                await stream.ServeAsync(cancellationToken);
            }
            catch (RpcException e)
                when (e.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied or StatusCode.InvalidArgument)
            {
                throw new StrataException(
                    new Error(ErrorKind.Forbidden, e.StatusCode.ToString().ToUpperInvariant(), e.Status.Detail,
                        "A member needs a token with the role machine."), e);
            }
            catch (Exception e) when (e is RpcException || (e is OperationCanceledException && cancellationToken.IsCancellationRequested))
            {
                // Lost: once more, unless it was about to leave anyway.
            }
            if (options.Time.GetElapsedTime(began) > Steady) lost = 0;
            await Task.Delay(Pauses.After(lost + 1), options.Time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Runs a handler as the server would, with no server: for tests.</summary>
    /// <param name="kind"><c>processor</c>, <c>criterion</c> or <c>function</c>.</param>
    /// <returns>What the handler returned; null for nothing.</returns>
    public Task<object?> CallAsync(string kind, CallContext call, JsonText data, CancellationToken cancellationToken = default) =>
        handlers.RunAsync(kind, call, JsonElement.Parse(data.Utf8.Span), cancellationToken);

    private async Task<MemberAnswer> AnswerAsync(
        string kind, CallContext call, JsonElement data, string? transaction, CancellationToken cancellationToken)
    {
        var began = options.Time.GetTimestamp();
        Exception? failure = null;
        Transaction.Value = transaction is null ? null : (strata.Address, transaction); // seen by this call's own flow alone
        try
        {
            return new MemberAnswer(await handlers.RunAsync(kind, call, data, cancellationToken), null);
        }
        catch (Exception e)
        {
            failure = e;
            return new MemberAnswer(null, e);
        }
        finally
        {
            options.OnCall?.Invoke(new CallReport(kind, call, options.Time.GetElapsedTime(began), failure));
        }
    }
}

/// <summary>What a handler came to.</summary>
internal readonly record struct MemberAnswer(object? Value, Exception? Failure);
