using System.Runtime.CompilerServices;
using System.Text.Json;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary>A search that the server runs on its own, for more than one answer holds: asks, waits, fetches page by page.</summary>
internal static class SearchJob
{
    private const int PageSize = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public static async IAsyncEnumerable<JsonElement> RunAsync(
        Run run, ModelName model, JsonText condition, SearchOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = EntityCalls.With($"/api/search/async/{model.Path}", ("pointInTime", EntityCalls.Rfc3339(options.At)));
        foreach (var key in options.Sort is { } sort ? SortExpression.Parse([sort]).Value : [])
            path = EntityCalls.With(path, ("sort", key));
        var id = (await run.CallAsync(new ApiRequest(HttpMethod.Post, path) { Body = condition.Utf8 }, cancellationToken)).GetString()!;
        var found = Math.Min(await WaitAsync(run, id, cancellationToken), options.Limit ?? long.MaxValue);
        for (var number = 0; number * (long)PageSize < found; number++)
        {
            var page = await run.GetAsync($"/api/search/async/{id}?pageSize={PageSize}&pageNumber={number}", cancellationToken);
            var left = (int)Math.Min(found - (number * (long)PageSize), PageSize);
            foreach (var entity in page.GetProperty("content").EnumerateArray().Take(left)) yield return entity;
        }
    }

    private static async Task<long> WaitAsync(Run run, string id, CancellationToken cancellationToken)
    {
        run.Say($"Search {id} runs.");
        for (; ; await Task.Delay(Pause, run.Terminal.Time, cancellationToken))
        {
            var status = await run.GetAsync($"/api/search/async/{id}/status", cancellationToken);
            var word = status.Text("searchJobStatus");
            if (word == "SUCCESSFUL") return status.Number("entitiesCount") ?? 0;
            if (word != "RUNNING") throw Ended(id, word, status.Text("message")).ToException();
        }
    }

    private static Error Ended(string id, string status, string message) => new(
        ErrorKind.Unavailable, "SEARCH_" + status, $"Search {id} ended as {status}{(message.Length > 0 ? ": " + message : ".")}",
        "Narrow the condition and search again.");
}
