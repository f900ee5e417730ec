using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Resources.Kinds;

namespace Strata.Api.OpenApi;

/// <summary>
/// Writes the API's description (OpenAPI 3.1) from what is mapped: every route with its permission, and every kind with its types.
/// </summary>
internal static class OpenApiDocument
{
    private const string Prefix = "/api/v1/";
    private const string Format = "{format}";

    /// <param name="Format">What is written in place of <c>{format}</c>; null where the path has none.</param>
    private sealed record Form(string Path, RouteEndpoint Endpoint, string? Format);

    public static JsonObject Write(IEnumerable<Endpoint> endpoints, IEnumerable<Kind> kinds, string version) => new()
    {
        ["openapi"] = "3.1.0",
        ["info"] = new JsonObject
        {
            ["title"] = "Strata API",
            ["version"] = version,
            ["description"] = "One shape for every kind of resource: list, get, create, merge-patch, transition, delete, history, watch, and any read as of a time (at).",
            ["contact"] = new JsonObject { ["name"] = "The operator of this cloud" },
            ["license"] = new JsonObject { ["name"] = "Apache-2.0", ["identifier"] = "Apache-2.0" },
        },
        ["servers"] = new JsonArray(new JsonObject { ["url"] = "/", ["description"] = "The cloud that answers this description." }),
        ["tags"] = Tags(endpoints.OfType<RouteEndpoint>(), kinds),
        ["security"] = new JsonArray(new JsonObject { ["token"] = new JsonArray() }),
        ["paths"] = Paths(endpoints.OfType<RouteEndpoint>()),
        ["components"] = new JsonObject
        {
            ["securitySchemes"] =
                new JsonObject { ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["bearerFormat"] = "stk" } },
            ["schemas"] = new JsonObject(KindSchemas.All(kinds).Concat(PathTexts.NamedSchemas(ParametersOf(endpoints)))),
            ["responses"] = new JsonObject { ["Problem"] = ProblemResponse() },
        },
    };

    private static HashSet<string> ParametersOf(IEnumerable<Endpoint> endpoints) =>
        [.. endpoints.OfType<RouteEndpoint>().SelectMany(e => e.RoutePattern.Parameters).Select(p => p.Name)];

    private static JsonObject Paths(IEnumerable<RouteEndpoint> endpoints)
    {
        var paths = new JsonObject();
        foreach (var path in endpoints.SelectMany(Forms).GroupBy(f => f.Path).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            var item = new JsonObject();
            foreach (var (method, form) in path.SelectMany(f => MethodsOf(f.Endpoint).Select(m => (m, f)))
                .OrderBy(m => m.m, StringComparer.Ordinal))
                item[method] = ToOperation(method, form);
            if (item.Count > 0) paths[path.Key] = item;
        }
        return paths;
    }

    /// <summary>
    /// A <c>{format}</c> is written out, because <c>/api/entity/{format}</c> and <c>/api/entity/{entityId}</c> would be one path to a
    /// reader of the description: once as JSON, and where the body may be XML, once as XML.
    /// </summary>
    private static IEnumerable<Form> Forms(RouteEndpoint endpoint)
    {
        var path = PathOf(endpoint);
        if (!path.Contains(Format, StringComparison.Ordinal)) return [new Form(path, endpoint, null)];
        var hasXml = endpoint.Metadata.GetMetadata<Operation>()?.Body?.MediaTypes.Any(IsXml) == true;
        return new[] { "JSON", "XML" }.Take(hasXml ? 2 : 1)
            .Select(f => new Form(path.Replace(Format, f, StringComparison.Ordinal), endpoint, f));
    }

    /// <summary>The operation in the form of a path: its id is unique, and its body of the form's type.</summary>
    private static Operation InForm(Operation operation, string? form) => form is null ? operation : operation with
    {
        Id = form == "XML" ? operation.Id + "AsXml" : operation.Id,
        Body = operation.Body is { } body ? body with { MediaTypes = [.. body.MediaTypes.Where(m => IsXml(m) == (form == "XML"))] } : null,
    };

    private static bool IsXml(string mediaType) => mediaType.EndsWith("xml", StringComparison.Ordinal);

    /// <summary>Of a kind's operations its own description; of the others what <see cref="TagTexts"/> says.</summary>
    private static JsonArray Tags(IEnumerable<RouteEndpoint> endpoints, IEnumerable<Kind> kinds)
    {
        var texts = kinds.ToDictionary(k => k.Plural, k => k.Description, StringComparer.Ordinal);
        var used = endpoints.SelectMany(e => MethodsOf(e).Select(m => (e.Metadata.GetMetadata<Operation>() ?? Undescribed(m, e)).Tag))
            .Distinct().Order(StringComparer.Ordinal);
        return new JsonArray([.. used.Select(t => (JsonNode)new JsonObject
        {
            ["name"] = t, ["description"] = texts.GetValueOrDefault(t) ?? TagTexts.Of(t),
        })]);
    }

    private static JsonObject ToOperation(string method, Form form)
    {
        var endpoint = form.Endpoint;
        var operation = InForm(endpoint.Metadata.GetMetadata<Operation>() ?? Undescribed(method, endpoint), form.Format);
        var permission = endpoint.Metadata.GetMetadata<Access>() is { AnyOf: [_, ..] anyOf } ? string.Join(" or ", anyOf) : null;
        var node = new JsonObject
        {
            ["operationId"] = operation.Id, ["summary"] = operation.Summary, ["description"] = DescriptionOf(operation, permission),
            ["tags"] = new JsonArray(operation.Tag),
        };
        if (permission is not null) node["x-permission"] = permission;
        else node["security"] = new JsonArray();
        if (operation.FieldFilters) node["x-field-filters"] = true;
        if (operation.Repeatable is { } repeatable) node["x-repeatable"] = repeatable;
        var parameters = PathParameters(form).Concat(Parameters(endpoint, operation).Where(p => !p.IsHidden).Select(ToParameter)).ToArray();
        if (parameters.Length > 0) node["parameters"] = new JsonArray(parameters);
        if (operation.Body is { } body)
            node["requestBody"] = new JsonObject { ["required"] = body.Required, ["content"] = ToContent(body) };
        node["responses"] = Responses(operation);
        return node;
    }

    /// <summary>What a caller needs to know before the first call: who may, and whether it may be sent again.</summary>
    private static string DescriptionOf(Operation operation, string? permission)
    {
        var text = permission is null ? "Open to everyone." : $"Needs the permission {permission}.";
        if (operation.Parameters.Any(p => p.Name == Idempotency.Idempotency.Header))
            text += " Sent again with the same Idempotency-Key, it takes effect once.";
        return operation.Repeatable is { } repeatable ? $"{text} May be sent again without a key: {repeatable}" : text;
    }

    /// <summary>An operator may name the organization on every endpoint that requires a caller.</summary>
    private static IEnumerable<Parameter> Parameters(RouteEndpoint endpoint, Operation operation)
    {
        var isOpen = endpoint.Metadata.GetMetadata<Access>() is not { AnyOf: [_, ..] };
        return isOpen || operation.Parameters.Any(p => p.Name == OrganizationChoice.Parameter)
            ? operation.Parameters : [.. operation.Parameters, Organization];
    }

    private static Parameter Organization => Parameter.Query(
        OrganizationChoice.Parameter, "Name or id of the organization; only operators may name another than their own.", Schemas.Text());

    private static JsonObject Responses(Operation operation)
    {
        var success = new JsonObject { ["description"] = operation.Status switch { 201 => "Created.", 204 => "Done.", _ => "Success." } };
        if (operation.Answer is { } answer) success["content"] = ToContent(answer);
        return new JsonObject
        {
            [$"{operation.Status}"] = success,
            ["default"] = new JsonObject { ["$ref"] = "#/components/responses/Problem" },
        };
    }

    private static JsonObject ToContent(Content content)
    {
        var node = new JsonObject();
        foreach (var mediaType in content.MediaTypes)
        {
            node[mediaType] = new JsonObject { ["schema"] = content.Schema.DeepClone() };
            if (content.Example is { } example) node[mediaType]!["example"] = example.DeepClone();
        }
        return node;
    }

    private static JsonNode ToParameter(Parameter parameter) => new JsonObject
    {
        ["name"] = parameter.Name,
        ["in"] = parameter.In,
        ["description"] = parameter.Description,
        ["required"] = parameter.Required,
        ["schema"] = parameter.Schema.DeepClone(),
    };

    private static IEnumerable<JsonNode> PathParameters(Form form) =>
        form.Endpoint.RoutePattern.Parameters.Where(p => form.Path.Contains($"{{{p.Name}}}", StringComparison.Ordinal))
            .Select(p => (JsonNode)PathTexts.Of(p.Name));

    /// <summary>An endpoint that a module mapped without a description is still listed.</summary>
    private static Operation Undescribed(string method, RouteEndpoint endpoint)
    {
        var path = PathOf(endpoint);
        var words = path.Split(['/', '{', '}', '-', '.'], StringSplitOptions.RemoveEmptyEntries)
            .Skip(path.StartsWith(Prefix, StringComparison.Ordinal) ? 2 : 0).ToArray();
        var id = method + string.Concat(words.Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
        return new Operation { Id = id, Summary = endpoint.DisplayName ?? path, Tag = words.FirstOrDefault() ?? "other" };
    }

    private static string PathOf(RouteEndpoint endpoint)
    {
        var path = "/" + endpoint.RoutePattern.RawText?.Trim('/');
        foreach (var parameter in endpoint.RoutePattern.Parameters.Where(
            p => p.ParameterPolicies.Count > 0 || p.IsCatchAll || p.IsOptional))
            path = System.Text.RegularExpressions.Regex.Replace(path, $@"\{{\*{{0,2}}{parameter.Name}[^}}]*\}}", $"{{{parameter.Name}}}");
        return path;
    }

    private static IEnumerable<string> MethodsOf(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Select(m => m.ToLowerInvariant()) ?? [];

    private static JsonObject ProblemResponse() => new()
    {
        ["description"] = "What went wrong, with a stable code and what to do next (RFC 9457).",
        ["content"] = new JsonObject { ["application/problem+json"] = new JsonObject { ["schema"] = Schemas.Reference("Problem") } },
    };
}
