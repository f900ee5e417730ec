using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Entities.Narrative;

/// <summary>Tells the story of one entity out of its audit trail. Stateless; safe for concurrent use.</summary>
public static class StoryTeller
{
    /// <summary>Commits told of; older ones are left out.</summary>
    public const int ChaptersMax = 200;

    /// <summary>Null where there never was such an entity.</summary>
    public static async ValueTask<Story?> TellAsync(EntityEngine engine, Caller caller, EntityId id, CancellationToken cancellationToken)
    {
        var trail = await engine.Log.TrailAsync(caller.Tenant, id, null, ChaptersMax + 1, cancellationToken);
        if (trail.Count == 0) return null;
        var told = trail.Take(ChaptersMax).Reverse().ToList();
        return new Story
        {
            Entity = trail[0],
            Since = Since(told),
            Chapters = Chapters(told, !trail.IsLast),
            IsCut = !trail.IsLast,
            Waits = trail[0].Deleted ? [] : await WaitsAsync(engine, caller, id, cancellationToken),
        };
    }

    private static List<Chapter> Chapters(List<EntityRevision> told, bool isCut)
    {
        var chapters = new List<Chapter>(told.Count);
        string? workflow = null;
        for (var i = 0; i < told.Count; i++)
        {
            var writer = new ChapterWriter(told[i], isCreation: i == 0 && !isCut && told[i].CreatedAt == told[i].ChangedAt, workflow);
            chapters.Add(writer.Write());
            workflow = writer.Workflow;
        }
        return chapters;
    }

    private static DateTimeOffset Since(List<EntityRevision> told)
    {
        var at = told.Count - 1;
        if (told[at].Deleted) return told[at].ChangedAt;
        while (at > 0 && told[at - 1].State == told[^1].State && !told[at - 1].Deleted) at--;
        return told[at].ChangedAt;
    }

    /// <summary>A loopback that is only tried says what would hold it back.</summary>
    private static async ValueTask<IReadOnlyList<string>> WaitsAsync(EntityEngine engine, Caller caller, EntityId id, CancellationToken cancellationToken)
    {
        var armed = await engine.Log.SchedulesAsync(caller.Tenant, id, cancellationToken);
        var tried = await engine.DryRunAsync(caller, id, current => current.Document, null, cancellationToken);
        return tried.TryGet(out var run, out var error) ? [.. WaitReasons.Of(run, armed)] : [WaitReasons.OfFailure(error)];
    }
}
