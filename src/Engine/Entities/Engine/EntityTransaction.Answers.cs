using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

public sealed partial class EntityTransaction
{
    /// <summary>Ends a call to a member when the transaction's deadline comes before its answer.</summary>
    private async ValueTask<Result<T>> InTimeAsync<T>(
        Func<CancellationToken, ValueTask<Result<T>>> ask, CancellationToken cancellationToken)
    {
        if (caller.Deadline is not { } deadline || HasCommitted) return await ask(Lasting(cancellationToken));
        if (IsLate) return EngineErrors.TransactionTimeout();
        var left = deadline - parts.Time.GetUtcNow();
        using var timeout = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, parts.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await ask(both.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return EngineErrors.TransactionTimeout();
        }
    }

    /// <summary>What the machine asks while it works on one entity of this transaction.</summary>
    private sealed class Answers(EntityTransaction transaction, Draft draft, ModelDefinition model) : IWorkflowAnswers
    {
        public ValueTask<Result<bool>> MatchesAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
            transaction.CallAsync(draft, call with { Project = model.Project }, mayWrite: false,
                (joinable, ct) => transaction.parts.Computation.MatchesAsync(function, joinable, ct), cancellationToken);

        public ValueTask<Result<JsonText?>> ProcessAsync(
            ProcessorDefinition processor, ComputeCall call, CancellationToken cancellationToken) =>
            transaction.CallAsync(draft, call with { Project = model.Project }, mayWrite: true,
                (joinable, ct) => transaction.parts.Computation.ProcessAsync(processor, joinable, ct), cancellationToken);

        public ValueTask<Result<ScheduleTimes>> ScheduleAsync(
            FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
            transaction.CallAsync(draft, call with { Project = model.Project }, mayWrite: false,
                (joinable, ct) => transaction.parts.Computation.ScheduleAsync(function, joinable, ct), cancellationToken);

        public async ValueTask<Result<EntityRevision>> CommitAsync(
            ProcessorDefinition processor, WorkflowOutcome soFar, CancellationToken cancellationToken)
        {
            if (transaction.hasSteps || transaction.IsJoined) return EngineErrors.CommitInJoinedTransaction(model.Key.Name);
            if (draft.Armed is null) (draft.Armed, draft.ArmedIn) = (await ArmedAsync(cancellationToken), draft.Current?.State);
            // Those of a state that the entity has left must not fire while the processor works.
            IReadOnlyList<ScheduledTransition> armed = soFar.Entity.State == draft.ArmedIn ? draft.Armed : [];
            var watched = soFar with { Schedules = [.. armed, ProcessorTimeout.Over(processor, transaction.parts.Time.GetUtcNow())] };
            if (await transaction.WriteAsync(draft, model, watched, cancellationToken) is { } error) return error;
            // From here on the run goes to its end even if its caller leaves, and whether this commit took effect must be known.
            cancellationToken.ThrowIfCancellationRequested();
            if (!(await transaction.AppendAsync(CancellationToken.None)).TryGet(out var written, out error)) return error;
            transaction.GoOnWith(draft);
            return written[0];
        }

        /// <summary>Without the timeout of an earlier run that was cut off, which would end this one.</summary>
        private async ValueTask<ScheduledTransition[]> ArmedAsync(CancellationToken cancellationToken)
        {
            if (draft.Expected == Revision.None) return [];
            var armed = await transaction.parts.Log.SchedulesAsync(transaction.caller.Tenant, draft.Id, cancellationToken);
            return [.. armed.Where(schedule => !ProcessorTimeout.Is(schedule))];
        }
    }
}
