using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth.Administrators;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using ProviderResource = Strata.Core.Resource<Strata.Contracts.ProviderSpec, Strata.Core.Nothing>;

namespace Strata.Identity.Providers;

/// <summary>The contract's operations on an organization's OIDC providers.</summary>
internal sealed class ProviderEndpoints(
    ProviderStore providers, ProviderDocuments documents, AdministratorAccess administrators, Idempotency idempotency)
{
    private const string All = "/api/oauth/oidc/providers";
    private const string One = All + "/{id}";

    public void Map(IEndpointRouteBuilder all)
    {
        var routes = all.MapGroup("");
        routes.NeedsFreshSignIn(); // each of them lets someone in, or shuts them out
        var (read, write) = (ProviderKind.Kind.ReadPermission, ProviderKind.Kind.WritePermission);
        routes.MapApi(
            "GET", All, read, Describe("listProviders", "The organization's OIDC providers.", answer: typeof(IReadOnlyList<Provider>)) with
        {
            Parameters = [Parameter.Query("activeOnly", "Only those whose tokens are trusted.", Schemas.Flag())],
        }, ListAsync);
        routes.MapApi(
            "POST", All, write, Change("registerProvider", "Believe the tokens of an OIDC provider.", body: typeof(RegisterProvider)),
            RegisterAsync);
        routes.MapApi("POST", All + "/reload", write,
            Describe("reloadProviders", "Read the keys of the organization's providers again.") with
            {
                Answer = Content.Json(Schemas.Closed([])),
                Repeatable = "It reads, and changes nothing that is kept.",
            }, ReloadAsync);
        routes.MapApi(
            "DELETE", One, write, Change("deleteProvider", "Forget a provider; its tokens are refused from now on."), DeleteAsync);
        routes.MapApi(
            "PATCH", One, write,
            Change("updateProvider", "Change what a provider's tokens must say.", body: typeof(UpdateProvider)), UpdateAsync);
        routes.MapApi("POST", One + "/invalidate", write, Change("invalidateProvider", "Refuse a provider's tokens."), InvalidateAsync);
        routes.MapApi("POST", One + "/reactivate", write,
            Change("reactivateProvider", "Believe a provider's tokens again.", body: typeof(ReactivateProvider)), ReactivateAsync);
    }

    private static Operation Change(string id, string summary, Type? body = null) =>
        Describe(id, summary, body) with { Parameters = [Parameter.IdempotencyKey] };

    private static Operation Describe(string id, string summary, Type? body = null, Type? answer = null) => new()
    {
        Id = id, Summary = summary, Tag = "providers", Answer = Content.Json(Schemas.OfAnswer(answer ?? typeof(Provider))),
        Body = body is null ? null : Content.Json(Schemas.Of(body), required: false),
    };

    private async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        if (!call.QueryFlag("activeOnly").TryGet(out var activeOnly, out error)) return error;
        var shown = new List<Provider>();
        await foreach (var provider in providers.ListAsync(caller.Tenant, call.Aborted))
        {
            if (!activeOnly || provider.State == ProviderKind.Active) shown.Add(Show(provider));
        }
        return Answer.Json<IReadOnlyList<Provider>>(shown);
    }

    private async Task<Result<Answer>> RegisterAsync(ApiCall call)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        if (!(await IdentityCall.ReadAsync<RegisterProvider>(call)).TryGet(out var sent, out error)) return error;
        var wanted = sent.Value;
        var spec = new ProviderSpec
        {
            WellKnownConfigUri = wanted.WellKnownConfigUri, Issuers = wanted.Issuers ?? [],
            ExpectedAudiences = wanted.ExpectedAudiences ?? [], RolesClaim = wanted.RolesClaim,
        };
        return await idempotency.RunAsync(call, caller.Tenant, sent.Bytes, async () =>
        {
            if (!(await providers.CheckAddressAsync(wanted.WellKnownConfigUri, call.Aborted)).TryGet(out _, out var refused))
                return refused;
            return Shown(await providers.RegisterAsync(caller with { Request = call.Request }, spec, call.Aborted));
        }, Replay);
    }

    /// <summary>Only the caller's own: other organizations' sign-ins must not wait for a provider because of it.</summary>
    private async Task<Result<Answer>> ReloadAsync(ApiCall call)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        await foreach (var provider in providers.ListAsync(caller.Tenant, call.Aborted))
            documents.Refresh(provider.Spec.WellKnownConfigUri);
        return Answer.Json(json => { json.WriteStartObject(); json.WriteEndObject(); });
    }

    private async Task<Result<Answer>> ChangeAsync(
        ApiCall call, ReadOnlyMemory<byte> body, Func<Caller, ProviderResource, Task<Result<ProviderResource>>> change)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        return await idempotency.RunAsync(call, caller.Tenant, body, async () =>
        {
            if (!(await providers.FindAsync(caller, call.Route("id"), call.Aborted)).TryGet(out var provider, out var missing))
                return missing;
            return Shown(await change(caller with { Request = call.Request }, provider));
        }, Replay);
    }

    private Answer Replay(IReadOnlyList<EntityRevision> written) => Answer.Json(Show(providers.ToResource(written[0])));

    private Task<Result<Answer>> DeleteAsync(ApiCall call) => ChangeAsync(call, default, async (caller, provider) =>
    {
        var deleted = await providers.DeleteAsync(caller, provider, await CheckOfAsync(call, provider), call.Aborted);
        return deleted.IsOk ? provider : deleted.Error;
    });

    private async Task<Result<Answer>> UpdateAsync(ApiCall call)
    {
        if (!(await IdentityCall.ReadAsync<UpdateProvider>(call)).TryGet(out var sent, out var error)) return error;
        var wanted = sent.Value;
        return await ChangeAsync(call, sent.Bytes, async (caller, provider) =>
        {
            var check = Narrows(provider.Spec, Updated(provider.Spec)) ? await CheckOfAsync(call, provider) : null;
            return await providers.ChangeAsync(caller, provider, Updated, null, check, call.Aborted);
        });

        ProviderSpec Updated(ProviderSpec spec) => spec with
        {
            Issuers = wanted.Issuers ?? spec.Issuers,
            ExpectedAudiences = wanted.ExpectedAudiences ?? spec.ExpectedAudiences,
            RolesClaim = wanted.RolesClaim ?? spec.RolesClaim,
        };
    }

    /// <summary>Whether tokens that are trusted now, roles included, might not be afterwards.</summary>
    private static bool Narrows(ProviderSpec was, ProviderSpec next) => was.RolesClaim != next.RolesClaim
        || ProviderKind.IssuersOf(was).Except(ProviderKind.IssuersOf(next), StringComparer.Ordinal).Any()
        || was.ExpectedAudiences.Except(next.ExpectedAudiences, StringComparer.Ordinal).Any();

    private Task<Result<Answer>> InvalidateAsync(ApiCall call) => ChangeAsync(call, default, async (caller, provider) =>
        provider.State != ProviderKind.Active ? provider
            : await providers.ChangeAsync(caller, provider, spec => spec, "invalidate", await CheckOfAsync(call, provider), call.Aborted));

    private ValueTask<WriteCheck?> CheckOfAsync(ApiCall call, ProviderResource provider) =>
        administrators.CheckOfAsync(call.Principal, ProviderKind.Kind.EntityOf(provider.Id), call.Aborted);

    private async Task<Result<Answer>> ReactivateAsync(ApiCall call)
    {
        if (!(await IdentityCall.ReadOrDefaultAsync(call, new ReactivateProvider())).TryGet(out var sent, out var error)) return error;
        return await ChangeAsync(call, sent.Bytes, async (caller, provider) =>
        {
            if (sent.Value.ReactivateKeys) documents.Refresh(provider.Spec.WellKnownConfigUri);
            return provider.State == ProviderKind.Active ? provider
                : await providers.ChangeAsync(caller, provider, spec => spec, "reactivate", null, call.Aborted);
        });
    }

    private static Result<Answer> Shown(Result<ProviderResource> result) => result.TryGet(out var provider, out var error)
        ? Answer.Json(Show(provider)) : error;

    private static Provider Show(ProviderResource provider)
    {
        var spec = provider.Spec;
        return new Provider(ProviderKind.Kind.EntityOf(provider.Id).Value, spec.WellKnownConfigUri, provider.State == ProviderKind.Active,
            provider.CreatedAt, spec.Issuers, spec.ExpectedAudiences, spec.RolesClaim);
    }

    private sealed record Provider(
        Guid Id, string WellKnownConfigUri, bool Active, DateTimeOffset CreatedAt, IReadOnlyList<string> Issuers,
        IReadOnlyList<string> ExpectedAudiences, string? RolesClaim);

    private sealed record RegisterProvider
    {
        public required string WellKnownConfigUri { get; init; }
        public IReadOnlyList<string>? Issuers { get; init; }
        public IReadOnlyList<string>? ExpectedAudiences { get; init; }
        public string? RolesClaim { get; init; }
    }

    private sealed record UpdateProvider
    {
        public IReadOnlyList<string>? Issuers { get; init; }
        public IReadOnlyList<string>? ExpectedAudiences { get; init; }
        public string? RolesClaim { get; init; }
    }

    private sealed record ReactivateProvider
    {
        public bool ReactivateKeys { get; init; }
    }
}
