using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Auth.Administrators;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Identity.Clients;

/// <summary>The contract's operations on clients: /api/clients.</summary>
internal sealed class ClientEndpoints(ClientStore clients, AdministratorAccess administrators, RoleCatalog catalog, Idempotency idempotency)
{
    private const string All = "/api/clients";
    private const string One = All + "/{clientId}";
    private const string Tag = "clients";

    public void Map(IEndpointRouteBuilder all)
    {
        var routes = all.MapGroup("");
        routes.NeedsFreshSignIn(); // each of them lets someone in, or shuts them out
        var (read, write) = (ClientKind.Kind.ReadPermission, ClientKind.Kind.WritePermission);
        routes.MapApi("GET", All, read, new Operation
        {
            Id = "listClientIds", Summary = "List the organization's clients, without their secrets.",
            Tag = Tag, Answer = Content.Json(Schemas.Of(typeof(IReadOnlyList<TechnicalUser>))),
        }, ListAsync);
        routes.MapApi("POST", All, write, new Operation
        {
            Id = "createClientCredentials", Summary = "Create a client; its secret is shown only once, in this response.",
            Tag = Tag, Answer = Issued,
            Parameters =
            [
                Parameter.Query("withAdminRole", "Whether it gets ROLE_ADMIN in addition to ROLE_M2M.", Schemas.Flag()),
                Parameter.IdempotencyKey,
            ],
        }, CreateAsync);
        routes.MapApi("DELETE", One, write, new Operation
        {
            Id = "deleteClientCredentials", Summary = "Delete a client; its access tokens are revoked with it.",
            Tag = Tag, Answer = Content.Json(Schemas.Of(typeof(DeletedClient))),
            Parameters =
            [
                Parameter.Query("force", "Delete also the client that got the token of this call.", Schemas.Flag()),
                Parameter.IdempotencyKey,
            ],
        }, DeleteAsync);
        routes.MapApi("PUT", One + "/secret", write, new Operation
        {
            Id = "resetClientSecret", Summary = "Reset a client's secret; the old one is refused from now on.",
            Tag = Tag, Answer = Issued,
            Repeatable = "The secret of the last answer is the one that counts; sending it again is how to get one after a lost answer.",
        }, ResetAsync);
    }

    private static Content Issued => Content.Json(Schemas.Members(
        [
            ("client_id", Schemas.Text()), ("client_secret", Schemas.Text()), ("grant_type", Schemas.OneOf("client_credentials")),
            ("client_secret_expires_at", Schemas.Integer(0, 0)), ("client_id_issued_at", Schemas.Integer(0, long.MaxValue)),
            ("roles", Schemas.List(Schemas.Text())),
        ], "client_id", "client_secret", "grant_type", "client_secret_expires_at", "client_id_issued_at", "roles"));

    private async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        var listed = new List<TechnicalUser>();
        await foreach (var client in clients.ListAsync(caller, call.Aborted))
            listed.Add(
                new TechnicalUser(
                    ClientStore.IdOf(caller.Tenant, client).ToString(), client.CreatedAt, client.UpdatedAt, client.Spec.Roles));
        return Answer.Json<IReadOnlyList<TechnicalUser>>(listed);
    }

    private async Task<Result<Answer>> CreateAsync(ApiCall call)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        if (!call.QueryFlag("withAdminRole").TryGet(out var withAdmin, out error)) return error;
        IReadOnlyList<string> roles = withAdmin ? [ContractRoles.Machine, ContractRoles.Admin] : [ContractRoles.Machine];
        if (!call.Principal.Covers(ContractRoles.PermissionsOf(catalog, roles)))
            return new Error(ErrorKind.Forbidden, "FORBIDDEN", "A client cannot be granted more than your token grants.",
                "Use an administrator's token.");
        return await idempotency.RunAsync(
            call, caller.Tenant, default, async _ =>
                Shown(await clients.CreateAsync(caller with { Request = call.Request }, roles, call.Aborted)),
            (_, _) => Task.FromResult<Result<Answer>>(IdentityErrors.ClientAlreadyCreated));
    }

    private async Task<Result<Answer>> DeleteAsync(ApiCall call)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        if (!call.QueryFlag("force").TryGet(out var isForced, out error)) return error;
        var id = call.Route("clientId");
        return await idempotency.RunAsync(call, caller.Tenant, default, async () =>
        {
            var check = ClientId.TryParse(id, out var parsed) && parsed.Tenant == caller.Tenant
                ? await CheckOfAsync(call, parsed, isForced) : null;
            var deleted = await clients.DeleteAsync(caller with { Request = call.Request }, id, check, call.Aborted);
            return deleted.IsOk ? Deleted() : deleted.Error;
        }, _ => Deleted());

        Answer Deleted() => Answer.Json(new DeletedClient("The client is deleted.", id));
    }

    /// <summary>What no force overrides comes first, as for every kind.</summary>
    private async ValueTask<WriteCheck?> CheckOfAsync(ApiCall call, ClientId client, bool isForced)
    {
        var needed = await administrators.CheckOfAsync(call.Principal, client.Id, call.Aborted);
        return needed.And(
            isForced ? null : OwnClientGuard.CheckOf(call.Principal, client, $"{client}", $"strata client delete {client}"));
    }

    private async Task<Result<Answer>> ResetAsync(ApiCall call) =>
        IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)
            ? Shown(await clients.ResetAsync(caller, call.Route("clientId"), call.Aborted)) : error;

    private static Result<Answer> Shown(Result<IssuedClient> issued) =>
        issued.TryGet(out var client, out var error) ? Answer.Json(json => Write(json, client)) : error;

    /// <summary>The one place where a secret is shown. Expires at 0: never, as RFC 7591 writes it.</summary>
    private static void Write(Utf8JsonWriter json, IssuedClient client)
    {
        json.WriteStartObject();
        json.WriteString("client_id", client.Id.ToString());
        json.WriteString("client_secret", client.Secret);
        json.WriteString("grant_type", "client_credentials");
        json.WriteNumber("client_secret_expires_at", 0);
        json.WriteNumber("client_id_issued_at", client.Resource.CreatedAt.ToUnixTimeSeconds());
        json.WriteStartArray("roles");
        foreach (var role in client.Resource.Spec.Roles) json.WriteStringValue(role);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private sealed record TechnicalUser(
        string ClientId, DateTimeOffset CreationDate, DateTimeOffset LastUpdateDate, IReadOnlyList<string> Roles);

    private sealed record DeletedClient(string Message, string ClientId);
}
