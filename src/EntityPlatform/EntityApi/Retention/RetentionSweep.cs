using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Retention;

/// <summary>How superseded revisions are dropped.</summary>
internal sealed record RetentionOptions
{
    /// <summary>Between the looks at all rules.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// The time between refusing reads of an older past and dropping its revisions: reads that began before it end within it.
    /// </summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>
/// Applies the retention rules of models: looks for superseded revisions, notes the horizon in each model that has some, waits for the
/// reads under way, drops page by page, and notes how many. Broken off at any step it is done again by the next look; at most the number
/// noted is then too low.
/// </summary>
internal sealed class RetentionSweep(
    IEntityLog log, IRetention retention, ModelCatalog catalog, RetentionOptions options, TimeProvider time)
{
    private const string Actor = "controller:retention-rules";

    /// <summary>Of a whole page of models together: they wait for the reads under way but once.</summary>
    public async Task RunAllAsync(Fence? fence, CancellationToken cancellationToken)
    {
        var scan = new Scan { Tenant = null, Model = StoredModel.Key };
        await foreach (var page in log.PagesAsync(scan, cancellationToken)) await RunAsync(fence, page, cancellationToken);
    }

    public async Task RunAsync(Fence? fence, IEnumerable<EntityRevision> models, CancellationToken cancellationToken)
    {
        var begun = new List<Superseded>();
        foreach (var model in models)
        {
            if (!model.Deleted && ModelRetention.DaysOf(model) is { } days
                && await BeginAsync(fence, model, days, cancellationToken) is { } superseded) begun.Add(superseded);
        }
        if (begun.Count == 0) return;
        await Task.Delay(options.Grace, time, cancellationToken);
        foreach (var superseded in begun) await DropAsync(fence, superseded, cancellationToken);
    }

    /// <summary>Null if there is nothing to drop: then nothing is recorded either.</summary>
    private async ValueTask<Superseded?> BeginAsync(Fence? fence, EntityRevision model, int days, CancellationToken cancellationToken)
    {
        var superseded = new Superseded { Tenant = model.Tenant, Model = ModelRetention.KeyOf(model),
            Horizon = time.GetUtcNow() - TimeSpan.FromDays(days) };
        if (!await HasSomeAsync(superseded, cancellationToken)) return null;
        var noted = await catalog.BeginDropAsync(
            new Caller(model.Tenant, Actor) { Fence = fence }, superseded.Model, superseded.Horizon, cancellationToken);
        return noted.IsOk ? superseded : null; // the model is gone, or too busy until the next look
    }

    private async ValueTask<bool> HasSomeAsync(Superseded superseded, CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await retention.CountAsync(superseded with { Limit = 1 }, cancellationToken);
            if (page.Revisions > 0 || page.IsLast) return page.Revisions > 0;
            superseded = superseded with { After = page.Next };
        }
    }

    private async ValueTask DropAsync(Fence? fence, Superseded superseded, CancellationToken cancellationToken)
    {
        var dropped = 0L;
        var asked = superseded;
        while (true)
        {
            var page = await retention.DropAsync(asked, cancellationToken);
            dropped += page.Revisions;
            if (page.IsLast) break;
            asked = asked with { After = page.Next };
        }
        await catalog.EndDropAsync(
            new Caller(superseded.Tenant, Actor) { Fence = fence }, superseded.Model, dropped, time.GetUtcNow(), cancellationToken);
    }
}
