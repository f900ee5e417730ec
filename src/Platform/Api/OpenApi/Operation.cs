using System.Text.Json.Nodes;

namespace Strata.Api.OpenApi;

/// <summary>What the API's description says of an endpoint. Also enforced: a query parameter that is not listed here is refused.</summary>
public sealed record Operation
{
    /// <summary>Unique, camelCase, for example <c>listDeployments</c>.</summary>
    public required string Id { get; init; }

    /// <summary>One sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>The heading it is listed under, for example <c>deployments</c>.</summary>
    public required string Tag { get; init; }

    /// <summary>All but those in the path, which the pattern names.</summary>
    public IReadOnlyList<Parameter> Parameters { get; init; } = [];

    /// <summary>Also takes <c>spec.x</c>, <c>status.x</c> and <c>labels.x</c> as query parameters.</summary>
    public bool FieldFilters { get; init; }

    public Content? Body { get; init; }
    public int Status { get; init; } = 200;

    /// <summary>Of a success; null: nothing.</summary>
    public Content? Answer { get; init; }

    /// <summary>
    /// Why this write may be sent again without an Idempotency-Key, in a sentence. Null for GET and HEAD, and for writes that take a key
    /// (<see cref="Parameter.IdempotencyKey"/>): each write is one or the other.
    /// </summary>
    public string? Repeatable { get; init; }
}

/// <summary>One parameter of an endpoint.</summary>
/// <param name="In"><c>query</c> or <c>header</c>.</param>
public sealed record Parameter(string Name, string In, string Description, JsonNode Schema, bool Required = false)
{
    /// <summary>Accepted and not described, because it has no effect on this endpoint.</summary>
    public bool IsHidden { get; init; }

    public static Parameter Query(string name, string description, JsonNode schema) => new(name, "query", description, schema);

    public static Parameter Header(string name, string description) => new(name, "header", description, Schemas.Text());

    /// <summary>Of each write that takes effect once for its key.</summary>
    public static Parameter IdempotencyKey =>
        Header(Idempotency.Idempotency.Header, "One key per request: sent again, it takes effect once and is answered the same.");
}

/// <summary>A body or an answer.</summary>
/// <param name="MediaTypes">At least one; the first is the one to use.</param>
/// <param name="Example">Null where the schema says it all.</param>
public sealed record Content(IReadOnlyList<string> MediaTypes, JsonNode Schema, bool Required = true, JsonNode? Example = null)
{
    public static Content Json(JsonNode schema, bool required = true, JsonNode? example = null) =>
        new(["application/json"], schema, required, example);
}
