using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Migration;

/// <summary>POST /api/model/{name}/{version}/migrate: moves a model's entities to another version of it.</summary>
internal sealed class MigrationEndpoint(EntityEngine engine, ModelCatalog catalog)
{
    private const string Lines = "application/x-ndjson";
    private const int BatchMax = 500;

    private static readonly string[] Members = ["to", "rules", "dryRun", "transactionSize"];

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapApi("POST", "/api/model/{entityName}/{modelVersion}/migrate", "entities.write", new Operation
    {
        Id = "migrateEntities",
        Summary = "Move the entities of a model to another version of it by a mapping, or try it with dryRun; "
            + "sent again, it continues. One line of progress after each transaction.",
        Tag = "model",
        Body = Content.Json(Body(), example: new JsonObject { ["to"] = 2, ["rules"] = new JsonArray(), ["dryRun"] = true }),
        Answer = AnswerSchemas.Of("migrateEntities", Lines),
        Repeatable = "It continues with the entities that have not been moved yet.",
    }, MigrateAsync);

    private static JsonObject Body() => Schemas.Closed(
        [
            ("to", Schemas.Integer(1, int.MaxValue)), ("rules", Schemas.List(Schemas.Object())), ("dryRun", Schemas.Flag()),
            ("transactionSize", Schemas.Integer(1, BatchMax)),
        ], "to");

    private async Task<Result<Answer>> MigrateAsync(ApiCall call)
    {
        if (!(await ModelTarget.KnownAsync(call, catalog)).TryGet(out var target, out var error)) return error;
        var read = await call.ReadObjectAsync(EntityCall.BodyBytesMax(call), "application/json");
        if (!read.IsOk) return read.Error;
        using var body = read.Value;
        if (!Read(target, body.RootElement).TryGet(out var plan, out error)) return error;
        if (!(await catalog.GetAsync(target.Caller, plan.To, AsOf.Latest, call.Aborted)).TryGet(out var model, out error)) return error;
        if (model.State != StoredModel.Locked)
            return new Error(ErrorKind.Conflict, "MODEL_NOT_LOCKED", $"The model {plan.To} is not locked, so it holds no entities yet.",
                "Lock it first.");
        return Answer.Stream(http => RunAsync(http, plan));
    }

    private static Result<MigrationPlan> Read(ModelTarget target, JsonElement body)
    {
        var faults = body.EnumerateObject().Where(m => !Members.Contains(m.Name)).Take(1)
            .Select(m => new ValidationError("body", $"It takes {string.Join(", ", Members)}.")).ToList();
        var to = ReadNumber(body, "to", 0, int.MaxValue, faults);
        if (to == target.Model.Version) faults.Add(new ValidationError("to", "It must be another version."));
        var size = ReadNumber(body, "transactionSize", 100, BatchMax, faults);
        var isDry = body.TryGetProperty("dryRun", out var dry) && dry.ValueKind == JsonValueKind.True;
        if (dry.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.True or JsonValueKind.False))
            faults.Add(new ValidationError("dryRun", "It must be true or false."));
        var mapping = EntityMapping.Read(body.TryGetProperty("rules", out var rules) ? rules : JsonElement.Parse("[]"), faults);
        if (faults.Count > 0)
            return new Error(ErrorKind.Invalid, "BAD_REQUEST",
                $"The migration is not valid: {faults[0].Field}: {faults[0].Message}") { Faults = faults };
        return new MigrationPlan(
            target.Caller with { KeepsModels = true }, target.Model, target.Model with { Version = to }, mapping, size, isDry);
    }

    /// <param name="otherwise">0: it must be there.</param>
    private static int ReadNumber(JsonElement body, string name, int otherwise, int max, List<ValidationError> faults)
    {
        if (!body.TryGetProperty(name, out var member) && otherwise > 0) return otherwise;
        if (member.ValueKind == JsonValueKind.Number && member.TryGetInt32(out var value) && value >= 1 && value <= max) return value;
        faults.Add(new ValidationError(name, $"It must be a whole number from 1 to {max}."));
        return 0;
    }

    private async Task RunAsync(HttpContext http, MigrationPlan plan)
    {
        http.Response.ContentType = Lines;
        http.Response.Headers["X-Accel-Buffering"] = "no";
        var migrator = new Migrator(engine, plan);
        await migrator.RunAsync(() => WriteAsync(http, json => WriteCounts(json, "progress", plan, migrator)), http.RequestAborted);
        await WriteAsync(http, json =>
        {
            WriteCounts(json, "end", plan, migrator);
            WriteFailures(json, migrator.Failures);
        });
    }

    private static void WriteCounts(Utf8JsonWriter json, string type, MigrationPlan plan, Migrator migrator)
    {
        json.WriteString("type", type);
        if (plan.DryRun) json.WriteBoolean("dryRun", true);
        json.WriteNumber("seen", migrator.Seen);
        json.WriteNumber("moved", migrator.Moved);
        json.WriteNumber("failed", migrator.Failed);
    }

    private static void WriteFailures(Utf8JsonWriter json, IReadOnlyList<MigrationFailure> failures)
    {
        json.WriteStartArray("failures");
        foreach (var failure in failures)
        {
            json.WriteStartObject();
            json.WriteString("entityId", failure.Entity.Value);
            json.WriteString("code", failure.Error.Code);
            json.WriteString("message", failure.Error.Message);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static async Task WriteAsync(HttpContext http, Action<Utf8JsonWriter> members)
    {
        var body = http.Response.BodyWriter;
        using (var json = new Utf8JsonWriter(body, Answer.WriterOptions))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        body.GetSpan(1)[0] = (byte)'\n';
        body.Advance(1);
        await body.FlushAsync(http.RequestAborted);
    }
}

/// <summary>Registers the migration of entities.</summary>
internal static class MigrationModule
{
    public static IServiceCollection AddMigration(this IServiceCollection services) => services.AddSingleton<MigrationEndpoint>();

    public static void MapMigration(this IEndpointRouteBuilder routes) =>
        routes.ServiceProvider.GetRequiredService<MigrationEndpoint>().Map(routes);
}
