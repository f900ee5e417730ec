namespace Strata.EntityApi.Search;

/// <summary>The bounds of search.</summary>
public sealed record SearchOptions
{
    /// <summary>Of one search that is answered at once; a request may ask for less.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}
