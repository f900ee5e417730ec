using System.Text.Json;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Identity.Memberships;
using Strata.Identity.Sessions;
using Strata.Resources.Kinds;

namespace Strata.Identity.Visits;

/// <summary>What visitors want to see: a resource that is reached at a host.</summary>
/// <param name="Name">Among all: the organization's id, a slash and the resource's.</param>
internal sealed record VisitedResource(EntityRevision Revision, string Name, string Host);

/// <summary>Who may visit what. Safe for concurrent use.</summary>
internal sealed class VisitRules(
    VisitedKind visited, IEntityLog log, MembershipStore memberships, IdentityOptions options, TimeProvider time)
{
    private const int BackLengthMax = 4000;

    private readonly string[] hostPath = visited.Kind.Hosts!.Field.Split('.');

    /// <summary>What wants its visitors to be signed in; of nothing else who visits is anyone's business.</summary>
    /// <param name="name">The organization's id, a slash and the resource's.</param>
    public async ValueTask<VisitedResource?> FindAsync(string? name, CancellationToken cancellationToken)
    {
        if (name?.Split('/') is not [var org, var id] || !TenantId.TryParse(org, out var tenant)) return null;
        if (!visited.Kind.TryParseId(id, out var entity)) return null;
        if (await log.ReadAsync(tenant, entity, AsOf.Latest, cancellationToken) is not { } revision) return null;
        return revision.Model == visited.Kind.Model && WantsSignIn(revision)
            && ResourceDocument.ReadText(revision.Document, hostPath) is { } host ? new VisitedResource(revision, name, host) : null;
    }

    private bool WantsSignIn(EntityRevision revision)
    {
        using var json = revision.Document.Parse();
        return json.RootElement.TryGetProperty("spec", out var spec) && spec.TryGetProperty(visited.Wanted, out var wanted)
            && wanted.ValueKind == JsonValueKind.True;
    }

    /// <summary>
    /// Where a visitor goes back to: an address of the host at a port of the edges, where no one else can read the code. Over plain HTTP
    /// only to local names. Null: it is none.
    /// </summary>
    public Uri? BackTo(VisitedResource resource, string? sent) =>
        sent is { Length: <= BackLengthMax } && Uri.TryCreate(sent, UriKind.Absolute, out var back)
            && back is { Scheme: "http" or "https", UserInfo: "" } && options.EdgePorts.Contains(back.Port)
            && (back.Scheme == Uri.UriSchemeHttps || LocalNames.Contain(resource.Host))
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
