using Strata.Core;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>A processor inside the process: one of the platform's own. Safe for concurrent use.</summary>
public interface IProcessor
{
    /// <summary>As workflows name it.</summary>
    string Name { get; }

    /// <inheritdoc cref="IComputation.ProcessAsync"/>
    ValueTask<Result<JsonText?>> ProcessAsync(ComputeCall call, CancellationToken cancellationToken);
}

/// <summary>A criterion inside the process. Safe for concurrent use.</summary>
public interface ICriterion
{
    /// <summary>As workflows name it.</summary>
    string Name { get; }

    ValueTask<Result<bool>> MatchesAsync(ComputeCall call, CancellationToken cancellationToken);
}

/// <summary>
/// The platform's own compute members: what is registered here, by name; tags are not looked at. A name that no one serves is
/// NO_COMPUTE_MEMBER_FOR_TAG.
/// </summary>
/// <exception cref="ArgumentException">Two have one name.</exception>
public sealed class InProcessComputation(IEnumerable<IProcessor> processors, IEnumerable<ICriterion> criteria) : IComputation
{
    private readonly Dictionary<string, IProcessor> processors = processors.ToDictionary(
        processor => processor.Name, StringComparer.Ordinal);
    private readonly Dictionary<string, ICriterion> criteria = criteria.ToDictionary(criterion => criterion.Name, StringComparer.Ordinal);

    public ValueTask<Result<JsonText?>> ProcessAsync(
        ProcessorDefinition processor, ComputeCall call, CancellationToken cancellationToken) =>
        processors.TryGetValue(processor.Name, out var found)
            ? found.ProcessAsync(call, cancellationToken)
            : new(ComputationErrors.NoMember(processor.Name, processor.Config.Tags));

    public ValueTask<Result<bool>> MatchesAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
        criteria.TryGetValue(function.Name, out var found)
            ? found.MatchesAsync(call, cancellationToken)
            : new(ComputationErrors.NoMember(function.Name, function.Config.Tags));

    /// <summary>The platform's own workflows have delays; a function that says when is always a user's.</summary>
    public ValueTask<Result<ScheduleTimes>> ScheduleAsync(
        FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
        new(ComputationErrors.NoMember(function.Name, function.Config.Tags));

    /// <summary>Whether a criterion of this name is registered.</summary>
    public bool HasCriterion(string name) => criteria.ContainsKey(name);

    public bool Serves(TenantId tenant, ProcessorDefinition processor) => processors.ContainsKey(processor.Name);
}
