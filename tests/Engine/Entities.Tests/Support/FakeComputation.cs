using Strata.Core;
using Strata.Entities.Workflows;

namespace Strata.Entities.Tests.Support;

/// <summary>Answers as each test says; without a word, a processor keeps the document and a criterion holds.</summary>
internal sealed class FakeComputation : IComputation
{
    public Func<ProcessorDefinition, ComputeCall, CancellationToken, ValueTask<Result<JsonText?>>> Process { get; set; } = (_, _, _) =>
        new((Result<JsonText?>)(JsonText?)null);

    public Func<FunctionDefinition, ComputeCall, CancellationToken, ValueTask<Result<bool>>> Match { get; set; } = (_, _, _) => new(true);

    public Func<FunctionDefinition, ComputeCall, CancellationToken, ValueTask<Result<ScheduleTimes>>> Schedule { get; set; } =
        (_, call, _) => new(new ScheduleTimes(call.Entity.ChangedAt, null));

    public Func<ProcessorDefinition, bool> Served { get; set; } = _ => true;

    public List<string> Calls { get; } = [];

    public ValueTask<Result<JsonText?>> ProcessAsync(ProcessorDefinition processor, ComputeCall call, CancellationToken cancellationToken)
    {
        lock (Calls) Calls.Add(processor.Name);
        return Process(processor, call, cancellationToken);
    }

    public ValueTask<Result<bool>> MatchesAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken)
    {
        lock (Calls) Calls.Add(function.Name);
        return Match(function, call, cancellationToken);
    }

    public ValueTask<Result<ScheduleTimes>> ScheduleAsync(
        FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken)
    {
        lock (Calls) Calls.Add(function.Name);
        return Schedule(function, call, cancellationToken);
    }

    public bool Serves(TenantId tenant, ProcessorDefinition processor) => Served(processor);
}
