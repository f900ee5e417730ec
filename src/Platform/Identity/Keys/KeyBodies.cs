using System.Text.Json;

namespace Strata.Identity.Keys;

/// <summary>What requests about keys hold; the contract's DTOs.</summary>
internal sealed record IssueKeyPair
{
    public required string Audience { get; init; }
    public required string Algorithm { get; init; }
    public DateTimeOffset? ValidFrom { get; init; }
    public DateTimeOffset? ValidTo { get; init; }

    /// <summary>Whether the keys of this audience that sign now are invalidated.</summary>
    public bool InvalidateCurrent { get; init; }
    public long InvalidateGracePeriodSec { get; init; }
}

internal sealed record InvalidateKey
{
    public long GracePeriodSec { get; init; }
}

internal sealed record ReactivateKey
{
    public DateTimeOffset? ValidFrom { get; init; }
    public required DateTimeOffset ValidTo { get; init; }
}

internal sealed record RegisterTrustedKey
{
    public required string KeyId { get; init; }
    public required JsonElement Jwk { get; init; }
    public required string Audience { get; init; }
    public IReadOnlyList<string>? Issuers { get; init; }
    public DateTimeOffset? ValidFrom { get; init; }
    public DateTimeOffset? ValidTo { get; init; }
    public bool InvalidatePrevious { get; init; }
    public long InvalidateGracePeriodSec { get; init; }
}

internal static class KeyPeriods
{
    /// <summary>A leap year.</summary>
    public const long GraceSecondsMax = 31_622_400;

    public static bool IsGrace(long seconds) => seconds is >= 0 and <= GraceSecondsMax;
}
