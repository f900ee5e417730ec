namespace Strata.Cli.Kinds;

/// <summary>A kind as the API describes it.</summary>
internal sealed record KindInfo
{
    /// <summary>Singular.</summary>
    public required string Name { get; init; }
    public required string Plural { get; init; }
    public required string IdPrefix { get; init; }

    /// <summary><c>platform</c>, <c>organization</c> or <c>project</c>.</summary>
    public string Scope { get; init; } = "project";
    public string Description { get; init; } = "";
}

/// <summary>The answer of <c>/api/v1</c>.</summary>
internal sealed record KindList(IReadOnlyList<KindInfo> Kinds);
