using System.Globalization;

namespace Strata.Core.Sharing;

/// <summary>The errors of shares and budgets.</summary>
internal static class ShareErrors
{
    /// <summary>429 where the organization itself is at its bound, 503 where the others have taken what is left.</summary>
    public static Error Exhausted(string resource, TenantId tenant, ShareOutcome outcome, SharedCapacity capacity)
    {
        var used = capacity.UsedBy(tenant);
        var full = outcome == ShareOutcome.OrganizationFull;
        var message = full
            ? $"This organization uses {used} {resource} on this server, and may use {Math.Min(capacity.Size.PerOrganizationMax, capacity.Size.Total)} of {capacity.Size.Total}."
            : $"All {capacity.Size.Total} {resource} of this server that this organization may use are taken.";
        return new Error(full ? ErrorKind.TooMany : ErrorKind.Unavailable, "SHARE_EXHAUSTED", message,
            full ? $"End some of its {resource}, or retry later." : "Retry later.")
        {
            Retryable = true,
            Details = new Dictionary<string, string>
            {
                ["resource"] = resource, ["used"] = Text(used), ["limit"] = Text(capacity.Size.PerOrganizationMax),
                ["total"] = Text(capacity.Size.Total),
            },
        };
    }

    public static Error NoMemory(string purpose, ShareOutcome outcome) => new(
        ErrorKind.Unavailable, "SERVER_BUSY",
        outcome == ShareOutcome.OrganizationFull ? $"This organization's {purpose} use as much memory of this server as they may."
            : $"This server has no memory left for {purpose}.",
        "Retry in a moment, with fewer requests at a time or smaller pages.") { Retryable = true };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
