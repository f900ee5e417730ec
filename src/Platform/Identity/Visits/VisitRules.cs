using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.Memberships;
using Strata.Identity.Sessions;
using Strata.Resources.Kinds;

namespace Strata.Identity.Visits;

/// <summary>What visitors want to see: a resource that is reached at a host.</summary>
internal sealed record VisitedResource(EntityRevision Revision, string Id, string Host);

/// <summary>Who may visit what. Safe for concurrent use.</summary>
internal sealed class VisitRules(VisitedKind visited, IEntityLog log, MembershipStore memberships, TimeProvider time)
{
    private const int BackLengthMax = 4000;

    private static readonly Caller Platform = new(TenantId.Platform, "identity");

    private readonly ResourceLookup lookup = new(log, visited.Kind);
    private readonly string[] hostPath = visited.Kind.Hosts!.Field.Split('.');

    /// <param name="id">Of the resource; names are not taken, because each organization has its own.</param>
    public async ValueTask<VisitedResource?> FindAsync(string? id, CancellationToken cancellationToken)
    {
        if (id is null || !visited.Kind.TryParseId(id, out _)) return null;
        var found = await lookup.ReadAsync(Platform, id, AsOf.Latest, cancellationToken);
        if (!found.TryGet(out var revision, out var error)) return error.Kind == ErrorKind.NotFound ? null : throw error.ToException();
        return ResourceDocument.ReadText(revision.Document, hostPath) is { } host ? new VisitedResource(revision, id, host) : null;
    }

    /// <summary>Where a visitor goes back to: an address of the host, at whichever port the edge has. Null: it is none.</summary>
    public static Uri? BackTo(VisitedResource resource, string? sent) =>
        sent is { Length: <= BackLengthMax } && Uri.TryCreate(sent, UriKind.Absolute, out var back)
            && back is { Scheme: "http" or "https", UserInfo: "" }
            && string.Equals(back.Host, resource.Host, StringComparison.OrdinalIgnoreCase) ? back : null;

    /// <summary>Whether this person may visit it now. FORBIDDEN, or what the organization wants of them first.</summary>
    public async ValueTask<Error?> RefuseAsync(SignedIn person, VisitedResource resource, CancellationToken cancellationToken)
    {
        var member = await memberships.PrincipalAsync(
            resource.Revision.Tenant, person.Person, new StorageDeadline(time), cancellationToken);
        if (!member.TryGet(out var principal, out var refused)) return refused;
        return principal.May(visited.Permission, visited.Kind, resource.Revision) ? null : ApiErrors.Forbidden(visited.Permission);
    }
}
