using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Strata.Api.Http;
using Strata.Core;
using Strata.Identity.Clients;
using Strata.Identity.Keys;

namespace Strata.Identity.Tokens;

/// <summary>
/// Signed by RS256, which every cloud provider takes. The subject has the id of the organization, because an operator may give its name to
/// another one once it is deleted; names of projects and deployments are the organization's own affair.
/// </summary>
internal sealed class WorkloadTokens(SigningKeys keys, IdentityOptions options, TimeProvider time) : IWorkloadTokens
{
    private const int AudienceLengthMax = 300;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };

    public async Task<Result<WorkloadToken>> IssueAsync(Workload workload, string audience, CancellationToken cancellationToken)
    {
        if (audience.Length is 0 or > AudienceLengthMax || audience.Any(c => c is <= ' ' or > '~'))
            return ApiErrors.BodyValue("audience", $"1 to {AudienceLengthMax} printable characters without spaces");
        if (IsOurs(audience)) return ApiErrors.BodyValue("audience", "that of a system outside of this cloud");
        var key = await keys.CurrentAsync(KeyPairKind.Client, KeyPairKind.Rs256, cancellationToken);
        var now = time.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            ["sub"] = $"organization:{workload.Organization.Id}:project:{workload.Project.Name}:deployment:{workload.Deployment.Name}",
            ["jti"] = Guid.CreateVersion7(now).ToString(),
            ["organization"] = workload.Organization.Name, ["organization_id"] = workload.Organization.Id,
            ["project"] = workload.Project.Name, ["project_id"] = workload.Project.Id,
            ["deployment"] = workload.Deployment.Name, ["deployment_id"] = workload.Deployment.Id,
            ["instance"] = workload.Instance, ["release"] = workload.Release,
        };
        if (workload.Node is { } node) claims["node"] = node;
        var text = handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = options.Issuer, Audience = audience, Claims = claims, IssuedAt = now.UtcDateTime, NotBefore = now.UtcDateTime,
            Expires = (now + Lifetime).UtcDateTime, SigningCredentials = key.Credentials,
        });
        return new WorkloadToken(text, now + Lifetime);
    }

    /// <summary>
    /// Whether it is this cloud, or a program that people sign in to here: that one verifies by the same keys, and could take the token for
    /// an ID token of its own.
    /// </summary>
    private bool IsOurs(string audience) => ClientId.TryParse(audience, out _)
        || (Uri.TryCreate(audience, UriKind.Absolute, out var uri)
            && string.Equals(uri.Authority, options.PublicUrl.Authority, StringComparison.OrdinalIgnoreCase))
        || string.Equals(audience, options.PublicUrl.Authority, StringComparison.OrdinalIgnoreCase)
        || string.Equals(audience, options.PublicUrl.Host, StringComparison.OrdinalIgnoreCase);
}
