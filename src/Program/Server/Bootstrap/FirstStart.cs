using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;

namespace Strata.Server.Bootstrap;

/// <summary>
/// Sets a cloud up for its users: the required organization, project and tokens. Safe to repeat: what exists stays, and a start that was
/// cut off is finished by the next.
/// </summary>
internal sealed class FirstStart(
    EntityEngine engine, TokenIssuer issuer, IAuthenticator authenticator, IDurableValues durable, string serverId, TimeProvider time)
{
    public const string OrganizationName = "default";
    public const string ProjectName = "default";

    public const string LeaseName = "first-start";

    private const string AdminTokenName = "admin";
    private const string AdminMark = "cloud/admin-token";
    private static readonly Caller System = new(TenantId.Platform, "system:start");

    private readonly ResourceStore<OrganizationSpec, Nothing> organizations = new(engine, OrganizationKind.Kind, time);
    private readonly ResourceStore<ProjectSpec, Nothing> projects = new(engine, ProjectKind.Kind, time);
    private readonly ResourceStore<NodeSpec, NodeStatus> nodes = new(engine, NodeKinds.Node, time);

    /// <summary>
    /// The default organization; created when the cloud is new. An interrupted deletion is undone, or the operator's token would stay
    /// refused.
    /// </summary>
    public async Task<(TenantId Tenant, bool IsNew)> EnsureOrganizationAsync(CancellationToken cancellationToken)
    {
        var found = await organizations.GetAsync(System, OrganizationName, AsOf.Latest, cancellationToken);
        var isNew = found.Error?.Kind == ErrorKind.NotFound;
        if (isNew)
            found = await organizations.CreateAsync(
                System, new NewResource<OrganizationSpec> { Name = OrganizationName, Spec = new OrganizationSpec() }, null,
                cancellationToken);
        var tenant = TenantId.TryParse(found.Value.Id, out var parsed)
            ? parsed : throw new InvalidOperationException($"{found.Value.Id} is not an organization's id.");
        await RestoreAsync(System, organizations, OrganizationKind.Kind, found.Value, cancellationToken);
        await EnsureProjectAsync(System with { Tenant = tenant }, cancellationToken);
        return (tenant, isNew);
    }

    /// <summary>
    /// The administrator's token, where this start is to make it: once per cloud, by the server that makes the cloud. That server makes it
    /// again as long as it has not confirmed that the token was kept, because its first start may have been cut off in between. Null
    /// otherwise: a second server, or a second start, never replaces it.
    /// </summary>
    /// <param name="replace">The operator has requested a new one.</param>
    public async Task<string?> EnsureAdminTokenAsync(TenantId tenant, string? known, bool replace, CancellationToken cancellationToken)
    {
        // A token that is known and opens the organization need not be the administrator's: it was replaced by "strata login".
        if (replace ? await HoldsAllAsync(known, tenant, cancellationToken) : await HoldsAsync(known, tenant, cancellationToken))
            return null;
        var made = await durable.ReadAsync(TenantId.Platform, AdminMark, cancellationToken) is { } text
            ? text.To(WireJson.Of<AdminTokenMark>()) : null;
        if (!replace && made is not null && (made.Kept || made.Server != serverId)) return null;
        await WriteMarkAsync(kept: false, cancellationToken);
        var spec = new TokenSpec { Roles = [Roles.Admin, Roles.Operator], Actor = "user:admin" };
        var issued = await issuer.ReplaceAsync(
            System with { Tenant = tenant }, new NewResource<TokenSpec> { Name = AdminTokenName, Spec = spec }, cancellationToken);
        return issued.Value.Text;
    }

    /// <summary>The node that an agent's token is bound to; registered here, so that an agent need not create anything.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> EnsureNodeAsync(string name, CancellationToken cancellationToken)
    {
        var found = await nodes.GetAsync(System, name, AsOf.Latest, cancellationToken);
        if (found.Error?.Kind == ErrorKind.NotFound)
            found = await nodes.CreateAsync(
                System, new NewResource<NodeSpec> { Name = name, Spec = new NodeSpec() }, null, cancellationToken);
        return found.TryGet(out var node, out var error) ? node.Id : throw error.ToException();
    }

    /// <summary>The administrator's token is in its file.</summary>
    public Task ConfirmAdminTokenAsync(CancellationToken cancellationToken) => WriteMarkAsync(kept: true, cancellationToken);

    private async Task WriteMarkAsync(bool kept, CancellationToken cancellationToken)
    {
        await durable.WriteAsync(TenantId.Platform, AdminMark,
            JsonText.From(new AdminTokenMark(serverId, kept), WireJson.Of<AdminTokenMark>()), cancellationToken);
    }

    private sealed record AdminTokenMark(string Server, bool Kept);

    private async Task EnsureProjectAsync(Caller caller, CancellationToken cancellationToken)
    {
        var found = await projects.GetAsync(caller, ProjectName, AsOf.Latest, cancellationToken);
        if (found.Error?.Kind == ErrorKind.NotFound)
            found = await projects.CreateAsync(
                caller, new NewResource<ProjectSpec> { Name = ProjectName, Spec = new ProjectSpec() }, null, cancellationToken);
        if (!found.IsOk) throw found.Error.ToException();
        await RestoreAsync(caller, projects, ProjectKind.Kind, found.Value, cancellationToken);
    }

    /// <summary>Another server may have taken the mark back, or finished the deletion, meanwhile; both are as good.</summary>
    private static async Task RestoreAsync<TSpec>(
        Caller caller, ResourceStore<TSpec, Nothing> store, Kind<TSpec, Nothing> kind, Resource<TSpec, Nothing> found,
        CancellationToken cancellationToken)
    {
        if (found.State != kind.Deleting!.State) return;
        var restored = await store.ChangeAsync(
            caller, found.Id, x => x, kind.Deleting.Cancel, new Revision(found.Revision), cancellationToken);
        if (restored.Error is { Kind: not (ErrorKind.PreconditionFailed or ErrorKind.Conflict or ErrorKind.NotFound) } error)
            throw error.ToException();
    }

    private async Task<bool> HoldsAsync(string? token, TenantId tenant, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(token)) return false;
        var principal = await authenticator.AuthenticateAsync(token, cancellationToken);
        return principal.IsOk && principal.Value.Tenant == tenant && principal.Value.Node is null;
    }

    /// <summary>Whether it is an administrator's and operator's, as the one that the first start makes.</summary>
    private async Task<bool> HoldsAllAsync(string? token, TenantId tenant, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(token)) return false;
        var principal = await authenticator.AuthenticateAsync(token, cancellationToken);
        return principal.IsOk && principal.Value is { IsOperator: true, Project: null, Node: null } found && found.Tenant == tenant
            && found.RoleNames.Contains(Roles.Admin);
    }
}
