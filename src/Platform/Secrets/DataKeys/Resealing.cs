using System.Text.Json.Nodes;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;
using Strata.Secrets.Values;

namespace Strata.Secrets.DataKeys;

/// <summary>The kinds whose resources hold sealed texts.</summary>
internal sealed record SealedKinds(IReadOnlyList<Kind> All);

/// <summary>
/// Seals again, under the newest data key, what an older one has sealed, and then has the older one destroyed. Begins with the term and
/// with each new key. One server does it at a time; what it was cut off in begins again, and passes over what is done.
/// </summary>
internal sealed class Resealing(
    CloudKeys keys, SecretValues values, SealedKinds kinds, EntityEngine engine, IDurableValues durable, ILeases leases,
    TimeProvider time, Supervisor supervisor) : LeasedService("resealing", leases, time, supervisor)
{
    private const string DoneName = "resealing/done";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly Caller Cloud = new(TenantId.Platform, "system:resealing");

    private readonly TimeProvider time = time;
    private readonly IReadOnlyList<KindStore> stores =
        [.. kinds.All.Select(k => new KindStore(engine, k, time))];

    protected override async Task RunTermAsync(SupervisedWork work, Fence fence, CancellationToken term)
    {
        while (true)
        {
            await RunAsync(fence, term);
            work.Succeeded();
            await Task.Delay(Interval, time, term);
        }
    }

    /// <summary>One round: costs one small read while no key is new.</summary>
    internal async Task RunAsync(Fence? fence, CancellationToken cancellationToken)
    {
        // Until every server seals under the newest key, a pass would leave something behind.
        if (keys.SealingEverywhere is not { } current) return;
        var done = await durable.ReadAsync(TenantId.Platform, DoneName, cancellationToken);
        var isDone = done?.To(WireJson.Of<string>()) == current.Id;
        if (!isDone) await ResealAsync(fence, cancellationToken);
        // A server that learned of the new key late may have sealed under the old one since: it goes once nothing is found.
        if (keys.Outdated.Count > 0 && await ResealAsync(fence, cancellationToken) == 0)
            await keys.DestroyOldAsync(fence, cancellationToken);
        if (!isDone)
        {
            await durable.WriteAsync(TenantId.Platform, DoneName, JsonText.From(current.Id, WireJson.Of<string>()), fence,
                cancellationToken);
        }
    }

    /// <returns>How many texts an older key had sealed.</returns>
    private async Task<int> ResealAsync(Fence? fence, CancellationToken cancellationToken)
    {
        var count = await values.ResealAsync(fence, cancellationToken);
        foreach (var store in stores) count += await ResealAsync(store, fence, cancellationToken);
        return count;
    }

    private async Task<int> ResealAsync(KindStore store, Fence? fence, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var found in store.AllAsync(null, null, cancellationToken))
        {
            if (Reseal(store.Kind, found) is null) continue;
            var caller = Cloud with { Tenant = found.Tenant, Fence = fence };
            var changed = await store.ChangeAsync(
                caller, store.Kind.IdOf(found.Id), now => Reseal(store.Kind, now) ?? now.Document, null, null, cancellationToken);
            if (!changed.IsOk && changed.Error.Kind != ErrorKind.NotFound) throw changed.Error.ToException();
            count++;
        }
        return count;
    }

    /// <returns>Null where nothing is to be sealed again. What does not open stays: it would not open later either.</returns>
    private JsonText? Reseal(Kind kind, EntityRevision entity)
    {
        JsonObject? document = null;
        foreach (var member in kind.SealedStatus)
        {
            if (ResourceDocument.ReadText(entity.Document, "status", member.Name) is not { } text || keys.Secrets.IsCurrent(text)) continue;
            var context = member.ContextOf(entity);
            if (keys.Secrets.Open(text, context) is not { } secret) continue;
            document ??= JsonNode.Parse(entity.Document.Utf8.Span)!.AsObject();
            document["status"]![member.Name] = keys.Secrets.Seal(secret, context);
        }
        return document is null ? null : JsonText.FromString(document.ToJsonString(WireJson.Options));
    }
}
