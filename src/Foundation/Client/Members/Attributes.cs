namespace Strata.Client;

/// <summary>
/// A method that executes a processor. It takes the entity's data, a <see cref="CallContext"/> and a CancellationToken, each where it wants
/// it; what it returns (or its task) is the new data, nothing or null leaves it as it is. What it throws fails the transition.
/// </summary>
/// <param name="name">As the workflow has it.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ProcessorAttribute(string name) : Attribute
{
    public string Name => name;
}

/// <summary>A method that decides a criterion: as with <see cref="ProcessorAttribute"/>, and it returns a bool.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CriterionAttribute(string name) : Attribute
{
    public string Name => name;
}

/// <summary>
/// A method that says when a scheduled transition is due: as with <see cref="ProcessorAttribute"/>, and it returns a
/// <see cref="ScheduleTime"/>.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ScheduleAttribute(string name) : Attribute
{
    public string Name => name;
}

/// <summary>When a scheduled transition is due.</summary>
/// <param name="FireAt">Then.</param>
/// <param name="ExpireAt">And not after that; null: whenever.</param>
public sealed record ScheduleTime(DateTimeOffset FireAt, DateTimeOffset? ExpireAt = null);
