using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;

namespace Strata.EntityApi.Entities;

/// <summary>
/// Reports a deletion while it runs, so that the ids are never held in memory, however many there are. A failure at the first page is the
/// request's failure; later, when ids may have been sent, the connection is aborted.
/// </summary>
internal sealed class DeletionAnswer(ModelKey model, IAsyncEnumerator<DeletedPage> pages, KeyedRequest? keyed, bool verbose) : Answer
{
    private const int ErrorsMax = 1_000;

    private readonly Dictionary<EntityId, Error> errors = [];
    private long matched;
    private long removed;

    /// <summary>Deletes the first page.</summary>
    public static async Task<Result<Answer>> StartAsync(
        ModelDeletion deletion, KeyedRequest? keyed, bool verbose, CancellationToken cancellationToken)
    {
        var answer = new DeletionAnswer(
            deletion.Model, deletion.RunAsync(keyed, cancellationToken).GetAsyncEnumerator(cancellationToken), keyed, verbose);
        try
        {
            return await answer.NextAsync() ? answer : await answer.EmptyAsync();
        }
        catch
        {
            await answer.EndAsync();
            throw;
        }
    }

    public override async Task ExecuteAsync(HttpContext httpContext)
    {
        try
        {
            await WriteAsync(httpContext);
        }
        finally
        {
            await EndAsync();
        }
    }

    private async Task<Result<Answer>> EmptyAsync()
    {
        await EndAsync();
        return Json(json =>
        {
            WriteStart(json);
            WriteEnd(json);
        });
    }

    private async Task WriteAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json";
        var body = http.Response.BodyWriter;
        var json = new Utf8JsonWriter(body, WriterOptions);
        WriteStart(json);
        do
        {
            Count(pages.Current);
            if (!verbose) continue;
            foreach (var id in pages.Current.Deleted) json.WriteStringValue(id.Value);
            json.Flush();
            await body.FlushAsync(http.RequestAborted);
        }
        while (await NextAsync());
        WriteEnd(json);
        json.Flush();
        await body.FlushAsync(http.RequestAborted);
    }

    private ValueTask<bool> NextAsync() => pages.MoveNextAsync();

    private void Count(DeletedPage page)
    {
        matched += page.Matched;
        removed += page.Deleted.Count;
        foreach (var (id, error) in page.Errors.Take(ErrorsMax - errors.Count)) errors[id] = error;
    }

    private void WriteStart(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("entityModelClassId", StoredModel.IdOf(model).Value);
        json.WriteStartArray("ids");
    }

    /// <summary>The spelling of the counts is the contract's.</summary>
    private void WriteEnd(Utf8JsonWriter json)
    {
        json.WriteEndArray();
        json.WriteStartObject("deleteResult");
        json.WriteNumber("numberOfEntitites", matched);
        json.WriteNumber("numberOfEntititesRemoved", removed);
        json.WriteStartObject("idToError");
        foreach (var (id, error) in errors) json.WriteString(id.ToString(), $"{error.Code}: {error.Message}");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private async ValueTask EndAsync()
    {
        await pages.DisposeAsync();
        keyed?.Dispose();
    }
}
