namespace Strata.Contracts;

/// <summary>
/// A stage that applications go through, such as staging or production. Kind <c>environment</c>, organization scope. What carries the
/// label <c>environment=NAME</c> is in it, and rights are given for that.
/// </summary>
public sealed record EnvironmentSpec
{
    /// <summary>Of resources of projects: its value is the name of an environment.</summary>
    public const string Label = "environment";

    /// <summary>For people; null: the name.</summary>
    public string? DisplayName { get; init; }
}
