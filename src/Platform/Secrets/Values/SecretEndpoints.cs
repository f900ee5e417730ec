using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.Kinds;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Secrets.Values;

/// <summary>What is more than a resource about secrets: setting a value, showing it, destroying it.</summary>
internal sealed class SecretEndpoints(
    ResourceStore<SecretSpec, SecretStatus> store, SecretValues values, ResourceAccess access, Idempotency idempotency, SealedSecrets box,
    IEnumerable<IDeletionGuard> guards, TimeProvider time)
{
    /// <summary>A value as JSON may take six characters for one byte.</summary>
    private const int BodyBytesMax = 8 * SecretValues.BytesMax;

    private const int VersionsMax = 10;
    private const string One = "/api/v1/secrets/{nameOrId}";

    private readonly Turns turns = new();
    private readonly byte[] fingerprintKey = box.DeriveKey("secret fingerprints 1");

    public void Map(IEndpointRouteBuilder routes)
    {
        var resource = Content.Json(Schemas.Reference(KindSchemas.Resource(SecretKind.Kind)));
        routes.MapApi("POST", One + "/versions", SecretKind.Kind.WritePermission, new Operation
        {
            Id = "setSecretValue",
            Summary = $"Set the secret's value: a new version. Of more than {VersionsMax} the oldest is destroyed. The answer does not have it.",
            Tag = SecretKind.Kind.Plural, Status = 201, Parameters = [Parameter.IdempotencyKey, ResourceAccess.Org], Answer = resource,
            Body = Content.Json(Schemas.Closed([("value", Schemas.Text())], "value"),
                example: new JsonObject { ["value"] = "correct horse" }),
        }, SetAsync).InProject().DecidedByResource();
        routes.MapApi("DELETE", One + "/versions/{version}", SecretKind.Kind.WritePermission, new Operation
        {
            Id = "destroySecretVersion", Summary = "Destroy the value of one version for good.", Tag = SecretKind.Kind.Plural,
            Parameters =
                [Parameter.Query("force", "Also the only version of a secret that is in use.", Schemas.Flag()), ResourceAccess.Org],
            Answer = resource, Repeatable = "A version that is gone is not found.",
        }, DestroyAsync).InProject().DecidedByResource();
        routes.MapApi("POST", One + "/reveal", SecretKind.RevealPermission, new Operation
        {
            Id = "revealSecret", Summary = "Show the secret's value. The secret's history shows to whom, and when.",
            Tag = SecretKind.Kind.Plural, Repeatable = "Each time is an entry in the secret's history.",
            Parameters = [Parameter.Query("version", "Left out: the newest.", Schemas.Integer(1, int.MaxValue)), ResourceAccess.Org],
            Answer = Content.Json(Schemas.Members([("version", Schemas.Integer(1, int.MaxValue)), ("value", Schemas.Text())], "version",
                "value")),
        }, RevealAsync).InProject().DecidedByResource().NeedsFreshSignIn();
    }

    private async Task<Result<Answer>> SetAsync(ApiCall call)
    {
        if (!(await access.FindAsync(call, SecretKind.Kind, SecretKind.Kind.WritePermission)).TryGet(out var found,
            out var error)) return error;
        if (!(await ReadValueAsync(call)).TryGet(out var value, out error)) return error;
        // Not the value itself: a hash of a short one, which stays in the log, could be guessed.
        var sent = HMACSHA256.HashData(fingerprintKey, Encoding.UTF8.GetBytes(value));
        return await idempotency.RunAsync(call, found.Caller.Tenant, sent, async () =>
        {
            var caller = found.Caller with { Request = call.Request };
            var (id, key) = (SecretKind.Kind.IdOf(found.Revision.Id), values.NewKey());
            using var turn = await turns.TakeAsync(id, call.Aborted);
            await values.WriteAsync(caller.Tenant, id, key, value, call.Aborted);
            IReadOnlyList<SecretVersion> before = [];
            var changed = await store.ChangeAsync(caller, id, now =>
            {
                before = now.Status.Versions;
                return WithVersion(now, key, caller.Actor);
            }, null, null, call.Aborted);
            if (!changed.TryGet(out var secret, out error))
            {
                await DestroyUnusedAsync(caller, id, key);
                return error;
            }
            await DestroyUnnamedAsync(caller.Tenant, before, secret);
            return Show(secret, 201);
        }, written => Show(store.ToResource(written[0]), 201));
    }

    private async Task<Result<Answer>> DestroyAsync(ApiCall call)
    {
        if (!(await access.FindAsync(call, SecretKind.Kind, SecretKind.Kind.WritePermission)).TryGet(out var found,
            out var error)) return error;
        var name = ResourceDocument.NameOf(found.Revision);
        if (!int.TryParse(call.Route("version"), NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version == 0)
            return SecretErrors.Version(call.Route("version"));
        if (!call.QueryFlag("force").TryGet(out var isForced, out error)) return error;
        // Without any value it is of as little use as if it were gone.
        var isLast = !isForced && store.ToResource(found.Revision).Status.Versions is [var only] && only.Number == version;
        var check = isLast ? guards.FirstOrDefault(g => g.Kind == SecretKind.Kind)?.CheckOf(call.Principal, found.Revision) : null;
        IReadOnlyList<SecretVersion> before = [];
        var changed = await store.ChangeAsync(found.Caller, SecretKind.Kind.IdOf(found.Revision.Id), now =>
        {
            before = now.Status.Versions;
            return before.All(v => v.Number != version) ? SecretErrors.NoVersion(name, version)
                : now with { Status = now.Status with { Versions = [.. before.Where(v => v.Number != version)] } };
        }, null, null, check, call.Aborted);
        if (!changed.TryGet(out var secret, out error)) return error;
        await DestroyUnnamedAsync(found.Caller.Tenant, before, secret);
        return Show(secret, 200);
    }

    /// <summary>It is written down before it is shown: what fails in between was not shown, and what was shown is written down.</summary>
    private async Task<Result<Answer>> RevealAsync(ApiCall call)
    {
        if (!(await access.FindAsync(call, SecretKind.Kind, SecretKind.RevealPermission)).TryGet(out var found,
            out var error)) return error;
        if (!call.QueryInt("version", 0, 1, int.MaxValue).TryGet(out var asked, out error)) return error;
        if (!(await call.ReadBodyAsync(1024, "application/json")).TryGet(out var body, out error)) return error;
        if (!body.IsEmpty) return SecretErrors.NoBody; // the version might be in it
        if (found.Revision.State == SecretKind.Removing) return SecretErrors.Removing;
        var name = ResourceDocument.NameOf(found.Revision);
        SecretVersion? shown = null;
        // One after the other: many that start together reveal the same secret, and each is an entry in its history.
        using var turn = await turns.TakeAsync(SecretKind.Kind.IdOf(found.Revision.Id), call.Aborted);
        var changed = await store.ChangeAsync(found.Caller, SecretKind.Kind.IdOf(found.Revision.Id), now =>
        {
            shown = now.Status.Versions.FirstOrDefault(v => asked == 0 || v.Number == asked);
            if (shown is null) return SecretErrors.NoVersion(name, asked == 0 ? null : asked);
            return now with
            {
                Status = now.Status with { LastReveal = new SecretReveal(shown.Number, time.GetUtcNow(), found.Caller.Actor) },
            };
        }, SecretKind.Reveal, null, call.Aborted);
        if (!changed.TryGet(out var secret, out error)) return error;
        if (await values.ReadAsync(found.Caller.Tenant, secret.Id, shown!.Key, call.Aborted) is not { } value)
            return SecretErrors.Unreadable(name);
        call.Http.Response.Headers.CacheControl = "no-store";
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("version", shown.Number);
            json.WriteString("value", value);
            json.WriteEndObject();
        });
    }

    private Result<Resource<SecretSpec, SecretStatus>> WithVersion(Resource<SecretSpec, SecretStatus> now, string key, string actor)
    {
        if (now.State != SecretKind.Active) return SecretErrors.Removing;
        var version = new SecretVersion(now.Status.LastVersion + 1, key, time.GetUtcNow(), actor);
        return now with
        {
            Status = now.Status with
            {
                LastVersion = version.Number, Versions = [version, .. now.Status.Versions.Take(VersionsMax - 1)],
            },
        };
    }

    /// <summary>
    /// Of a change that failed. One that was written although its answer was lost fails too, when it is sent again, and then names it.
    /// </summary>
    private async Task DestroyUnusedAsync(Caller caller, string id, string key)
    {
        var now = await store.GetAsync(caller with { Request = null }, id, AsOf.Latest, CancellationToken.None);
        if (now.Error?.Kind == ErrorKind.NotFound || (now.IsOk && now.Value.Status.Versions.All(v => v.Key != key)))
            await values.DestroyAsync(caller.Tenant, id, key, CancellationToken.None);
    }

    /// <summary>At once what can be; what is left over by a server that ends here, the controller destroys.</summary>
    private async Task DestroyUnnamedAsync(
        TenantId tenant, IReadOnlyList<SecretVersion> before, Resource<SecretSpec, SecretStatus> now)
    {
        foreach (var version in before.Where(v => now.Status.Versions.All(n => n.Key != v.Key)))
            await values.DestroyAsync(tenant, now.Id, version.Key, CancellationToken.None);
    }

    private static async ValueTask<Result<string>> ReadValueAsync(ApiCall call)
    {
        if (!(await call.ReadObjectAsync(BodyBytesMax, "application/json")).TryGet(out var body, out var error)) return error;
        using (body)
        {
            var members = body.RootElement.EnumerateObject().ToList();
            if (members is not [{ Name: "value", Value: { ValueKind: JsonValueKind.String } text }])
                return SecretErrors.Value("It is the only member, and a text.");
            var value = text.GetString()!;
            return Encoding.UTF8.GetByteCount(value) is > 0 and <= SecretValues.BytesMax
                ? value : SecretErrors.Value($"It takes 1 to {SecretValues.BytesMax} bytes.");
        }
    }

    private static Answer Show(Resource<SecretSpec, SecretStatus> secret, int status) => Answer.Json(json => ResourceJson.Write(json,
        secret), status);
}
