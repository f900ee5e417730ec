using Strata.Core;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>
/// Keeps calls to processors and criteria within their response timeout and turns what they throw into errors, so that no member can hold
/// or break a transaction. A call that has timed out is cancelled and its late answer dropped. Stateless; safe for concurrent use.
/// </summary>
internal sealed class ComputationGuard(IComputation computation, TimeProvider time)
{
    /// <summary>Definitions may hold longer times, which no timer does.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    /// <summary>How long an answer is waited for.</summary>
    public static TimeSpan WaitOf(ComputeConfig config) => config.ResponseTimeout < LongestWait ? config.ResponseTimeout : LongestWait;

    public ValueTask<Result<JsonText?>> ProcessAsync(
        ProcessorDefinition processor, ComputeCall call, CancellationToken cancellationToken) =>
        GuardAsync(
            processor.Name, processor.Config, call, (asked, token) => computation.ProcessAsync(processor, asked, token), cancellationToken);

    public ValueTask<Result<bool>> MatchesAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
        GuardAsync(
            function.Name, function.Config, call, (asked, token) => computation.MatchesAsync(function, asked, token), cancellationToken);

    public ValueTask<Result<ScheduleTimes>> ScheduleAsync(
        FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
        GuardAsync(
            function.Name, function.Config, call, (asked, token) => computation.ScheduleAsync(function, asked, token), cancellationToken);

    public bool Serves(TenantId tenant, ProcessorDefinition processor) => computation.Serves(tenant, processor);

    private async ValueTask<Result<T>> GuardAsync<T>(
        string name, ComputeConfig config, ComputeCall call, Func<ComputeCall, CancellationToken, ValueTask<Result<T>>> ask,
        CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(WaitOf(config), time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            var answer = ask(call with { TimedOut = timeout.Token }, both.Token);
            return answer.IsCompleted ? await answer : await answer.AsTask().WaitAsync(both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && timeout.IsCancellationRequested)
        {
            return ComputationErrors.DispatchTimeout(name, WaitOf(config));
        }
        catch (StrataException e)
        {
            return e.Error;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return ComputationErrors.Failed(name, e);
        }
    }
}
