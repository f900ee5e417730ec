using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Resources.Versions;

/// <summary>
/// Writes documents of older versions again, as the present version, so that conditions find them by what they say now. Starts with the
/// server and checks again at intervals, because a server of the older program may still write. History stays as it was written, and is
/// upcast when it is read.
/// </summary>
public sealed partial class KindUpgrade(
    EntityEngine engine, KindVersions versions, ILeases leases, TimeProvider time, Supervisor supervisor, ILogger<KindUpgrade> logger)
    : LeasedService("kind-upgrade", leases, time, supervisor)
{
    private const string Actor = "system:kind-upgrade";
    private static readonly TimeSpan LookEvery = TimeSpan.FromHours(1);

    private readonly TimeProvider time = time;

    protected override async Task RunTermAsync(SupervisedWork work, Fence fence, CancellationToken term)
    {
        while (true)
        {
            foreach (var kind in versions.Changed)
            {
                var written = await UpgradeAsync(kind, fence, term);
                if (written > 0) Upgraded(kind.Plural, written, kind.Version);
            }
            work.Succeeded();
            await Task.Delay(LookEvery, time, term);
        }
    }

    /// <returns>How many were written again.</returns>
    internal async Task<int> UpgradeAsync(Kind kind, Fence? fence, CancellationToken cancellationToken)
    {
        var written = 0;
        await foreach (var old in new KindStore(engine, kind, time).AllAsync(null, IsOlder(kind), cancellationToken))
        {
            if (ResourceDocument.VersionOf(old.Document) < kind.Version) continue; // no upcaster could read it, which is reported
            var caller = new Caller(old.Tenant, Actor) { Fence = fence };
            var result = await engine.UpdateAsync(
                caller, kind.Model, old.Id, current => current.Document, null, old.Revision, cancellationToken);
            if (result.IsOk) written++;
            else if (result.Error.Code == EngineErrors.LeaseLost) throw result.Error.ToException(); // another server continues
            else if (result.Error.Code is not (EngineErrors.EntityModified or EngineErrors.EntityNotFound))
                NotUpgraded(kind.IdOf(old.Id), result.Error);
        }
        return written;
    }

    /// <summary>Documents of a newer program, which has begun to replace this one, are left alone.</summary>
    private static Condition IsOlder(Kind kind) => new Condition.Not(new Condition.Compare(
        new Field.Path(JsonPath.Parse("$." + ResourceDocument.VersionMember)), Operator.GreaterOrEqual,
        [JsonText.FromString($"{kind.Version}")]));

    /// <summary>One resource must not keep the others from it; it is tried again at the next look.</summary>
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Resource} could not be rewritten in its current version: {Reason}")]
    private partial void NotUpgraded(string resource, Error reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Rewrote {Count} {Kind} in version {Version}")]
    private partial void Upgraded(string kind, int count, int version);
}
