using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.OpenApi;
using Strata.Api.Shares;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Identity.Mail;
using Strata.Identity.Memberships;
using Strata.Identity.People;
using Strata.Identity.Tokens;
using Strata.Resources.Kinds;

namespace Strata.Identity.Invitations;

/// <summary>POST /api/v1/invitations: invites a person, and returns the link only this once. No caller gives more than it has.</summary>
internal sealed class InvitationEndpoints(
    InvitationStore invitations, RoleGrants roles, ResourceLimit limit, Idempotency idempotency, MailOutbox outbox,
    MembershipStore memberships, IdentityOptions options, TimeProvider time)
{
    private const int MailsMax = 100;

    private const int BodyBytesMax = 16 * 1024;
    private static readonly TimeSpan LifetimeMax = TimeSpan.FromDays(90);

    /// <summary>Mails of an organization in an hour: beyond that the link is still shown, and not sent.</summary>
    private readonly GuessLimit mailed = new(MailsMax, TimeSpan.FromHours(1), time);

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi(
        "POST", "/api/v1/invitations", InvitationKind.Kind.WritePermission, new Operation
        {
            Id = "createInvitation", Summary = "Invite a person; the link that they accept by is shown only once, in this response.",
            Tag = InvitationKind.Kind.Plural, Status = 201, Parameters = [Parameter.IdempotencyKey],
            Body = Content.Json(Schemas.Members(
                [("name", Schemas.Text()), ("spec", Schemas.Of(typeof(InvitationSpec)))], "spec"), example: new JsonObject
            {
                ["spec"] = new JsonObject { ["email"] = "ada@example.com", ["roles"] = new JsonArray("developer") },
            }),
            Answer = Content.Json(Schemas.Members(
                [("link", Schemas.Text()), ("mailed", Schemas.Flag()), ("resource", Schemas.Reference("Invitation"))],
                "link", "mailed", "resource")),
        }, CreateAsync);

    private async Task<Result<Answer>> CreateAsync(ApiCall call)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        var read = await call.ReadObjectAsync(BodyBytesMax, "application/json");
        if (!read.IsOk) return read.Error;
        using var body = read.Value;
        var faults = new List<ValidationError>();
        if (!StrictJson.TryRead<NewInvitation>(body.RootElement, "", faults, out var sent))
            return ResourceErrors.Invalid(InvitationKind.Kind, [.. faults.Select(f => f with { Field = f.Field.TrimStart('.') })]);
        var spec = sent.Spec with { Email = EmailAddress.Normal(sent.Spec.Email) ?? sent.Spec.Email };
        var now = time.GetUtcNow();
        if (spec.ExpiresAt <= now || spec.ExpiresAt > now + LifetimeMax)
            return ResourceErrors.Invalid(
                InvitationKind.Kind, [new ValidationError("spec.expiresAt", $"It is in the future, within {LifetimeMax.Days} days.")]);
        if (spec.ForFirst && await invitations.HasMemberAsync(null, call.Aborted))
            return ResourceErrors.Invalid(
                InvitationKind.Kind, [new ValidationError("spec.forFirst", "The cloud has, or has had, a member already. Leave it out.")]);
        var checkedRoles = await MembershipAdmission.RefuseAsync(
            roles, call.Principal, caller.Tenant, spec.Roles, now, call.Aborted);
        if (!checkedRoles.TryGet(out var fault, out error)) return error;
        if (fault is not null) return ResourceErrors.Invalid(InvitationKind.Kind, [fault]);
        return await idempotency.RunAsync(call, caller.Tenant, JsonMarshal.GetRawUtf8Value(body.RootElement).ToArray(), async _ =>
        {
            if (await limit.CheckAsync(InvitationKind.Kind, caller.Tenant, call.Aborted) is { } full) return full;
            var made = await invitations.CreateAsync(caller with { Request = call.Request }, sent.Name, spec, call.Aborted);
            return made.TryGet(out var issued, out var refused) ? Shown(issued, await MailAsync(caller.Tenant, issued)) : refused;
        }, (_, _) => Task.FromResult<Result<Answer>>(IdentityErrors.InvitationAlreadyCreated));
    }

    /// <summary>Sends it to whom it is for, where the cloud sends mail.</summary>
    private async ValueTask<bool> MailAsync(TenantId organization, IssuedInvitation issued)
    {
        var spec = issued.Resource.Spec;
        if (spec.Email is not { } email || !outbox.IsOn || !mailed.TryBegin(organization.ToString())) return false;
        var name = await memberships.NameOfAsync(organization, CancellationToken.None);
        return await outbox.TryAddAsync(
            Mails.Invitation(email, name, spec.Roles, options.LinkTo("/invite/" + issued.Text), spec.ExpiresAt), CancellationToken.None);
    }

    private Answer Shown(IssuedInvitation issued, bool isMailed) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.WriteString("link", options.LinkTo("/invite/" + issued.Text));
        json.WriteBoolean("mailed", isMailed);
        json.WritePropertyName("resource");
        ResourceJson.Write(json, issued.Resource with { Status = new InvitationStatus() });
        json.WriteEndObject();
    }, 201);

    private sealed record NewInvitation
    {
        /// <summary>Null: one is made up.</summary>
        public string? Name { get; init; }
        public required InvitationSpec Spec { get; init; }
    }
}
