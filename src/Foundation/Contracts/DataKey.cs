namespace Strata.Contracts;

/// <summary>
/// A key that the cloud seals secrets with. Kind <c>data-key</c>, platform scope. The key itself is stored apart from the log, wrapped
/// under the master key, so that it can be destroyed.
/// </summary>
public sealed record DataKeyStatus
{
    /// <summary>It seals from then on, until a newer one does. It opens what it has sealed for as long as it exists.</summary>
    public DateTimeOffset? From { get; init; }
}
