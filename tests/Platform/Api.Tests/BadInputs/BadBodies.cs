using System.Text;
using System.Text.Json.Nodes;
using Strata.Core;

namespace Strata.Api.Tests.BadInputs;

/// <summary>
/// Makes JSON bodies that no endpoint may accept: broken as text whatever the schema, or right as text and wrong by the schema.
/// </summary>
internal sealed class BadBodies(ApiDescription description, Random random)
{
    public byte[] Make(DescribedEndpoint endpoint) =>
        random.Next(2) == 0 && WrongBySchema(endpoint) is { } wrong ? Encoding.UTF8.GetBytes(wrong) : BrokenText();

    /// <summary>Not JSON, or JSON that cannot be kept.</summary>
    private byte[] BrokenText() => random.Next(22) switch
    {
        0 => "{"u8.ToArray(),
        1 => """{"name":"a","spec":{}"""u8.ToArray(),
        2 => "nul"u8.ToArray(),
        3 => [0xff, 0xfe, 0x7b, 0x7d],
        4 => [0xef, 0xbb, 0xbf, .. "{}}"u8],
        5 => [.. "{\"name\":\""u8, 0xc3, 0x28, .. "\"}"u8],
        6 => [.. "{\"name\":\""u8, 0xed, 0xa0, 0x80, .. "\"}"u8],
        7 => Encoding.UTF8.GetBytes("{\"name\":\"\\ud800\"}"),
        8 => Encoding.UTF8.GetBytes("{\"name\":\"a\\u0000b\"}"),
        9 => Encoding.UTF8.GetBytes("{\"\\u0000\":1}"),
        10 => """{"name":"a","name":"b"}"""u8.ToArray(),
        11 => """{"spec":{"a":1,"a":2}}"""u8.ToArray(),
        12 => Encoding.UTF8.GetBytes(new string('[', random.Next(101, 20_000))),
        13 => Encoding.UTF8.GetBytes(Nested(random.Next(101, 5_000))),
        14 => Encoding.UTF8.GetBytes("{\"n\":" + new string('9', random.Next(JsonGuard.NumberLengthMax + 1, 20_000)) + "}"),
        15 => """{"n":1e99999}"""u8.ToArray(),
        16 => """{"n":-1e-4000000}"""u8.ToArray(),
        17 => """{"n":01,"m":.5,"k":+1}"""u8.ToArray(),
        18 => "{'name':'a'}"u8.ToArray(),
        19 => """{"a":1}{"b":2}"""u8.ToArray(),
        20 => Noise(random.Next(1, 300)),
        _ => "{\"a\":1,}/* c */"u8.ToArray(),
    };

    /// <summary>A body of the right form with one thing wrong; null where the schema allows everything.</summary>
    private string? WrongBySchema(DescribedEndpoint endpoint)
    {
        if (endpoint.Body is not JsonObject schema || schema["type"] is null) return null;
        if (random.Next(5) == 0) return WrongType(schema);
        if (schema["properties"] is not JsonObject properties || !IsClosed(schema)) return null;
        var body = endpoint.Example?.DeepClone() as JsonObject ?? [];
        if (random.Next(4) == 0) body[Unknown()] = Junk();
        else Spoil(body, properties);
        return body.ToJsonString();
    }

    private void Spoil(JsonObject body, JsonObject properties)
    {
        var (name, schema) = properties.ElementAt(random.Next(properties.Count));
        var resolved = description.Resolve(schema!);
        if (resolved["properties"] is JsonObject { Count: > 0 } inner && IsClosed(resolved) && random.Next(3) > 0)
        {
            var child = body[name]?.DeepClone() as JsonObject ?? [];
            body[name] = child;
            if (random.Next(3) == 0) child[Unknown()] = Junk();
            else Spoil(child, inner);
        }
        else
        {
            body[name] = JsonNode.Parse(WrongType(resolved));
        }
    }

    /// <summary>A value that is of none of the schema's types.</summary>
    private string WrongType(JsonNode schema)
    {
        var types = schema["type"] switch { JsonArray many => many.Select(t => t!.GetValue<string>()).ToArray(),
            JsonValue one => [one.GetValue<string>()], _ => ["any"] };
        string[] values =
        [
            .. Unless(types, "string", "\"text\"", "\"💩\""),
            .. types.Any(t => t is "integer" or "number") ? [] : (string[])["12", "-0.5", "1e300"],
            .. types is ["integer"] ? (string[])["1e300", "0.5", "99999999999999999999999999"] : [],
            .. Unless(types, "boolean", "true"),
            .. Unless(types, "array", "[]", "[[[1]]]", "[null]"),
            .. Unless(types, "object", "{}", """{"a":{"b":[]}}"""),
        ];
        return values[random.Next(values.Length)];
    }

    private static string[] Unless(string[] types, string type, params string[] values) => types.Contains(type) ? [] : values;

    private static bool IsClosed(JsonNode schema) =>
        schema["additionalProperties"] is JsonValue value && value.TryGetValue<bool>(out var open) && !open;

    private JsonNode? Junk() => random.Next(4) switch { 0 => null, 1 => random.Next(), 2 => new JsonArray(1, "x"), _ => "junk" };

    private string Unknown() =>
        random.Next(4) switch { 0 => "__proto__", 1 => "NAME", 2 => new string('k', random.Next(1, 3000)), _ => "nobody knows" };

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);

    /// <summary>Random bytes that begin with what no JSON value begins with.</summary>
    private byte[] Noise(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        bytes[0] = (byte)'#';
        return bytes;
    }
}
