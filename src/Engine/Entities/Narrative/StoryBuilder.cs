using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Entities.Narrative;

/// <summary>Builds the story of one entity from its audit trail. Stateless; safe for concurrent use.</summary>
public static class StoryBuilder
{
    /// <summary>Commits included; older ones are left out.</summary>
    public const int ChaptersMax = 200;

    /// <summary>Null where there never was such an entity.</summary>
    public static async ValueTask<Story?> BuildAsync(EntityEngine engine, Caller caller, EntityId id, CancellationToken cancellationToken)
    {
        var trail = await engine.Log.TrailAsync(caller.Tenant, id, null, ChaptersMax + 1, cancellationToken);
        if (trail.Count == 0) return null;
        var included = trail.Take(ChaptersMax).Reverse().ToList();
        return new Story
        {
            Entity = trail[0],
            Since = Since(included),
            Chapters = Chapters(included, !trail.IsLast),
            IsCut = !trail.IsLast,
            Waits = trail[0].Deleted ? [] : await WaitsAsync(engine, caller, id, cancellationToken),
        };
    }

    private static List<Chapter> Chapters(List<EntityRevision> revisions, bool isCut)
    {
        var chapters = new List<Chapter>(revisions.Count);
        string? workflow = null;
        for (var i = 0; i < revisions.Count; i++)
        {
            var isCreation = i == 0 && !isCut && revisions[i].CreatedAt == revisions[i].ChangedAt;
            var writer = new ChapterWriter(revisions[i], isCreation, workflow);
            chapters.Add(writer.Write());
            workflow = writer.Workflow;
        }
        return chapters;
    }

    private static DateTimeOffset Since(List<EntityRevision> revisions)
    {
        var at = revisions.Count - 1;
        if (revisions[at].Deleted) return revisions[at].ChangedAt;
        while (at > 0 && revisions[at - 1].State == revisions[^1].State && !revisions[at - 1].Deleted) at--;
        return revisions[at].ChangedAt;
    }

    /// <summary>A dry run of the loopback shows what would stop it.</summary>
    private static async ValueTask<IReadOnlyList<string>> WaitsAsync(
        EntityEngine engine, Caller caller, EntityId id, CancellationToken cancellationToken)
    {
        var armed = await engine.Log.SchedulesAsync(caller.Tenant, id, cancellationToken);
        var tried = await engine.DryRunAsync(caller, id, current => current.Document, null, cancellationToken);
        return tried.TryGet(out var run, out var error) ? [.. WaitReasons.Of(run, armed)] : [WaitReasons.OfFailure(error)];
    }
}
