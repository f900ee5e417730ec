using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.Mail;
using Strata.Identity.Passwords;
using Strata.Resources.Kinds;

namespace Strata.Identity.People;

/// <summary>What operators do for people beside the verbs of every kind.</summary>
internal sealed class PersonEndpoints(
    ResourceStore<PersonSpec, PersonStatus> store, PersonStore people, SecondFactor second, AccountNotices notices,
    IdentityOptions options, TimeProvider time)
{
    public const string LinkPrefix = "str";

    private static readonly TimeSpan LinkLifetime = TimeSpan.FromHours(24);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("POST", "/api/v1/people/{nameOrId}/password-link", PersonKind.Kind.WritePermission, new Operation
        {
            Id = "createPasswordLink",
            Summary = "Make a link by which a person sets a new password, for 24 hours; it is shown only once, in this response.",
            Tag = PersonKind.Kind.Plural, Status = 201,
            Answer = Content.Json(Schemas.Members([("link", Schemas.Text()), ("expiresAt", Schemas.Time())], "link", "expiresAt")),
            Repeatable = "The link of the last answer is the one that counts.",
        }, CreateLinkAsync).NeedsFreshSignIn();
        routes.MapApi("DELETE", "/api/v1/people/{nameOrId}/second-factor", PersonKind.Kind.WritePermission, new Operation
        {
            Id = "removeSecondFactor",
            Summary = "Remove a person's second factors, passkeys too, because they have lost their phone: the password is enough then.",
            Tag = PersonKind.Kind.Plural, Status = 204, Repeatable = "One that is gone is as good.",
        }, RemoveSecondFactorAsync).NeedsFreshSignIn();
    }

    private async Task<Result<Answer>> RemoveSecondFactorAsync(ApiCall call)
    {
        if (!call.Principal.IsOperator) return ApiErrors.OperatorNeeded;
        var found = await store.GetAsync(call.Caller, call.Route("nameOrId"), AsOf.Latest, call.Aborted);
        if (!found.TryGet(out var person, out var error)) return error;
        var off = await second.RemoveAllAsync(new Caller(TenantId.Platform, call.Principal.Actor), person, call.Aborted);
        if (!off.IsOk) return off.Error;
        await notices.ChangedAsync(call.Http, person, "An operator of the cloud removed the second factors of your account.");
        return Answer.NoContent;
    }

    private async Task<Result<Answer>> CreateLinkAsync(ApiCall call)
    {
        if (!call.Principal.IsOperator) return ApiErrors.OperatorNeeded;
        var found = await store.GetAsync(call.Caller, call.Route("nameOrId"), AsOf.Latest, call.Aborted);
        if (!found.TryGet(out var person, out var error)) return error;
        var text = SecretText.New(LinkPrefix, PersonStore.IdOf(person).Value);
        var end = time.GetUtcNow() + LinkLifetime;
        var caller = new Caller(TenantId.Platform, call.Principal.Actor);
        var changed = await people.ChangeAsync(
            caller, person, s => s with { ResetHash = text.SecretHash, ResetExpiresAt = end }, call.Aborted);
        if (!changed.IsOk) return changed.Error;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("link", options.LinkTo("/password/" + text));
            json.WriteString("expiresAt", end);
            json.WriteEndObject();
        }, 201);
    }
}
