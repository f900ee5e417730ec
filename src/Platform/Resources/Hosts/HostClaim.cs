using System.Security.Cryptography;
using System.Text;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Resources.Hosts;

/// <summary>
/// Who a host belongs to. Kind <c>host-claim</c> in the platform's log, without endpoints. Named by a hash of the host, so that the log's
/// unique names let only one of two rivals win, whatever their organizations.
/// </summary>
public sealed record HostClaimSpec
{
    public required string Host { get; init; }

    /// <summary>Id of the organization.</summary>
    public required string Org { get; init; }

    /// <summary>Id of the project.</summary>
    public required string Project { get; init; }

    /// <summary>Name of the kind whose resources use the host, and where they hold it: <see cref="HostRule.Field"/>.</summary>
    public required string Kind { get; init; }
    public required string Field { get; init; }

    /// <summary>Counted up by each use, so that a release worked out before a use fails.</summary>
    public int Uses { get; init; }
}

public static class HostClaimKind
{
    private const int HashBytes = 30;

    public static readonly Kind<HostClaimSpec, Nothing> Kind = new()
    {
        Name = "host-claim",
        Plural = "host-claims",
        IdPrefix = "hcl",
        Scope = KindScope.Platform,
        Description = "Which project of the cloud a host belongs to.",
        Workflow = KindWorkflow.Load(typeof(HostClaimKind), "host-claim.workflow.json"),
        InitialStatus = Nothing.Instance,
        UserCreates = false,
    };

    internal static string NameOf(string host) =>
        "h" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(host)).AsSpan(0, HashBytes));
}
