using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Servers;

namespace Strata.Secrets.DataKeys;

/// <summary>/api/v1/encryption: the cloud's own keys, and their replacement. For operators.</summary>
internal sealed class EncryptionEndpoints(CloudKeys keys, ServerDirectory servers, ILeases leases, TimeProvider time)
{
    private const string Path = "/api/v1/encryption";
    private const string Tag = "encryption";
    private const string LeaseName = "keys";
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(30);

    public void Map(IEndpointRouteBuilder routes)
    {
        var (read, write) = (DataKeyKind.Kind.ReadPermission, DataKeyKind.Kind.WritePermission);
        routes.MapApi("GET", Path, read, new Operation
        {
            Id = "getEncryption", Summary = "The cloud's keys, by name: which master keys have wrapped them, and which data key seals.",
            Tag = Tag,
            Answer = Content.Json(Schemas.Members(
                [
                    ("masterKey", Schemas.Text()), ("source", Schemas.Text()), ("isMasterKeyBeingReplaced", Schemas.Flag()),
                    ("sealing", Schemas.Text()),
                    ("keys", Schemas.List(Schemas.Members(
                        [("name", Schemas.Text()), ("from", Schemas.Time()), ("masterKeys", Schemas.List(Schemas.Text()))],
                        "name", "from", "masterKeys"))),
                ], "masterKey", "source", "isMasterKeyBeingReplaced", "keys")),
        }, GetAsync);
        routes.MapApi("POST", Path + "/rotate-data-key", write, new Operation
        {
            Id = "rotateDataKey", Summary = "Make another data key; everything is sealed again under it while the cloud runs.", Tag = Tag,
            Status = 201, Repeatable = "A second one is refused until the first is in use.",
            Answer = Content.Json(Schemas.Members([("name", Schemas.Text()), ("from", Schemas.Time())], "name", "from")),
        }, RotateDataKeyAsync).NeedsFreshSignIn();
        routes.MapApi("POST", Path + "/rotate-master-key", write, new Operation
        {
            Id = "rotateMasterKey",
            Summary = "Wrap all keys under a new master key too; the present one stays valid until this is finished.",
            Tag = Tag, Repeatable = "A second one is refused until the first is finished.",
            Answer = Content.Json(Schemas.Members(
                [("masterKey", Schemas.Text()), ("source", Schemas.Text()), ("servers", Schemas.List(Schemas.Text()))],
                "masterKey", "source", "servers")),
        }, RotateMasterKeyAsync).NeedsFreshSignIn();
        routes.MapApi("POST", Path + "/finish-master-key", write, new Operation
        {
            Id = "finishMasterKey", Summary = "End the replacement of the master key: the previous one opens nothing any more.", Tag = Tag,
            Parameters = [Parameter.Query("force", "True: although other servers run.", Schemas.Flag())],
            Status = 204, Repeatable = "Once it is done, it is refused and changes nothing.",
        }, FinishAsync).NeedsFreshSignIn();
    }

    private async Task<Result<Answer>> GetAsync(ApiCall call)
    {
        if (!call.Principal.IsOperator) return ApiErrors.OperatorNeeded;
        var stored = await keys.StoredAsync(call.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("masterKey", keys.Masters.Current.Id);
            json.WriteString("source", keys.Source.Description);
            json.WriteBoolean("isMasterKeyBeingReplaced", stored.Values.Any(k => k.Wraps.Keys.Any(id => id != keys.Masters.Current.Id)));
            if (keys.Sealing is { } sealing) json.WriteString("sealing", sealing.Id);
            json.WriteStartArray("keys");
            foreach (var (name, key) in stored.OrderBy(k => k.Value.From)) Write(json, name, key);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, string name, WrappedKey key)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("from", key.From);
        json.WriteStartArray("masterKeys");
        foreach (var id in key.Wraps.Keys) json.WriteStringValue(id);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private async Task<Result<Answer>> RotateDataKeyAsync(ApiCall call)
    {
        if (!call.Principal.IsOperator) return ApiErrors.OperatorNeeded;
        await using var alone = await AloneAsync(call);
        if (alone is null) return EncryptionErrors.Busy;
        var rotated = await keys.RotateDataKeyAsync(call.Caller, alone.Fence, call.Aborted);
        if (!rotated.TryGet(out var made, out var error)) return error;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("name", made.Name);
            json.WriteString("from", made.From);
            json.WriteEndObject();
        }, 201);
    }

    private async Task<Result<Answer>> RotateMasterKeyAsync(ApiCall call)
    {
        if (!call.Principal.IsOperator) return ApiErrors.OperatorNeeded;
        await using var alone = await AloneAsync(call);
        if (alone is null) return EncryptionErrors.Busy;
        if (!(await keys.RotateMasterKeyAsync(alone.Fence, call.Aborted)).TryGet(out var id, out var error)) return error;
        var others = servers.Others.Select(s => s.Name).ToList();
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("masterKey", id);
            json.WriteString("source", keys.Source.Description);
            json.WriteStartArray("servers");
            foreach (var name in others) json.WriteStringValue(name);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task<Result<Answer>> FinishAsync(ApiCall call)
    {
        if (!call.Principal.IsOperator) return ApiErrors.OperatorNeeded;
        if (!call.QueryFlag("force").TryGet(out var isForced, out var error)) return error;
        var others = servers.Others.Select(s => s.Name).ToList();
        if (others.Count > 0 && !isForced) return EncryptionErrors.ServersMissing(others);
        await using var alone = await AloneAsync(call);
        if (alone is null) return EncryptionErrors.Busy;
        var finished = await keys.FinishMasterKeyAsync(alone.Fence, call.Aborted);
        return finished.IsOk ? Answer.NoContent : finished.Error;
    }

    /// <summary>Two servers that replace keys at the same time could each wrap under a key that the other does not have.</summary>
    private ValueTask<HeldLease?> AloneAsync(ApiCall call) =>
        HeldLease.TryTakeAsync(leases, LeaseName, HeldLease.NewHolder(time), LeaseTime, time, call.Aborted);
}
