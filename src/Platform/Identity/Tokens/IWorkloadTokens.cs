using Strata.Core;

namespace Strata.Identity.Tokens;

/// <summary>What a workload token says of the instance that gets it. Names are those of now, ids are never given again.</summary>
/// <param name="Organization">Name and id, as of the others.</param>
/// <param name="Instance">Id.</param>
/// <param name="Release">Id.</param>
/// <param name="Node">Id; null: it is placed on none.</param>
public sealed record Workload(
    (string Name, string Id) Organization, (string Name, string Id) Project, (string Name, string Id) Deployment, string Instance,
    string Release, string? Node);

/// <summary>A token as it is given out.</summary>
public sealed record WorkloadToken(string Token, DateTimeOffset ExpiresAt);

/// <summary>
/// Tokens with which an instance proves to systems outside of the cloud what it is: they verify them by the cloud's published keys. Safe
/// for concurrent use.
/// </summary>
public interface IWorkloadTokens
{
    /// <summary>BAD_REQUEST: the audience is this cloud or one of its clients, or no audience at all.</summary>
    /// <param name="audience">The one for whom it is.</param>
    Task<Result<WorkloadToken>> IssueAsync(Workload workload, string audience, CancellationToken cancellationToken);
}
